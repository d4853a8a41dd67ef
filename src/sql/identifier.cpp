#include "sql/identifier.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "sql/scanner.hpp"

namespace pgstrata::sql {
namespace {

bool plain(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  if (name.empty() || !letter(name.front())) return false;
  return std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string doubled(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += c;
    result += c;
  }
  result += quote;
  return result;
}

// FNV-1a, 64 bits: stable over platforms and releases, because names in databases depend on it.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 14695981039346656037ull;
  for (const char c : text) {
    value ^= static_cast<unsigned char>(c);
    value *= 1099511628211ull;
  }
  return value;
}

// Reserved in PL/pgSQL and not in SQL: NEW.strict is no field there, NEW."strict" is.
bool reserved_in_functions(std::string_view word) {
  static constexpr std::array<std::string_view, 9> words = {
      "begin", "by", "declare", "execute", "foreach", "if", "loop", "strict", "while"};
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  std::string word(name);
  if (plain(name) && !is_reserved_word(word) && !reserved_in_functions(word)) return word;
  return doubled(name, '"');
}

std::string quote_literal(std::string_view text) {
  std::string quoted = doubled(text, '\'');
  if (text.find('\\') == std::string_view::npos) return quoted;
  std::string escaped = "E";
  for (const char c : quoted) {
    if (c == '\\') escaped += c;
    escaped += c;
  }
  return escaped;
}

Sql dollar_quoted(const Sql& body) {
  std::string tag = "$pgstrata$";
  for (std::string name = "pgstrata_"; body.str().find(tag) != std::string::npos; name += '_')
    tag = fmt::format("${}$", name);
  return Sql::trusted(fmt::format("{0}\n{1}\n{0}", tag, body.str()));
}

Sql join(const std::vector<Sql>& parts, std::string_view separator) {
  std::string text;
  for (const Sql& part : parts) {
    if (&part != &parts.front()) text += separator;
    text += part.str();
  }
  return Sql::trusted(std::move(text));
}

std::string fit_identifier(std::string_view wanted) {
  if (wanted.size() <= max_identifier_bytes) return std::string(wanted);
  const std::string suffix = fmt::format("_{:012x}", hash(wanted) & 0xffffffffffffull);
  std::size_t cut = max_identifier_bytes - suffix.size();
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  while (cut > 0 && continues(wanted[cut])) --cut;
  return std::string(wanted.substr(0, cut)) + suffix;
}

}  // namespace pgstrata::sql
