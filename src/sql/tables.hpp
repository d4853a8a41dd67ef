// The tables that a user's expression reads in its sub-selects, by byte position.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace pgstrata::sql {

struct TableReference {
  std::string schema, table;  // schema: empty if it is not given
  bool aliased = false;
  std::size_t begin = 0, end = 0;  // of the table's own name
};

// In order of appearance; names of WITH queries are none. Nothing where our grammar cannot read the
// text.
std::vector<TableReference> find_tables(const std::string& source);

// Each table called what `name_of` says, and known by its old name inside the expression.
std::string rename_tables(const std::string& source,
                          const std::function<std::string(const TableReference&)>& name_of);

}  // namespace pgstrata::sql
