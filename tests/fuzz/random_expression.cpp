#include "random_expression.hpp"

#include <vector>

namespace pgstrata::test {
namespace {

using Words = std::vector<std::string>;

class Writer {
 public:
  Writer(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}

  std::string text(int depth = 0) {
    if (depth > 4 || done())
      return pick({"name", "upper", "\"na\"\"me\"", "\"Größe\"", "users.name", "'name'",
                   "E'na\\'me'", "$x$users.name$x$", "''", "current_setting('name')"});
    switch (byte() % 12) {
      case 0:
        return "upper(" + text(depth + 1) + ")";
      case 1:
        return "(" + text(depth + 1) + " || " + text(depth + 1) + ")";
      case 2:
        return "coalesce(" + text(depth + 1) + ", " + text(depth + 1) + ")";
      case 3:
        return "CASE WHEN " + truth(depth + 1) + " THEN " + text(depth + 1) + " ELSE " +
               text(depth + 1) + " END";
      case 4:
        return "CAST(" + number(depth + 1) + " AS text)";
      case 5:
        return "substring(" + text(depth + 1) + " FROM " + number(depth + 1) + " FOR 3)";
      case 6:
        return "trim(BOTH " + text(depth + 1) + " FROM " + text(depth + 1) + ")";
      case 7:
        return text(depth + 1) + " COLLATE \"C\"";
      case 8:
        return "(ARRAY[" + text(depth + 1) + ", " + text(depth + 1) + "])[" + number(depth + 1) +
               "]";
      case 9:
        return "(SELECT max(name.relname::text) FROM pg_catalog.pg_class name WHERE "
               "name.relname = users.name)";
      case 10:
        return "format('%s/%s', " + text(depth + 1) + ", " + number(depth + 1) + ")";
      default:
        return "nullif(" + text(depth + 1) + ", " + text(depth + 1) + ")";
    }
  }

  std::string number(int depth = 0) {
    if (depth > 4 || done())
      return pick({"id", "users.id", "\"select\"", "1", "-7", "1e3", "(id)", "users.\"select\""});
    switch (byte() % 8) {
      case 0:
        return "(" + number(depth + 1) + pick({" + ", " - ", " * ", " / "}) + number(depth + 1) +
               ")";
      case 1:
        return "length(" + text(depth + 1) + ")";
      case 2:
        return "greatest(" + number(depth + 1) + ", " + number(depth + 1) + ")";
      case 3:
        return "(" + number(depth + 1) + ")::numeric(12,2)";
      case 4:
        return "extract(year FROM at)";
      case 5:
        return "(SELECT count(*) FROM (VALUES (1), (id)) AS id(users) WHERE users = users.id)";
      case 6:
        return "position('name' IN " + text(depth + 1) + ")";
      default:
        return "- " + number(depth + 1);
    }
  }

  std::string truth(int depth = 0) {
    if (depth > 4 || done())
      return pick({"true", "id IS NULL", "users.name = 'users.name'", "at > now()"});
    switch (byte() % 9) {
      case 0:
        return "(" + truth(depth + 1) + pick({" AND ", " OR "}) + truth(depth + 1) + ")";
      case 1:
        return "NOT " + truth(depth + 1);
      case 2:
        return "(" + text(depth + 1) + pick({" = ", " <> ", " < ", " ~ ", " LIKE "}) +
               text(depth + 1) + ")";
      case 3:
        return "(" + number(depth + 1) + " BETWEEN " + number(depth + 1) + " AND " +
               number(depth + 1) + ")";
      case 4:
        return "(" + text(depth + 1) + " IN (" + text(depth + 1) + ", 'x'))";
      case 5:
        return "(" + number(depth + 1) + " = ANY (ARRAY[" + number(depth + 1) + ", 2]))";
      case 6:
        return "(ROW(" + number(depth + 1) + ", " + text(depth + 1) +
               ") IS DISTINCT FROM ROW(id, name))";
      case 7:
        return "EXISTS (SELECT FROM (SELECT id AS name) AS users WHERE users.name = " +
               number(depth + 1) + ")";
      default:
        return "(" + text(depth + 1) + ") IS NOT NULL";
    }
  }

  std::string any() {
    switch (byte() % 4) {
      case 0:
        return number();
      case 1:
        return truth();
      default:
        return text();
    }
  }

 private:
  bool done() const { return next_ == end_; }
  std::uint8_t byte() { return done() ? 0 : *next_++; }
  std::string pick(const Words& words) { return words[byte() % words.size()]; }

  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

}  // namespace

sql::Shape fuzzed_shape() {
  return {"users",
          {{"id", "integer", ""},
           {"name", "text", ""},
           {"upper", "text", ""},
           {"na\"me", "character varying(10)", "pg_catalog.\"C\""},
           {"Größe", "text", ""},
           {"at", "timestamp with time zone", ""},
           {"select", "bigint", ""}}};
}

std::string random_expression(const std::uint8_t* data, std::size_t size) {
  return Writer(data, size).any();
}

}  // namespace pgstrata::test
