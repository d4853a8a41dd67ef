// Composition of translations: what several operations of one step do to a lineage becomes one
// expression over the shape before the step. Pure.
#pragma once

#include <map>
#include <string>

#include "sql/expression.hpp"

namespace pgstrata::model {

// The bare column.
sql::Expression column_expression(const std::string& name, const std::string& type,
                                  const std::string& collation = {});
// NULL of a type; what an older shape reads of a column that is gone without `down`.
sql::Expression null_expression(const std::string& type);
// An expression PostgreSQL printed for one table (default, CHECK, predicate, index key).
// Throws Error(Exit::migration, "unsupported-syntax") where our grammar cannot read it.
sql::Expression printed_expression(const std::string& text, const std::string& where);

// `outer` with each column replaced by its entry in `inner` (columns without one stay). A
// replacement whose type differs from the column's type in `types` is cast to it.
sql::Expression compose(const sql::Expression& outer,
                        const std::map<std::string, sql::Expression>& inner,
                        const std::map<std::string, std::string>& types);

// `expression` with columns renamed.
sql::Expression rename_columns(const sql::Expression& expression,
                               const std::map<std::string, std::string>& names);

}  // namespace pgstrata::model
