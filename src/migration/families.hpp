// The registry of operations. A family is one file; each lists its operations by name.
//
// To add an operation: write a reader in the file of its family, add it to the list at the end of
// that file, and give it a struct in operation.hpp. Unknown-operation messages, suggestions and the
// dispatch follow from the lists.
#pragma once

#include <string_view>
#include <vector>

#include "migration/value.hpp"

namespace pgstrata::migration {

struct OperationKind {
  std::string_view name;
  Operation (*read)(const Value& body);
};

using Family = std::vector<OperationKind>;

Family table_operations();       // tables.cpp
Family column_operations();      // columns.cpp
Family index_operations();       // indexes.cpp
Family constraint_operations();  // constraints.cpp
Family sql_operations();         // sql.cpp

}  // namespace pgstrata::migration
