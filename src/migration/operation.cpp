// Where a text stands in its file.
#include "migration/operation.hpp"

#include <algorithm>

namespace pgstrata::migration {

std::string Location::str() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Location Text::inside(std::size_t offset) const {
  if (!verbatim) return at;
  const std::string_view before = std::string_view(value).substr(0, offset);
  const std::size_t newline = before.rfind('\n');
  const std::string_view on_line =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  Location place = at;
  place.line += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  place.column += static_cast<int>(std::count_if(on_line.begin(), on_line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
  return place;
}

}  // namespace pgstrata::migration
