// PL/pgSQL text that means the same under every search_path.
#include <algorithm>
#include <array>

#include "plan/sync_parts.hpp"

namespace pgstrata::plan::sync {
namespace {

// Reserved in PL/pgSQL but not in SQL: quote_identifier leaves them bare, NEW.loop would not parse.
constexpr std::array reserved_in_plpgsql = {"begin", "by",   "declare", "execute", "foreach",
                                            "if",    "loop", "strict",  "while"};

// The type's `=` is that of pg_catalog and compares images. format_type prints the schema of
// others; a numeric with a scale has one image per value.
bool has_builtin_equality(const SyncColumn& column) {
  const std::string& type = column.type.str();
  return !type.empty() && type.find('.') == std::string::npos &&
         (column.image_equality || type.starts_with("numeric("));
}

std::string row(std::string_view record, const Columns& columns) {
  std::string list;
  for (const auto& name : columns) list += (list.empty() ? "" : ", ") + field(record, name);
  return "ROW(" + list + ")";
}

// The text of a row of one column: NULL is (), the empty string (""), and no cast takes part.
std::string image(std::string_view record, const std::string& column) {
  return "pg_catalog.concat(" + row(record, {column}) + ")";
}

std::string image_differs(const Columns& columns) {
  return "pg_catalog.record_image_ne(" + row("NEW", columns) + ", " + row("OLD", columns) + ")";
}

}  // namespace

void Code::line(const std::string& text, std::string_view comment) {
  text_.append(static_cast<std::size_t>(2 * depth_), ' ').append(text);
  if (!comment.empty()) {
    text_ += text.empty() ? "-- " : "  -- ";
    for (const char c : comment) text_ += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  text_ += '\n';
}

std::string compare(const std::string& left, std::string_view op, const std::string& right) {
  return left + " OPERATOR(pg_catalog." + std::string(op) + ") " + right;
}

std::string compare(const std::string& left, std::string_view op, int right) {
  return compare(left, op, std::to_string(right));
}

std::string field(std::string_view record, const std::string& column) {
  const bool reserved = std::find(reserved_in_plpgsql.begin(), reserved_in_plpgsql.end(), column) !=
                        reserved_in_plpgsql.end();
  return std::string(record) + "." +
         (reserved ? "\"" + column + "\"" : sql::quote_identifier(column));
}

std::string words(const Columns& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

std::string snapshot(const Shape& shape, std::string_view record) {
  std::string images;
  for (const auto& name : shape.tracked)
    images += (images.empty() ? "" : ", ") + image(record, name);
  return "ARRAY[" + images + "]::pg_catalog.text[]";
}

std::string changed(const Shape& shape, const Columns& columns) {
  if (shape.saved) {
    std::string condition;
    for (const auto& name : columns) {
      const auto place = std::ranges::find(shape.tracked, name) - shape.tracked.begin() + 1;
      condition += (condition.empty() ? "(" : " OR ") +
                   compare(image("NEW", name), "<>",
                           field("NEW", shape.table.saved) + "[" + std::to_string(place) + "]");
    }
    return condition.empty() ? "false" : condition + ")";
  }
  // Building two rows costs 0.3 us, `=` with its NULL tests 0.1 us for each column.
  const bool cheap =
      columns.size() <= 2 && std::ranges::all_of(columns, [&](const std::string& name) {
        return has_builtin_equality(shape.column(name));
      });
  if (!cheap) return image_differs(columns);
  std::string condition;
  for (const auto& name : columns) {
    const std::string after = field("NEW", name), before = field("OLD", name);
    condition += (condition.empty() ? "(" : " OR ") + ("(" + compare(after, "=", before)) +
                 ") IS NOT TRUE AND (" + after + " IS NOT NULL OR " + before + " IS NOT NULL)";
  }
  return condition + ")";
}

std::string changed_in_when(const Shape& shape, const Columns& columns) {
  std::string condition;
  Columns others;
  for (const auto& name : columns) {
    if (!has_builtin_equality(shape.column(name))) {
      others.push_back(name);
      continue;
    }
    condition += (condition.empty() ? "" : "\n    OR ") + field("NEW", name) +
                 " IS DISTINCT FROM " + field("OLD", name);
  }
  if (!others.empty()) condition += (condition.empty() ? "" : "\n    OR ") + image_differs(others);
  return condition;
}

std::string call(const SyncLink& link) {
  std::string arguments;
  for (const auto& input : link.inputs)
    arguments += (arguments.empty() ? "" : ", ") + field("NEW", input);
  return link.function.str() + "(" + arguments + ")";
}

std::string assignment(const SyncLink& link) {
  return field("NEW", link.output) + " := " + call(link) + ";";
}

// The cast is folded; without it PL/pgSQL casts on every row. The keyword means pg_catalog's type.
std::string mark(const Shape& shape) {
  return field("NEW", shape.table.marker) + " := (-" + std::to_string(shape.newest) +
         ")::smallint;";
}

}  // namespace pgstrata::plan::sync
