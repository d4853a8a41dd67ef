// A constraint of create_table.constraints[].
#pragma once

#include "migration/value.hpp"

namespace pgstrata::migration {

TableConstraint read_table_constraint(const Value& value);

}  // namespace pgstrata::migration
