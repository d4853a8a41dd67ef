#include "report/format.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace pgstrata::report {

std::string count(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string bytes(std::int64_t size) {
  if (size < 0) return "unknown";
  constexpr std::array units{"bytes", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(size);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) value /= 1024, ++unit;
  return fmt::format("{:.{}f} {}", value, unit > 0 && value < 10 ? 1 : 0, units[unit]);
}

std::string duration(double seconds) {
  if (seconds < 0) return "unknown";
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

std::string percent(std::int64_t part, std::int64_t whole) {
  return fmt::format("{}%", whole > 0 ? part * 100 / whole : 0);
}

std::string plural(std::int64_t number, const std::string& noun) {
  return count(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n' || c == '\t' || c == '\r')
      line += ' ';
    else
      line += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? '?' : c;
  }
  return line;
}

std::string cut(std::string_view text, std::size_t width) {
  std::size_t characters = 0, keep = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;  // inside a code point
    if (characters + 1 == width) keep = at;
    if (++characters > width) return std::string(text.substr(0, keep)) + (width > 0 ? "…" : "");
  }
  return std::string(text);
}

std::string indent(std::string_view text, std::string_view prefix) {
  std::string out;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    if (from > 0) out += '\n';
    if (end > from) out.append(prefix).append(text.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

namespace {

// The end of a value in "key=value" form: quoted with backslash escapes, or up to a separator.
std::size_t value_end(const std::string& text, std::size_t at) {
  if (at < text.size() && text[at] == '\'') {
    for (++at; at < text.size() && text[at] != '\''; ++at)
      if (text[at] == '\\') ++at;
    return std::min(at + 1, text.size());
  }
  return std::min(text.find_first_of(" \t\n&\"'", at), text.size());
}

}  // namespace

std::string redact(std::string text) {
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos;) {
    at += 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\n\"'", at), text.size());
    const std::size_t host = text.rfind('@', end);
    const std::size_t colon = text.find(':', at);
    if (host == std::string::npos || host < at || colon > host) continue;
    text.replace(colon + 1, host - colon - 1, "***");
  }
  constexpr std::string_view key = "password=";
  for (std::size_t at = 0; (at = text.find(key, at)) != std::string::npos;) {
    at += key.size();
    text.replace(at, value_end(text, at) - at, "***");
  }
  return text;
}

}  // namespace pgstrata::report
