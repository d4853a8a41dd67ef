#include "sql/syntax.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "sql/parser.hpp"

namespace pgstrata::sql {
namespace {

using nlohmann::json;

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

int characters(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

// The line of `source` that holds the character at `position`, and a caret under it.
std::string caret(const std::string& source, int position) {
  std::size_t at = 0;
  for (int seen = 0; at < source.size(); ++at) {
    if (!continues(source[at]) && ++seen == position) break;
  }
  // At the end of a text that ends in newlines, the last line with something on it is meant.
  std::size_t end =
      at < source.size() ? source.find('\n', at) : source.find_last_not_of(" \n\t\r") + 1;
  if (at >= source.size()) at = end;
  end = std::min(end, source.size());
  const std::size_t newline = at == 0 ? std::string::npos : source.rfind('\n', at - 1);
  const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
  std::string marker;
  for (std::size_t i = begin; i < at; ++i) {
    if (!continues(source[i])) marker += source[i] == '\t' ? '\t' : ' ';
  }
  return source.substr(begin, end - begin) + "\n" + marker + "^";
}

bool blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

Error bad_expression(const std::string& source, const std::string& message, int position,
                     const std::string& where, const std::string& server_hint) {
  std::string text = message;
  std::string hint;
  if (position > 0) {
    const bool past_end = position > characters(source);
    if (past_end) {
      // PostgreSQL saw our closing parenthesis there.
      if (text == "syntax error at or near \")\"") text = "syntax error";
      text += " at the end of the expression";
    } else {
      text += " at character " + std::to_string(position) + " of the expression";
    }
    hint = caret(source, position);
  }
  if (!server_hint.empty()) hint += (hint.empty() ? "" : "\n") + server_hint;
  return Error(Exit::migration, "bad-expression", text, where, hint);
}

void check_expression_syntax(const std::string& source, const std::string& where) {
  check_one_expression(source, where);
  json expression;
  std::size_t shift = 0;
  if (const auto error = parse_expression(source, expression, shift)) {
    throw bad_expression(source, error->message, error->position, where);
  }
}

void check_one_expression(const std::string& source, const std::string& where) {
  if (blank(source)) throw bad_expression(source, "the expression is empty", 0, where);
  if (source.size() > max_expression_bytes) {
    throw bad_expression(source, "the expression is longer than 16 KiB", 0, where,
                         "put it in a function and call that");
  }
  json expression;
  std::size_t shift = 0;
  const auto error = parse_expression(source, expression, shift);
  if (error && error->not_one_expression) throw bad_expression(source, error->message, 0, where);
}

void check_statements_syntax(const std::string& source, const std::string& where) {
  json statements;
  const auto error = parse_statements(source, statements);
  if (!error || error->position == 0) return;  // without a place it is a limit of ours
  const bool past_end = error->position > characters(source);
  throw Error(Exit::migration, "bad-sql",
              error->message +
                  (past_end ? " at the end" : " at character " + std::to_string(error->position)) +
                  " of the SQL",
              where, caret(source, error->position));
}

void check_type_syntax(const std::string& source, const std::string& where) {
  constexpr std::string_view prefix = "SELECT CAST(NULL AS ";
  json statements;
  const auto error = blank(source)
                         ? std::optional<ParseError>(ParseError{"it is empty", 0})
                         : parse_statements(std::string(prefix) + source + "\n)", statements);
  const auto refuse = [&](const std::string& why) {
    throw Error(Exit::migration, "unknown-type", "\"" + source + "\" is not a type: " + why, where);
  };
  if (error) refuse(error->message);
  const std::string shape = "it must be one type name such as varchar(20) or app.mood[]";
  if (statements.size() != 1) refuse(shape);
  const json& statement = statements[0]["stmt"];
  if (!statement.contains("SelectStmt")) refuse(shape);
  const json& select = statement["SelectStmt"];
  for (const auto& [key, value] : select.items()) {
    if (key != "targetList" && key != "limitOption" && key != "op") refuse(shape);
  }
  if (select["targetList"].size() != 1) refuse(shape);
  const json& target = select["targetList"][0]["ResTarget"];
  if (target.contains("name") || !target["val"].contains("TypeCast")) refuse(shape);
  if (target["val"]["TypeCast"]["typeName"].value("setof", false)) refuse(shape);
  const json& argument = target["val"]["TypeCast"]["arg"];
  if (!argument.contains("A_Const") || !argument["A_Const"].value("isnull", false)) refuse(shape);
}

}  // namespace pgstrata::sql
