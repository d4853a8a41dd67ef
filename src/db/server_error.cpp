#include "db/server_error.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace pgstrata::db {
namespace {

struct Label {
  std::string_view text;
  std::string SqlError::Fields::*field;  // null: read over
};

constexpr std::array<Label, 11> labels = {{
    {"DETAIL:  ", &SqlError::Fields::detail},
    {"HINT:  ", &SqlError::Fields::hint},
    {"CONTEXT:  ", &SqlError::Fields::context},
    {"SCHEMA NAME:  ", &SqlError::Fields::schema},
    {"TABLE NAME:  ", &SqlError::Fields::table},
    {"COLUMN NAME:  ", &SqlError::Fields::column},
    {"CONSTRAINT NAME:  ", &SqlError::Fields::constraint},
    {"DATATYPE NAME:  ", nullptr},
    {"QUERY:  ", nullptr},
    {"LOCATION:  ", nullptr},
    {"LINE ", nullptr},
}};

bool state_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

// "ERROR:  42601: message": where the five characters begin, or npos.
std::size_t find_sqlstate(std::string_view line) {
  const auto at = line.find(":  ");
  if (at == std::string_view::npos || line.size() < at + 10) return std::string_view::npos;
  const std::string_view state = line.substr(at + 3, 5);
  if (!std::ranges::all_of(state, state_character)) return std::string_view::npos;
  return line.substr(at + 8, 2) == ": " ? at + 3 : std::string_view::npos;
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

}  // namespace

SqlError::Fields parse_error(std::string_view text) {
  SqlError::Fields fields;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const std::string_view whole = text;
  const std::string_view first = next_line(text);
  const std::size_t state = find_sqlstate(first);
  if (state == std::string_view::npos) {
    fields.message = whole;
    return fields;
  }
  fields.sqlstate = first.substr(state, 5);
  fields.message = first.substr(state + 7);
  std::string* current = &fields.message;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    const auto label =
        std::ranges::find_if(labels, [&](const Label& one) { return line.starts_with(one.text); });
    if (label != labels.end()) {
      current = label->field == nullptr ? nullptr : &(fields.*(label->field));
      if (current != nullptr) *current = line.substr(label->text.size());
    } else if (current != nullptr) {
      *current += '\n';
      *current += line;
    }
  }
  return fields;
}

int parse_position(std::string_view text) {
  constexpr std::string_view marker = " at character ";
  const auto at = text.rfind(marker);
  if (at == std::string_view::npos) return 0;
  int position = 0;
  std::from_chars(text.data() + at + marker.size(), text.data() + text.size(), position);
  return position;
}

}  // namespace pgstrata::db
