// PostgreSQL's grammar, as a JSON tree.
//
// Private to src/sql: nobody else sees libpg_query or its tree. The grammar is PostgreSQL 15's, so
// a text it refuses may still be right on a newer server: callers with a server let that be the
// judge.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace pgstrata::sql {

struct ParseError {
  std::string message;
  int position = 0;                 // 1-based character, 0 if unknown
  bool not_one_expression = false;  // it can be read, but it is something else
};

// The tree's `stmts`, or the error. Locations in it are 0-based byte offsets, absent where 0.
std::optional<ParseError> parse_statements(const std::string& text, nlohmann::json& statements);

// The tree of the one expression in SELECT <text>, if that is what `text` is.
// `shift` receives how many bytes locations are ahead of positions in `text`.
std::optional<ParseError> parse_expression(const std::string& text, nlohmann::json& expression,
                                           std::size_t& shift);

}  // namespace pgstrata::sql
