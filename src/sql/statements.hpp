// Statements of a raw `sql` operation, as far as the runner must tell them apart.
#pragma once

#include <string>
#include <vector>

namespace pgstrata::sql {

// The statements of `text` without their semicolons; quotes, dollar quotes and comments are
// respected. Throws Error(Exit::migration, "bad-sql") on a lexical error.
std::vector<std::string> split_statements(const std::string& text);

// Does any statement refuse to run inside a transaction (CREATE INDEX CONCURRENTLY, VACUUM, …)?
// One that our grammar cannot read is judged by its words.
bool runs_outside_transaction(const std::string& statements);

// Does any statement begin or end a transaction itself?
bool controls_transaction(const std::string& statements);

}  // namespace pgstrata::sql
