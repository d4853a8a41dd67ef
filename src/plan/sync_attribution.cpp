// Who wrote an UPDATE: the versions that show every changed column, then search_path, then the
// oldest.
//
// Every evidence column counts, tracked or not. The path is asked only if a changed column that
// both sides of a boundary show is read by a link or rule there and that boundary is still open;
// the evidence clamps its answer.
#include <algorithm>
#include <limits>

#include "plan/sync_parts.hpp"

namespace pgstrata::plan::sync {
namespace {

std::string full_interval(const Shape& shape) {
  return "lo := " + std::to_string(shape.oldest) +
         "; hi := " + std::to_string(shape.newest_writer) + ";";
}

Columns evidence_columns(const Shape& shape) {
  Columns found;
  for (const SyncColumn& column : shape.table.columns)
    if (shape.evidence(column.name)) found.push_back(column.name);
  return found;
}

// The columns whose change can make an attributed link or rule act, directly or through the links
// of a group with evidence of its own.
Columns consequential_columns(const Shape& shape) {
  Columns found;
  for (const Group& group : shape.groups)
    if (group.attributed)
      for (const SyncLink* link : group.links)
        found.insert(found.end(), link->inputs.begin(), link->inputs.end());
  for (const SyncRule* rule : shape.rules)
    if (!shape.binds_all(*rule))
      found.insert(found.end(), rule->inputs.begin(), rule->inputs.end());
  const Columns direct = found;
  for (const Group& group : shape.groups)
    if (!group.attributed &&
        std::ranges::find_first_of(group.columns, direct) != group.columns.end())
      found.insert(found.end(), group.columns.begin(), group.columns.end());
  return shape.in_table_order(found);
}

// The first schema of the path that is a version or the base schema; the base schema and nothing
// mean the oldest version.
void walk_path(Code& code, const Shape& shape) {
  const auto is = [](const std::string& schema) {
    return compare("entry", "=", sql::quote_literal(schema));
  };
  code.line("path := " + std::to_string(shape.oldest) + ";");
  code.open("FOREACH entry IN ARRAY pg_catalog.current_schemas(false) LOOP");
  code.line("EXIT WHEN " + is(shape.table.base_schema) + " OR " + is(shape.writers.front().schema) +
            ";");
  for (std::size_t i = 1; i < shape.writers.size(); ++i)
    code.line("IF " + is(shape.writers[i].schema) +
              " THEN path := " + std::to_string(shape.writers[i].ordinal) + "; EXIT; END IF;");
  code.close("END LOOP;");
}

void ask_path(Code& code, const Shape& shape) {
  std::string open_boundary;
  for (const auto& [boundary, columns] : shared_inputs(shape))
    open_boundary += "\n      OR " + compare("lo", "<", boundary) + " AND " +
                     compare("hi", ">=", boundary) +
                     (shape.pair ? "" : " AND " + changed(shape, columns));
  if (open_boundary.empty()) return;
  code.note(
      "The changed columns leave it open, and a translation or rule depends on it: ask "
      "search_path.");
  code.open("IF " + compare("lo", ">", "hi") + open_boundary + " THEN");
  walk_path(code, shape);
  code.end_if();
}

}  // namespace

void attribute_groups(Code& code, const Shape& shape) {
  int number = 0;
  for (const Group& group : shape.groups) {
    if (!group.attributed) continue;
    const std::string n = std::to_string(++number);
    code.line(full_interval(shape), words(group.columns));
    narrow(code, shape, group.columns);
    code.line("down_" + n + " := LEAST(GREATEST(path, lo), hi);");
    code.line("up_" + n + " := GREATEST(LEAST(path, hi), lo);");
  }
}

void narrow(Code& code, const Shape& shape, const Columns& columns) {
  std::map<Interval, Columns> by_life;
  int least_hi = std::numeric_limits<int>::max(), greatest_lo = 0;
  for (const auto& name : columns) {
    if (!shape.evidence(name)) continue;
    const Interval life = shape.life(name);
    by_life[life].push_back(name);
    least_hi = std::min(least_hi, life.hi);
    greatest_lo = std::max(greatest_lo, life.lo);
  }
  for (const auto& [life, names] : by_life) {
    const std::string lo = std::to_string(life.lo), hi = std::to_string(life.hi);
    code.open("IF " + changed(shape, names) + " THEN");
    if (life.lo > shape.oldest)
      code.line("lo := " + (life.lo == greatest_lo ? lo : "GREATEST(lo, " + lo + ")") + ";");
    if (life.hi < shape.newest_writer)
      code.line("hi := " + (life.hi == least_hi ? hi : "LEAST(hi, " + hi + ")") + ";");
    code.end_if();
  }
}

void attribute(Code& code, const Shape& shape) {
  const Columns consequential = consequential_columns(shape);
  // WHEN has said it; and what users' triggers change is to be followed for the same writer.
  const bool always = shape.pair || (shape.fill.empty() && consequential == shape.tracked);
  if (!always) code.open("IF " + changed(shape, consequential) + " THEN");
  code.note("Who wrote: a version between lo and hi shows every column that was changed.");
  narrow(code, shape, evidence_columns(shape));
  ask_path(code, shape);
  code.open("IF " + compare("lo", "<=", "hi") + " THEN");
  code.line("writer := LEAST(GREATEST(path, lo), hi);");
  if (std::ranges::any_of(shape.groups, &Group::attributed)) {
    code.turn("ELSE");
    code.note(
        "No version shows them all, so the table itself was written: each lineage by its own");
    code.note("columns; a boundary with changes on both sides is left alone.");
    attribute_groups(code, shape);
  }
  code.end_if();
  if (!always) code.end_if();
}

}  // namespace pgstrata::plan::sync
