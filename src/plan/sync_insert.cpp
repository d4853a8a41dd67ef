// The BEFORE INSERT function: the marker says who wrote, so each writer has a straight list of its
// own.
//
// A list per writer instead of guards per boundary: in PL/pgSQL every statement costs 50 to 70 ns a
// row, a tenth of what the trigger may add, so the likely writers are asked for first and the
// others never cost them anything. `down` and `up` of one writer never feed each other: what `down`
// writes is shown only below the writer, what `up` reads only from the writer on.
#include <algorithm>
#include <ranges>

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

using Links = std::vector<const SyncLink*>;

// From the column that numbers the rows to the one that stands for it in the writer's shape: the
// `down` links between, oldest boundary first. Empty where the writer has that column itself.
Links below_identity(const Shape& shape, int writer) {
  Links downs;
  for (const SyncColumn& column : shape.table.columns) {
    if (!column.identity) continue;
    const std::string* at = &column.name;
    for (const SyncVersion& v : shape.table.versions) {
      if (v.ordinal > writer) break;
      each_link(shape, v.ordinal, false, [&](const SyncLink& link) {
        if (link.output == *at) downs.push_back(&link);
      });
      if (!downs.empty() && downs.back()->boundary == v.ordinal) at = &downs.back()->inputs.front();
    }
  }
  return downs;
}

// A row without a number has the identity column's, which PostgreSQL has drawn already.
void number(Code& code, const Shape& shape, const Links& downs) {
  code.open("IF " + field("NEW", downs.back()->inputs.front()) + " IS NULL THEN",
            "no number given: the identity column's");
  for (const SyncLink* down : downs)
    each_link(shape, down->boundary, true, [&](const SyncLink& up) {
      if (up.output == down->inputs.front()) assign(code, up);
    });
  code.turn("ELSE");
  for (const SyncLink* down : std::views::reverse(downs)) assign(code, *down);
  code.end_if();
}

// Down to the oldest version, newest boundary first, then up to the newest, oldest boundary first.
void written_through(Code& code, const Shape& shape, int writer) {
  const auto& versions = shape.table.versions;
  const Links numbered = below_identity(shape, writer);
  if (!numbered.empty()) number(code, shape, numbered);
  bool nothing = numbered.empty();
  const auto emit = [&](const SyncLink& link) {
    if (std::ranges::count(numbered, &link) > 0) return;
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
      if (!link.reason.empty()) code.note(link.reason);
      const std::string output = field("NEW", link.output);
      code.line(output + " := COALESCE(" + output + ", " + call(link) + ");");
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

// IF … ELSIF …, opened by the first branch.
class Branches {
 public:
  explicit Branches(Code& code) : code_(code) {}
  void add(const std::string& condition, std::string_view comment = {}) {
    first_ ? code_.open("IF " + condition + " THEN", comment)
           : code_.turn("ELSIF " + condition + " THEN", comment);
    first_ = false;
  }

 private:
  Code& code_;
  bool first_ = true;
};

// The newest first: it is the one that stays.
void versions_branches(Code& code, Branches& branches, const Shape& shape,
                       const std::string& marker) {
  for (auto v = shape.writers.rbegin(); v != shape.writers.rend(); ++v) {
    branches.add(compare(marker, "=", v->ordinal), "written through " + v->name);
    written_through(code, shape, v->ordinal);
  }
}

// Rows of the table itself and moved ones count as the oldest version's: its triggers are they.
void hand_over(Code& code, const Shape& shape, const std::string& marker) {
  code.note("The triggers of users come next; the last trigger follows what they change.");
  code.line(marker + " := (" + std::to_string(between) + " OPERATOR(pg_catalog.+) CASE WHEN " +
            compare(marker, ">", 0) + " THEN " + marker + " ELSE " + std::to_string(shape.oldest) +
            " END)::smallint;");
  code.line(field("NEW", shape.table.saved) + " := " + snapshot(shape, "NEW") + ";");
  code.line("RETURN NEW;");
}

void table_branch(Code& code, Branches& branches, const Shape& shape, const std::string& marker) {
  branches.add(marker + " IS NULL", "written to the table itself, in the shape of " +
                                        shape.version(shape.oldest) +
                                        "; twins that were given stay");
  written_to_table(code, shape);
}

}  // namespace

std::string insert_body(const Shape& shape) {
  const std::string marker = field("NEW", shape.table.marker);
  Code code;
  Branches branches(code);
  if (shape.table.oldest_unmarked) table_branch(code, branches, shape, marker);
  versions_branches(code, branches, shape, marker);
  if (!shape.table.oldest_unmarked) table_branch(code, branches, shape, marker);
  branches.add(compare(marker, ">", 0));
  refuse(code, shape, marker);
  code.turn("ELSE", "-n: a moved or restored row, in shape up to version n");
  already_in_shape(code, shape, marker);
  code.end_if();
  if (shape.pair) {
    hand_over(code, shape, marker);
    return "BEGIN\n" + code.str() + "END";
  }
  enforce(code, shape, [&](const SyncRule& rule) {
    return shape.binds_all(rule) ? "(" + compare(marker, ">", 0) + ") IS NOT FALSE"
                                 : compare(marker, ">=", rule.from);
  });
  code.line(mark(shape));
  code.line("RETURN NEW;");
  return "BEGIN\n" + code.str() + "END";
}

}  // namespace pgstrata::plan::sync
