#include "catalog/text_array.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pgstrata::catalog {
namespace {

constexpr std::array<std::pair<char, std::string_view>, 15> privilege_letters = {{
    {'a', "INSERT"},
    {'r', "SELECT"},
    {'w', "UPDATE"},
    {'d', "DELETE"},
    {'D', "TRUNCATE"},
    {'x', "REFERENCES"},
    {'t', "TRIGGER"},
    {'X', "EXECUTE"},
    {'U', "USAGE"},
    {'C', "CREATE"},
    {'c', "CONNECT"},
    {'T', "TEMPORARY"},
    {'s', "SET"},
    {'A', "ALTER SYSTEM"},
    {'m', "MAINTAIN"},
}};

// The role before '=', which may be in double quotes; `text` is left at the '='.
std::string take_role(std::string_view& text) {
  std::string role;
  bool quoted = false;
  while (!text.empty() && (quoted || text.front() != '=')) {
    if (text.front() == '"') {
      if (quoted && text.size() > 1 && text[1] == '"') {
        role += '"';
        text.remove_prefix(1);
      } else {
        quoted = !quoted;
      }
    } else {
      role += text.front();
    }
    text.remove_prefix(1);
  }
  return role;
}

}  // namespace

std::vector<std::string> parse_array(const std::optional<std::string>& text) {
  std::vector<std::string> items;
  if (!text || text->size() <= 2) return items;
  std::string item;
  bool quoted = false;
  for (std::size_t i = 1; i + 1 < text->size(); ++i) {
    const char c = (*text)[i];
    if (c == '\\') {
      item += (*text)[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      items.push_back(std::exchange(item, {}));
    } else {
      item += c;
    }
  }
  items.push_back(std::move(item));
  return items;
}

std::vector<int> parse_numbers(const std::optional<std::string>& text) {
  std::vector<int> numbers;
  if (!text) return numbers;
  const char* at = text->data();
  const char* const end = at + text->size();
  while (at != end) {
    int number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error == std::errc()) {
      numbers.push_back(number);
      at = next;
    } else {
      ++at;
    }
  }
  return numbers;
}

std::vector<Privilege> parse_privileges(const std::optional<std::string>& text) {
  std::vector<Privilege> privileges;
  for (const std::string& item : parse_array(text)) {
    std::string_view rest = item;
    const std::string role = take_role(rest);
    for (std::size_t i = 1; i < rest.size() && rest[i] != '/'; ++i) {
      if (rest[i] == '*') {
        privileges.back().grantable = true;
        continue;
      }
      const auto known =
          std::ranges::find(privilege_letters, rest[i], &std::pair<char, std::string_view>::first);
      privileges.push_back(
          {role,
           known == privilege_letters.end() ? std::string(1, rest[i]) : std::string(known->second),
           false});
    }
  }
  std::ranges::sort(privileges);
  return privileges;
}

}  // namespace pgstrata::catalog
