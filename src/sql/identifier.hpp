// Identifiers, literals and SQL text.
//
// A name can only become SQL through these types, and they render it quoted where PostgreSQL needs
// that. sql::format() takes identifiers, literals, numbers and other Sql, never a std::string:
// there is no function that splices a string into a statement.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace pgstrata::sql {

inline constexpr std::size_t max_identifier_bytes = 63;  // NAMEDATALEN - 1

// Quotes as quote_ident() does: only where the name is not a plain lower-case word or is a keyword.
std::string quote_identifier(std::string_view name);
// Standard-conforming string literal; E'' form only when a backslash occurs.
std::string quote_literal(std::string_view text);

// One name: column, constraint, index, role, schema.
struct Name {
  std::string text;
  explicit Name(std::string name) : text(std::move(name)) {}
  auto operator<=>(const Name&) const = default;
};

// schema.object
struct Qualified {
  std::string schema, name;
  auto operator<=>(const Qualified&) const = default;
};

// A string constant.
struct Literal {
  std::string text;
  explicit Literal(std::string value) : text(std::move(value)) {}
};

// SQL text that is already right: what format() made, or what PostgreSQL itself printed (types,
// defaults, bound expressions). `trusted` marks the second kind at the place where it enters.
class Sql {
 public:
  Sql() = default;
  static Sql trusted(std::string text) { return Sql(std::move(text)); }
  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  Sql& operator+=(const Sql& other) {
    text_ += other.text_;
    return *this;
  }
  friend Sql operator+(Sql a, const Sql& b) {
    a += b;
    return a;
  }
  auto operator<=>(const Sql&) const = default;

 private:
  explicit Sql(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// A body of code between dollar tags that do not occur in it, whatever names and constants it has.
Sql dollar_quoted(const Sql& body);

Sql join(const std::vector<Sql>& parts, std::string_view separator);

// A name of at most 63 bytes that starts with `wanted`. Longer ones are cut at a character boundary
// and end in a hash of the whole, so that two different long names never meet.
std::string fit_identifier(std::string_view wanted);

namespace detail {
inline std::string render(const Name& v) {
  return quote_identifier(v.text);
}
inline std::string render(const Qualified& v) {
  return quote_identifier(v.schema) + "." + quote_identifier(v.name);
}
inline std::string render(const Literal& v) {
  return quote_literal(v.text);
}
inline std::string render(const Sql& v) {
  return v.str();
}
template <typename T>
requires std::is_arithmetic_v<T>
inline std::string render(T v) {
  return fmt::format("{}", v);
}
}  // namespace detail

// sql::format("ALTER TABLE {} ADD COLUMN {} {}", table, Name(column), type)
// Arguments: Name, Qualified, Literal, Sql, numbers. A string literal or std::string does not
// compile.
template <typename... Args>
Sql format(fmt::string_view pattern, const Args&... args) {
  const auto rendered = std::make_tuple(detail::render(args)...);
  return std::apply(
      [&](const auto&... text) {
        return Sql::trusted(fmt::vformat(pattern, fmt::make_format_args(text...)));
      },
      rendered);
}

}  // namespace pgstrata::sql
