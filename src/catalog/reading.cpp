#include "catalog/reading.hpp"

#include <algorithm>

#include "sql/references.hpp"

namespace pgstrata::catalog {

bool Reading::is_of_interest(const std::string& name) const {
  return !dependents_of || interesting.contains(name);
}

Table* Reading::table(const db::Result& rows, std::size_t row, std::size_t column) const {
  const auto found = tables.find(oid_at(rows, row, column));
  return found == tables.end() ? nullptr : found->second;
}

Oid oid_at(const db::Result& rows, std::size_t row, std::size_t column) {
  return static_cast<Oid>(rows.integer(row, column));
}

std::string column_name(const Table& table, int attnum) {
  const auto found = std::ranges::lower_bound(table.columns, attnum, {}, &Column::attnum);
  return found != table.columns.end() && found->attnum == attnum ? found->name : std::string();
}

std::vector<std::string> column_names(const Table& table, const std::vector<int>& attnums) {
  std::vector<std::string> names;
  for (const int attnum : attnums) {
    std::string name = column_name(table, attnum);
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

PrintedExpression printed_expression(const Table& table, std::string text,
                                     const std::vector<std::string>& fallback) {
  PrintedExpression result{std::move(text), {}};
  const auto found = sql::find_bare_columns(result.text);
  const std::vector<std::string>& names = found ? *found : fallback;
  for (const Column& column : table.columns) {
    if (std::ranges::find(names, column.name) != names.end()) {
      result.columns.push_back(column.name);
    }
  }
  return result;
}

}  // namespace pgstrata::catalog
