// The last of the two sync triggers around BEFORE ROW triggers of users: it follows what they
// changed.
//
// The first one left the row in shape, the writer in the marker and the images of the tracked
// columns in `saved`. What differs from them is the users' doing: each lineage by its own changed
// columns, and the writer decides what these cannot. Without a first one (a statement that changed
// no tracked column, a trigger that did) the images are OLD's and the oldest version counts as the
// writer, for the table's triggers see its shape.
#include "plan/sync_parts.hpp"

namespace pgstrata::plan::sync {
namespace {

void read_message(Code& code, const Shape& shape, bool update) {
  const std::string marker = field("NEW", shape.table.marker);
  code.line("path := " + std::to_string(shape.oldest) + ";", "who wrote");
  if (update) {
    code.line("unfilled := " +
              compare(field("OLD", shape.table.marker), ">", "-" + std::to_string(shape.newest)) +
              ";");
  }
  code.open("IF " + compare(marker, ">", between) + " THEN");
  code.line("path := " + compare(marker, "-", between) + ";");
  if (update) {
    code.line("unfilled := false;", "the first trigger has filled it");
    code.turn("ELSE", "no tracked column was changed by the statement itself");
    code.line(field("NEW", shape.table.saved) + " := " + snapshot(shape, "OLD") + ";");
  }
  code.end_if();
}

void fill_after(Code& code, const Shape& shape, bool update) {
  if (shape.fill.empty()) return;
  code.note(shape.version(shape.newest) + " is being filled");
  for (const SyncLink* link : shape.fill) {
    const Columns inputs = shape.in_table_order(link->inputs);
    if (!update && inputs.empty()) continue;
    code.open("IF " + std::string(update ? "unfilled" : "") +
              (update && !inputs.empty() ? " OR " : "") +
              (inputs.empty() ? "" : changed(shape, inputs)) + " THEN");
    code.line(assignment(*link));
    code.end_if();
  }
}

void inserted_rules(Code& code, const Shape& shape) {
  enforce(code, shape, [&](const SyncRule& rule) {
    return shape.binds_all(rule) ? std::string("true") : compare("path", ">=", rule.from);
  });
}

}  // namespace

std::string last_body(const Shape& source, bool update) {
  Shape shape = source;
  shape.saved = true;
  Code code;
  read_message(code, shape, update);
  attribute_groups(code, shape);
  follow(code, shape);
  fill_after(code, shape, update);
  if (update)
    enforce_changed(code, source, "path");
  else
    inserted_rules(code, shape);
  code.line(mark(shape));
  code.line(field("NEW", shape.table.saved) + " := NULL;");
  code.line("RETURN NEW;");
  return declarations(shape) + (update ? "  unfilled boolean;\n" : "") + "BEGIN\n" + code.str() +
         "END";
}

}  // namespace pgstrata::plan::sync
