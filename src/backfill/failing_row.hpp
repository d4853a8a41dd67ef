// Turns a server's error in a batch into one that names the row, if it is the data's fault.
#pragma once

#include "backfill/statements.hpp"
#include "db/connection.hpp"

namespace pgstrata::backfill {

// Data's fault: Error(Exit::data, "backfill-failed") with PostgreSQL's message and one failing row,
// found by narrowing the range in transactions that are rolled back. Otherwise throws the error as
// it is.
[[noreturn]] void raise(db::Connection& connection, const Target& target,
                        const Statements& statements, std::int64_t begin, std::int64_t end,
                        const db::SqlError& error);
[[noreturn]] void raise_row(db::Connection& connection, const Target& target,
                            const std::string& ctid, const db::SqlError& error);

}  // namespace pgstrata::backfill
