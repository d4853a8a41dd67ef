// The BEFORE INSERT function: the marker says who wrote, so every guard is a comparison with it.
//
// `up` runs at the boundaries above the version that the row is known up to, `down` at those at or
// below the version it was written through. The two sets never feed each other: what `down` writes
// is shown only below the writer, what `up` reads only from the writer on.
#include <algorithm>

#include "plan/sync_parts.hpp"

namespace pgstrata::plan::sync {
namespace {

std::vector<const SyncLink*> links_at(const Shape& shape, int boundary, bool up) {
  std::vector<const SyncLink*> found;
  for (const SyncLink& link : shape.table.links)
    if (link.boundary == boundary && link.up == up) found.push_back(&link);
  return found;
}

void refuse_unknown_writers(Code& code, const Shape& shape, const std::string& marker) {
  std::string unknown = compare(marker, ">", 0), live;
  for (const SyncVersion& version : shape.writers) {
    unknown += " AND " + compare(marker, "<>", version.ordinal);
    live += (live.empty() ? "" : ", ") + version.name;
  }
  code.open("IF " + unknown + " THEN");
  code.line("RAISE EXCEPTION 'a row of table % arrives from version number %, which is not live',");
  code.line("    " + sql::quote_literal(shape.table.base_schema + "." + shape.table.table) + ", " +
            marker);
  code.line("  USING ERRCODE = '55000', HINT = " +
            sql::quote_literal("Live versions: " + live + ". Set search_path to one of them.") +
            ";");
  code.end_if();
}

void translate_down(Code& code, const Shape& shape, const std::string& marker) {
  for (auto v = shape.writers.rbegin(); v + 1 < shape.writers.rend(); ++v) {
    const auto links = links_at(shape, v->ordinal, false);
    if (links.empty()) continue;
    code.open("IF " + compare(marker, ">=", v->ordinal) + " THEN",
              "written through " + v->name + " or newer");
    for (const SyncLink* link : links) {
      if (!link->reason.empty()) code.note(link->reason);
      code.line(assignment(*link));
    }
    code.end_if();
  }
}

void translate_up(Code& code, const Shape& shape, const std::string& marker) {
  const std::string known =
      "COALESCE(pg_catalog.abs(" + marker + "), " + std::to_string(shape.oldest) + ")";
  for (std::size_t i = 1; i < shape.table.versions.size(); ++i) {
    const int boundary = shape.table.versions[i].ordinal;
    const auto links = links_at(shape, boundary, true);
    if (links.empty()) continue;
    code.open("IF " + compare(known, "<", boundary) + " THEN",
              "not yet in the shape of " + shape.version(boundary));
    for (const SyncLink* link : links) {
      if (!link->reason.empty()) code.note(link->reason);
      code.open("IF " + marker + " IS NOT NULL OR " + field("NEW", link->output) + " IS NULL THEN");
      code.line(assignment(*link));
      code.end_if();
    }
    code.end_if();
  }
}

}  // namespace

std::string insert_body(const Shape& shape) {
  const std::string marker = field("NEW", shape.table.marker);
  Code code;
  code.note(shape.table.marker +
            " > 0: written through the view of that version; NULL: written to the "
            "table itself, in the shape of " +
            shape.version(shape.oldest) + ";");
  code.note("-n: a moved or restored row that is in shape up to version n.");
  refuse_unknown_writers(code, shape, marker);
  translate_down(code, shape, marker);
  translate_up(code, shape, marker);
  for (const SyncRule* rule : shape.rules)
    enforce(code, shape, *rule,
            shape.binds_all(*rule) ? "(" + compare(marker, ">", 0) + ") IS NOT FALSE"
                                   : compare(marker, ">=", rule->from));
  code.line(marker + " := -" + std::to_string(shape.newest) + ";");
  code.line("RETURN NEW;");
  return "BEGIN\n" + code.str() + "END";
}

}  // namespace pgstrata::plan::sync
