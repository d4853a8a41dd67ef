#include "sql/expression.hpp"

#include <algorithm>

namespace pgstrata::sql {

std::string Expression::identity_of() const {
  if (references.size() != 1) return {};
  const ColumnReference& only = references.front();
  return only.begin == 0 && only.end == text.size() ? only.column : std::string();
}

std::vector<std::string> Expression::inputs() const {
  std::vector<std::string> columns;
  for (const ColumnReference& reference : references) {
    if (std::ranges::find(columns, reference.column) == columns.end()) {
      columns.push_back(reference.column);
    }
  }
  return columns;
}

Sql Expression::rewrite(const std::function<Sql(const std::string& column)>& render) const {
  std::string result;
  std::size_t copied = 0;
  for (const ColumnReference& reference : references) {
    result.append(text, copied, reference.begin - copied);
    result += render(reference.column).str();
    copied = reference.end;
  }
  result.append(text, copied);
  return Sql::trusted(std::move(result));
}

}  // namespace pgstrata::sql
