#include <charconv>

#include "db/connection.hpp"

namespace pgstrata::db {

const std::string& Result::text(std::size_t row, std::size_t column) const {
  const auto& value = rows_.at(row).at(column);
  if (!value) {
    throw std::logic_error("column " + std::to_string(column + 1) + " of row " +
                           std::to_string(row + 1) + " is NULL");
  }
  return *value;
}

std::string Result::text_or(std::size_t row, std::size_t column, std::string fallback) const {
  const auto& value = rows_.at(row).at(column);
  return value ? *value : std::move(fallback);
}

std::int64_t Result::integer(std::size_t row, std::size_t column) const {
  const std::string& value = text(row, column);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw std::logic_error("\"" + value + "\" is not an integer");
  }
  return number;
}

bool Result::boolean(std::size_t row, std::size_t column) const {
  const std::string& value = text(row, column);
  if (value != "t" && value != "f") throw std::logic_error("\"" + value + "\" is not a boolean");
  return value == "t";
}

}  // namespace pgstrata::db
