// The BEFORE INSERT function: the marker says who wrote, so each writer has a straight list of its
// own.
//
// A list per writer instead of guards per boundary: in PL/pgSQL every guard costs 50 to 70 ns a
// row, a tenth of what the trigger may add. `down` and `up` of one writer never feed each other:
// what `down` writes is shown only below the writer, what `up` reads only from the writer on.
#include "plan/sync_parts.hpp"

namespace pgstrata::plan::sync {
namespace {

void assign(Code& code, const SyncLink& link) {
  if (!link.reason.empty()) code.note(link.reason);
  code.line(assignment(link));
}

template <typename Emit>
void each_link(const Shape& shape, int boundary, bool up, Emit emit) {
  for (const SyncLink& link : shape.table.links)
    if (link.boundary == boundary && link.up == up) emit(link);
}

// Down to the oldest version, newest boundary first, then up to the newest, oldest boundary first.
void written_through(Code& code, const Shape& shape, int writer) {
  const auto& versions = shape.table.versions;
  bool nothing = true;
  const auto emit = [&](const SyncLink& link) {
    assign(code, link);
    nothing = false;
  };
  for (auto v = versions.rbegin(); v + 1 != versions.rend(); ++v)
    if (v->ordinal <= writer) each_link(shape, v->ordinal, false, emit);
  for (auto v = versions.begin() + 1; v != versions.end(); ++v)
    if (v->ordinal > writer) each_link(shape, v->ordinal, true, emit);
  if (nothing) code.line("NULL;");
}

void written_to_table(Code& code, const Shape& shape) {
  bool nothing = true;
  for (const SyncVersion& v : shape.table.versions)
    each_link(shape, v.ordinal, true, [&](const SyncLink& link) {
      code.open("IF " + field("NEW", link.output) + " IS NULL THEN");
      assign(code, link);
      code.end_if();
      nothing = false;
    });
  if (nothing) code.line("NULL;");
}

void already_in_shape(Code& code, const Shape& shape, const std::string& marker) {
  bool nothing = true;
  for (const SyncVersion& v : shape.table.versions) {
    bool opened = false;
    each_link(shape, v.ordinal, true, [&](const SyncLink& link) {
      if (!opened)
        code.open("IF " + compare(marker, ">", "-" + std::to_string(v.ordinal)) + " THEN");
      opened = true;
      assign(code, link);
    });
    if (opened) code.end_if();
    nothing = nothing && !opened;
  }
  if (nothing) code.line("NULL;");
}

void refuse(Code& code, const Shape& shape, const std::string& marker) {
  std::string live;
  for (const SyncVersion& v : shape.writers) live += (live.empty() ? "" : ", ") + v.name;
  const std::string table = shape.table.base_schema + "." + shape.table.table;
  code.line("RAISE EXCEPTION 'a row of table % arrives from version number %, which is not live',");
  code.line("    " + sql::quote_literal(table) + ", " + marker);
  code.line("  USING ERRCODE = '55000', HINT = " +
            sql::quote_literal("Live versions: " + live + ". Set search_path to one of them.") +
            ";");
}

}  // namespace

std::string insert_body(const Shape& shape) {
  const std::string marker = field("NEW", shape.table.marker);
  Code code;
  std::string branch = "IF ";
  for (const SyncVersion& v : shape.writers) {
    const std::string test = branch + compare(marker, "=", v.ordinal) + " THEN";
    const std::string comment = "written through " + v.name;
    v.ordinal == shape.oldest ? code.open(test, comment) : code.turn(test, comment);
    written_through(code, shape, v.ordinal);
    branch = "ELSIF ";
  }
  code.turn("ELSIF " + marker + " IS NULL THEN", "written to the table itself, in the shape of " +
                                                     shape.version(shape.oldest) +
                                                     "; twins that were given stay");
  written_to_table(code, shape);
  code.turn("ELSIF " + compare(marker, ">", 0) + " THEN");
  refuse(code, shape, marker);
  code.turn("ELSE", "-n: a moved or restored row, in shape up to version n");
  already_in_shape(code, shape, marker);
  code.end_if();
  for (const SyncRule* rule : shape.rules)
    enforce(code, shape, *rule,
            shape.binds_all(*rule) ? "(" + compare(marker, ">", 0) + ") IS NOT FALSE"
                                   : compare(marker, ">=", rule->from));
  code.line(marker + " := -" + std::to_string(shape.newest) + ";");
  code.line("RETURN NEW;");
  return "BEGIN\n" + code.str() + "END";
}

}  // namespace pgstrata::plan::sync
