// Columns whose values, type or NOT NULL a step may not change.
#pragma once

#include "model/draft.hpp"

namespace pgstrata::model {

// Throws Error(Exit::migration) naming the column, what is in the way and what to do.
void refuse_columns(const DraftTable& table, const Table& previous, const catalog::Table& base);

}  // namespace pgstrata::model
