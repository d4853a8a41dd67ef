#include "model/compose.hpp"

#include <algorithm>

#include "pgstrata/error.hpp"
#include "sql/references.hpp"

namespace pgstrata::model {

using sql::Expression;

Expression column_expression(const std::string& name, const std::string& type,
                             const std::string& collation) {
  Expression bare;
  bare.source = bare.text = sql::quote_identifier(name);
  bare.type = type;
  bare.collation = collation;
  bare.references = {{name, 0, bare.text.size()}};
  bare.can_raise = false;
  return bare;
}

Expression null_expression(const std::string& type) {
  Expression null;
  null.source = "NULL";
  null.text = "NULL::" + type;
  null.type = type;
  null.can_raise = false;
  return null;
}

Expression printed_expression(const std::string& text, const std::string& where) {
  Expression printed;
  printed.source = printed.text = text;
  auto references = sql::find_bare_references(text);
  if (!references)
    throw Error(Exit::migration, "unsupported-syntax",
                "the expression \"" + text + "\" cannot be read, so its columns are not known",
                where);
  printed.references = std::move(*references);
  return printed;
}

Expression compose(const Expression& outer, const std::map<std::string, Expression>& inner,
                   const std::map<std::string, std::string>& types) {
  Expression result = outer;
  result.text.clear();
  result.references.clear();
  std::size_t copied = 0;
  for (const sql::ColumnReference& reference : outer.references) {
    result.text.append(outer.text, copied, reference.begin - copied);
    copied = reference.end;
    auto found = inner.find(reference.column);
    if (found == inner.end()) {
      std::size_t begin = result.text.size();
      result.text.append(outer.text, reference.begin, reference.end - reference.begin);
      result.references.push_back({reference.column, begin, result.text.size()});
      continue;
    }
    const Expression& part = found->second;
    bool bare = !part.identity_of().empty();
    auto type = types.find(reference.column);
    bool cast = type != types.end() && type->second != part.type && !part.type.empty();
    bool whole =
        outer.references.size() == 1 && reference.begin == 0 && reference.end == outer.text.size();
    bool parentheses = cast || (!bare && !whole);
    if (parentheses) result.text += '(';
    std::size_t shift = result.text.size();
    result.text += part.text;
    for (auto moved : part.references) {
      moved.begin += shift;
      moved.end += shift;
      result.references.push_back(moved);
    }
    if (parentheses) result.text += ')';
    if (whole) result.source = part.source;
    if (cast) result.text += "::" + type->second;
    result.volatility = std::max(result.volatility, part.volatility);
    result.reads_tables |= part.reads_tables;
    result.calls_user_code |= part.calls_user_code;
    result.session_dependent |= part.session_dependent;
    result.can_raise |= part.can_raise || cast;
  }
  result.text.append(outer.text, copied);
  return result;
}

Expression rename_columns(const Expression& expression,
                          const std::map<std::string, std::string>& names) {
  std::map<std::string, Expression> inner;
  for (auto& [from, to] : names) inner.emplace(from, column_expression(to, {}));
  return compose(expression, inner, {});
}

}  // namespace pgstrata::model
