// Fields of a server error, read from libpq's verbose text.
//
// libpqxx hides libpq's result of a failed statement and keeps its message only, so with verbosity
// `verbose` the message is the one place that has SQLSTATE and fields. Labels are libpq's own and
// English unless the process calls setlocale(), which it does not; the severity may be in the
// server's language and is not looked at.
#pragma once

#include <string>
#include <string_view>

#include "db/connection.hpp"

namespace pgstrata::db {

// sqlstate stays empty if the text is not a server's verbose error; then message is the whole text.
SqlError::Fields parse_error(std::string_view text);

// The N of libpq's terse "… at character N", else 0.
int parse_position(std::string_view text);

}  // namespace pgstrata::db
