// A query's rows, some at a time.
#pragma once

#include <functional>
#include <string>

#include "db/connection.hpp"

namespace pgstrata::db {

// Calls `take` with at most `size` rows at a time, in the query's order; never with none. The next
// ones are on their way meanwhile: `take` may not use the connection. A transaction must be open.
void read_in_batches(Connection& connection, const std::string& query, int size,
                     const std::function<void(Result&)>& take);

}  // namespace pgstrata::db
