#include "sql/parser.hpp"

#include <pg_query.h>

#include <nlohmann/json.hpp>
#include <string_view>

namespace pgstrata::sql {
namespace {

using nlohmann::json;

// The tree is written and walked recursively; this much text stays far below an 8 MB stack.
constexpr std::size_t max_bytes = 256 * 1024;

struct ParseResult {
  explicit ParseResult(const std::string& text) : raw(pg_query_parse(text.c_str())) {}
  ~ParseResult() { pg_query_free_parse_result(raw); }
  ParseResult(const ParseResult&) = delete;
  ParseResult& operator=(const ParseResult&) = delete;
  PgQueryParseResult raw;
};

// SELECT <target> and nothing else: no FROM, no alias, no second target, no second statement.
const json* only_target(const json& statements) {
  if (statements.size() != 1 || !statements[0]["stmt"].contains("SelectStmt")) return nullptr;
  const json& select = statements[0]["stmt"]["SelectStmt"];
  for (const auto& [key, value] : select.items()) {
    if (key != "targetList" && key != "limitOption" && key != "op") return nullptr;
  }
  if (!select.contains("targetList") || select["targetList"].size() != 1) return nullptr;
  const json& target = select["targetList"][0]["ResTarget"];
  if (target.contains("name") || target.contains("indirection")) return nullptr;
  return &target["val"];
}

bool several_values(const json& value) {
  return value.contains("RowExpr") &&
         value["RowExpr"].value("row_format", "") == "COERCE_IMPLICIT_CAST";
}

}  // namespace

std::optional<ParseError> parse_statements(const std::string& text, json& statements) {
  if (text.size() > max_bytes) return ParseError{"the text is longer than 256 KiB", 0};
  if (text.find('\0') != std::string::npos) return ParseError{"the text has a zero byte", 0};
  const ParseResult result(text);
  if (result.raw.error != nullptr) {
    return ParseError{result.raw.error->message, result.raw.error->cursorpos};
  }
  json tree = json::parse(result.raw.parse_tree);
  statements = tree.contains("stmts") ? std::move(tree["stmts"]) : json::array();
  return std::nullopt;
}

std::optional<ParseError> parse_expression(const std::string& text, json& expression,
                                           std::size_t& shift) {
  constexpr std::string_view prefix = "SELECT (";
  shift = prefix.size();
  json statements;
  // The newline ends a trailing -- comment.
  if (auto error = parse_statements(std::string(prefix) + text + "\n)", statements)) {
    error->position = error->position > static_cast<int>(prefix.size())
                          ? error->position - static_cast<int>(prefix.size())
                          : 0;
    return error;
  }
  const json* value = only_target(statements);
  if (value == nullptr || several_values(*value)) {
    return ParseError{"this is not one expression", 0, true};
  }
  expression = *value;
  return std::nullopt;
}

}  // namespace pgstrata::sql
