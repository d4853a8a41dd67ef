#include "sql/tables.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sql/identifier.hpp"
#include "sql/parser.hpp"
#include "sql/scanner.hpp"

namespace pgstrata::sql {
namespace {

using nlohmann::json;

struct Found {
  std::vector<json> tables;
  std::vector<std::string> with_queries;
};

void collect(const json& node, Found& found) {
  if (node.is_array()) {
    for (const json& item : node) collect(item, found);
  } else if (node.is_object()) {
    for (const auto& [key, value] : node.items()) {
      if (key == "RangeVar") found.tables.push_back(value);
      if (key == "CommonTableExpr") found.with_queries.push_back(value.value("ctename", ""));
      collect(value, found);
    }
  }
}

// The token of the last name of `a . b` beginning at byte `begin`; comments may stand between.
const Token* last_name(const Tokens& tokens, std::size_t begin, bool qualified) {
  auto token = std::ranges::lower_bound(tokens.tokens, begin, {}, &Token::begin);
  std::size_t wanted = qualified ? 3 : 1;
  for (; token != tokens.tokens.end(); ++token)
    if (token->kind != Token::Kind::comment && --wanted == 0) return &*token;
  return nullptr;
}

}  // namespace

std::vector<TableReference> find_tables(const std::string& source) {
  std::vector<TableReference> result;
  json expression;
  std::size_t shift = 0;
  if (parse_expression(source, expression, shift)) return result;
  const Tokens tokens = scan(source);
  if (tokens.unicode_identifiers || !tokens.complete) return result;
  Found found;
  collect(expression, found);
  for (const json& table : found.tables) {
    TableReference reference{table.value("schemaname", ""), table.value("relname", ""),
                             table.contains("alias")};
    if (reference.schema.empty() && std::ranges::count(found.with_queries, reference.table) > 0)
      continue;
    const std::size_t location = table.value("location", std::size_t{0});
    const Token* name = last_name(tokens, location - shift, !reference.schema.empty());
    if (!name || table.contains("catalogname")) continue;
    reference.begin = name->begin;
    reference.end = name->end;
    result.push_back(std::move(reference));
  }
  std::ranges::sort(result, {}, &TableReference::begin);
  return result;
}

std::string rename_tables(const std::string& source,
                          const std::function<std::string(const TableReference&)>& name_of) {
  std::string result;
  std::size_t copied = 0;
  for (const TableReference& table : find_tables(source)) {
    const std::string name = name_of(table);
    if (name == table.table) continue;
    result.append(source, copied, table.begin - copied);
    result += quote_identifier(name);
    if (!table.aliased) result += " AS " + quote_identifier(table.table);
    copied = table.end;
  }
  return result + source.substr(copied);
}

}  // namespace pgstrata::sql
