#include "sql/references.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "pgstrata/error.hpp"
#include "sql/parser.hpp"
#include "sql/scanner.hpp"

namespace pgstrata::sql {
namespace {

using nlohmann::json;

// One ColumnRef of the tree: a.b.c, or a.* with `star`.
struct Reference {
  std::vector<std::string> parts;
  bool star = false;
  std::size_t location = 0;
};

void collect(const json& node, std::vector<Reference>& found) {
  if (node.is_array()) {
    for (const json& item : node) collect(item, found);
  } else if (node.is_object()) {
    for (const auto& [key, value] : node.items()) {
      if (key != "ColumnRef") {
        collect(value, found);
        continue;
      }
      Reference reference;
      reference.location = value.value("location", std::size_t{0});
      for (const json& field : value["fields"]) {
        if (field.contains("String")) {
          reference.parts.push_back(field["String"].value("sval", ""));
        } else {
          reference.star = true;
        }
      }
      found.push_back(std::move(reference));
    }
  }
}

std::vector<Reference> references_of(const json& expression) {
  std::vector<Reference> found;
  collect(expression, found);
  std::ranges::sort(found, {}, &Reference::location);
  return found;
}

// The tokens of `a . b . c` beginning at byte `begin`, comments left out: name, dot, name, dot,
// name.
std::vector<Token> tokens_of(const Tokens& tokens, std::size_t begin, std::size_t parts) {
  std::vector<Token> result;
  auto token = std::ranges::lower_bound(tokens.tokens, begin, {}, &Token::begin);
  for (; token != tokens.tokens.end() && result.size() < 2 * parts - 1; ++token) {
    if (token->kind != Token::Kind::comment) result.push_back(*token);
  }
  if (result.size() != 2 * parts - 1) {
    throw Error(Exit::failure, "reference-position", "cannot find the end of a column reference");
  }
  return result;
}

}  // namespace

std::vector<ColumnReference> find_references(const std::string& bound_text,
                                             const std::string& table_alias) {
  json expression;
  std::size_t shift = 0;
  if (const auto error = parse_expression(bound_text, expression, shift)) {
    throw Error(Exit::migration, "unsupported-syntax",
                "the expression uses syntax that is not supported yet (" + error->message + ")", {},
                "write it with functions or operators that PostgreSQL 15 knows, or put it in a "
                "function");
  }
  std::vector<ColumnReference> result;
  const Tokens tokens = scan(bound_text);
  for (const Reference& reference : references_of(expression)) {
    if (reference.parts.empty() || reference.parts.front() != table_alias) continue;
    if (reference.star || reference.parts.size() == 1) {
      throw Error(Exit::migration, "whole-row",
                  "the expression uses the whole row \"" + table_alias + "\"", {},
                  "name the columns it needs");
    }
    if (reference.parts.size() != 2) continue;
    const auto own = tokens_of(tokens, reference.location - shift, 2);
    result.push_back({reference.parts[1], own.front().begin, own.back().end});
  }
  return result;
}

std::optional<std::vector<ColumnReference>> find_bare_references(const std::string& printed) {
  json expression;
  std::size_t shift = 0;
  if (parse_expression(printed, expression, shift)) return std::nullopt;
  std::vector<ColumnReference> found;
  const Tokens tokens = scan(printed);
  for (const Reference& reference : references_of(expression)) {
    if (reference.star || reference.parts.size() != 1) continue;
    const auto own = tokens_of(tokens, reference.location - shift, 1);
    found.push_back({reference.parts[0], own.front().begin, own.front().end});
  }
  return found;
}

std::optional<std::vector<std::string>> find_bare_columns(const std::string& printed) {
  const auto references = find_bare_references(printed);
  if (!references) return std::nullopt;
  return Expression{.text = printed, .references = *references}.inputs();
}

std::string strip_schema(const std::string& source, const std::string& schema,
                         const std::string& table, std::vector<RemovedRange>& removed) {
  removed.clear();
  json expression;
  std::size_t shift = 0;
  if (parse_expression(source, expression, shift)) return source;
  const Tokens tokens = scan(source);
  if (tokens.unicode_identifiers || !tokens.complete) return source;

  std::string result;
  std::size_t copied = 0;
  for (const Reference& reference : references_of(expression)) {
    if (reference.parts.size() + (reference.star ? 1 : 0) != 3) continue;
    if (reference.parts[0] != schema || reference.parts[1] != table) continue;
    const auto own = tokens_of(tokens, reference.location - shift, 3);
    result.append(source, copied, own[0].begin - copied);
    copied = own[2].begin;
    removed.push_back({own[0].begin, own[2].begin});
  }
  result.append(source, copied);
  return result;
}

bool is_untyped_literal(const std::string& source) {
  json expression;
  std::size_t shift = 0;
  if (parse_expression(source, expression, shift) || !expression.contains("A_Const")) return false;
  const json& constant = expression["A_Const"];
  return constant.contains("sval") || constant.value("isnull", false);
}

bool is_null_constant(const std::string& source) {
  json expression;
  std::size_t shift = 0;
  if (parse_expression(source, expression, shift)) return false;
  const json* inner = &expression;
  while (inner->contains("TypeCast")) inner = &(*inner)["TypeCast"]["arg"];
  return inner->contains("A_Const") && (*inner)["A_Const"].value("isnull", false);
}

std::string select_target(const std::string& view_definition, const std::string& alias) {
  const Tokens tokens = scan(view_definition);
  const auto text = [&](const Token& token) {
    return std::string_view(view_definition).substr(token.begin, token.end - token.begin);
  };
  int depth = 0;
  for (std::size_t i = 1; i + 1 < tokens.tokens.size(); ++i) {
    const Token& token = tokens.tokens[i];
    if (token.kind == Token::Kind::open) ++depth;
    if (token.kind == Token::Kind::close) --depth;
    if (depth == 0 && text(token) == "AS" && text(tokens.tokens[i + 1]) == alias) {
      const std::size_t begin = tokens.tokens[1].begin;
      return view_definition.substr(begin, tokens.tokens[i - 1].end - begin);
    }
  }
  return {};
}

}  // namespace pgstrata::sql
