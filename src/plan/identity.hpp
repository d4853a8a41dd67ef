// An identity column that changes its type: the old one numbers the rows until it goes, then the
// new one takes its numbers over.
#pragma once

#include <string>

#include "model/version.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::plan {

// Makes `to`, a column with a validated NOT NULL check, the identity column in place of `from`: the
// sequence keeps its name, position, options, privileges and comment, and takes the range of the
// new type where it had that of the old one, as ALTER COLUMN … TYPE does. PostgreSQL can hand an
// identity's sequence to no other column, so it is made anew, while nobody can draw from it. Does
// nothing where `from` is no identity column any more.
std::string hand_over_identity(const sql::Qualified& table, const std::string& from,
                               const model::Column& to);

}  // namespace pgstrata::plan
