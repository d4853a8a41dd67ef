// Operations edit the draft of the next version, and nothing else: no SQL is made here.
//
// apply() is the meaning of a document. Every expression is bound over the shape its operation
// sees, so PostgreSQL's complaint about it points into the file. Errors are Error(Exit::migration)
// with file:line:column; the draft is then good for nothing.
#pragma once

#include "migration/operation.hpp"
#include "model/draft.hpp"

namespace pgstrata::migration {

void apply(const Migration& migration, model::Draft& draft);

// Every table a document names, itself or by one of its indexes (whose name is then listed): what
// else in the catalog matters to it hangs on these.
std::vector<std::string> tables_named(const std::vector<Migration>& migrations);

// Refuses SQL that ends our transaction, or could be done by halves.
void check_statements(const RawSql& operation);

// Has it a `sql` operation that must stand alone (one without onComplete)? Its statements are
// checked.
bool is_raw_sql(const Migration& migration);
// That operation.
const RawSql& raw_sql(const Migration& migration);

}  // namespace pgstrata::migration
