// Column references in SQL expressions, by byte position.
//
// Only for text that PostgreSQL printed: there every reference to a column is qualified, aliases
// that shadow one another are already renamed, and so `table.column` can mean nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/expression.hpp"

namespace pgstrata::sql {

// The references to columns of `table_alias` in `bound_text`, in order of appearance. Throws
// Error(Exit::migration): "unsupported-syntax" if the text is newer than our grammar, "whole-row"
// if it uses the row as a whole. The caller adds where the expression stands.
std::vector<ColumnReference> find_references(const std::string& bound_text,
                                             const std::string& table_alias);

// The unqualified columns of an expression printed for one table (index key, predicate, CHECK),
// each once, in order of appearance; nothing if our grammar cannot read it.
std::optional<std::vector<std::string>> find_bare_columns(const std::string& printed);
// The same with every occurrence and its place.
std::optional<std::vector<ColumnReference>> find_bare_references(const std::string& printed);

// A user's expression with `schema.table.column` made `table.column`: a bound shape has no schema.
// Text that our grammar cannot read is returned unchanged. `removed` receives the byte ranges taken
// out.
struct RemovedRange {
  std::size_t begin = 0, end = 0;  // in the original
};
std::string strip_schema(const std::string& source, const std::string& schema,
                         const std::string& table, std::vector<RemovedRange>& removed);

// Is the expression one untyped constant ('{a,b}', NULL)? PostgreSQL gives it the type of the
// target it is assigned to, but a view's column would make it text.
bool is_untyped_literal(const std::string& source);

// Is the expression the constant NULL, cast or not? As a default PostgreSQL takes it for none.
bool is_null_constant(const std::string& source);

// The target of a printed ` SELECT <target> AS <alias> FROM …`, the first alias of that name
// outside parentheses. Empty if there is none.
std::string select_target(const std::string& view_definition, const std::string& alias);

}  // namespace pgstrata::sql
