// The BEFORE UPDATE function: who wrote, then `down` newest boundary first, then `up` oldest first,
// each only where one of its inputs differs from OLD at that moment.
//
// Groups that read only their own columns need no writer: their changed columns decide every
// boundary. They read nothing of other groups, so they go first, one by one.
#include <algorithm>

#include "plan/sync_parts.hpp"

namespace pgstrata::plan::sync {
namespace {

using Links = std::vector<const SyncLink*>;

bool contains_all(const Columns& columns, const Columns& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return std::find(columns.begin(), columns.end(), name) != columns.end();
  });
}

void assign_all(Code& code, const Links& links) {
  for (const SyncLink* link : links) {
    if (!link->reason.empty()) code.note(link->reason);
    code.line(assignment(*link));
  }
}

// Assignments, each under "one of its inputs changed"; links with the same inputs share the test.
// `known` are columns of which one is known to have changed here.
void assign_changed(Code& code, const Shape& shape, const Links& links, const std::string& guard,
                    const Columns& known = {}) {
  std::vector<std::pair<Columns, Links>> by_inputs;
  for (const SyncLink* link : links) {
    const Columns inputs = shape.in_table_order(link->inputs);
    auto place = std::find_if(by_inputs.begin(), by_inputs.end(),
                              [&](const auto& entry) { return entry.first == inputs; });
    if (place == by_inputs.end()) place = by_inputs.insert(place, {inputs, {}});
    place->second.push_back(link);
  }
  for (const auto& [inputs, same] : by_inputs) {
    const bool implied = !known.empty() && contains_all(inputs, known);
    std::string condition = guard;
    if (!implied) condition += (guard.empty() ? "" : " AND ") + changed(shape, inputs);
    if (!condition.empty()) code.open("IF " + condition + " THEN");
    assign_all(code, same);
    if (!condition.empty()) code.end_if();
  }
}

Links at(const Links& links, int boundary, bool up) {
  Links found;
  for (const SyncLink* link : links)
    if (link->boundary == boundary && link->up == up) found.push_back(link);
  return found;
}

// Both directions of all steady boundaries in their order.
template <typename Emit>
void straight(const Shape& shape, Emit emit) {
  for (std::size_t i = shape.writers.size() - 1; i > 0; --i) emit(shape.writers[i].ordinal, false);
  for (std::size_t i = 1; i < shape.writers.size(); ++i) emit(shape.writers[i].ordinal, true);
}

// One boundary: the columns below it against the columns above it; changes on both sides are kept.
void one_boundary(Code& code, const Shape& shape, const Group& group) {
  const int boundary = group.links.front()->boundary;
  Columns older, newer;
  for (const auto& name : group.columns)
    (shape.column(name).hi < boundary ? older : newer).push_back(name);
  const Links down = at(group.links, boundary, false), up = at(group.links, boundary, true);
  // Where WHEN lets nothing else pass, a side that did not change means that the other one did.
  const bool alone = shape.fill.empty() && !shape.saved && group.columns == shape.tracked;
  if (up.empty()) {
    code.open("IF " + (alone ? "" : changed(shape, newer) + " AND ") + "NOT " +
              changed(shape, older) + " THEN");
    assign_changed(code, shape, down, "", newer);
    code.end_if();
    return;
  }
  if (down.empty()) {
    code.open("IF " + (alone ? "" : changed(shape, older) + " AND ") + "NOT " +
              changed(shape, newer) + " THEN");
    assign_changed(code, shape, up, "", older);
    code.end_if();
    return;
  }
  code.open("IF " + changed(shape, newer) + " THEN");
  code.open("IF NOT " + changed(shape, older) + " THEN", "else both sides were given");
  assign_changed(code, shape, down, "", newer);
  code.end_if();
  code.turn(alone ? "ELSE" : "ELSIF " + changed(shape, older) + " THEN");
  assign_changed(code, shape, up, "", older);
  code.end_if();
}

void several_boundaries(Code& code, const Shape& shape, const Group& group) {
  code.line("lo := " + std::to_string(shape.oldest) +
            "; hi := " + std::to_string(shape.newest_writer) + ";");
  narrow(code, shape, group.columns);
  straight(shape, [&](int boundary, bool up) {
    assign_changed(code, shape, at(group.links, boundary, up),
                   up ? compare("lo", "<", boundary) : compare("hi", ">=", boundary));
  });
}

bool several(const Group& group) {
  return std::any_of(group.links.begin(), group.links.end(), [&](const SyncLink* link) {
    return link->boundary != group.links.front()->boundary;
  });
}

void own_evidence_groups(Code& code, const Shape& shape) {
  for (const Group& group : shape.groups) {
    if (group.attributed) continue;
    code.note("Lineage of " + words(group.columns));
    if (several(group))
      several_boundaries(code, shape, group);
    else
      one_boundary(code, shape, group);
  }
}

void attributed_groups(Code& code, const Shape& shape) {
  straight(shape, [&](int boundary, bool up) {
    int number = 0;
    for (const Group& group : shape.groups) {
      if (!group.attributed) continue;
      ++number;
      const std::string side = (up ? "up_" : "down_") + std::to_string(number);
      assign_changed(code, shape, at(group.links, boundary, up),
                     compare("COALESCE(writer, " + side + ")", up ? "<" : ">=", boundary));
    }
  });
}

// Whoever wrote: nobody writes the unpublished version yet.
void fill_newest(Code& code, const Shape& shape) {
  if (shape.fill.empty()) return;
  code.note(shape.version(shape.newest) +
            " is being filled: rows not yet in its shape, and changed inputs");
  const std::string unfilled =
      compare(field("OLD", shape.table.marker), ">", "-" + std::to_string(shape.newest));
  for (const SyncLink* link : shape.fill) {
    const Columns inputs = shape.in_table_order(link->inputs);
    const bool always = inputs == shape.tracked && !inputs.empty();  // WHEN has said it
    if (!always)
      code.open("IF " + unfilled + (inputs.empty() ? "" : " OR " + changed(shape, inputs)) +
                " THEN");
    assign_all(code, {link});
    if (!always) code.end_if();
  }
}

bool is_attributed(const Shape& shape) {
  return std::ranges::any_of(shape.groups, &Group::attributed) ||
         std::ranges::any_of(shape.rules, [&](const SyncRule* r) {
           return !shape.binds_all(*r) && !r->inputs.empty();
         });
}

}  // namespace

std::string declarations(const Shape& shape) {
  const bool attributed = shape.saved || is_attributed(shape);
  if (!attributed && std::ranges::none_of(shape.groups, several)) return "";
  std::string text = "DECLARE\n";
  text += "  lo integer := " + std::to_string(shape.oldest) + ";\n";
  text += "  hi integer := " + std::to_string(shape.newest_writer) + ";\n";
  if (!attributed) return text;
  text += "  path integer;    -- the version that search_path names, if asked\n";
  text += "  writer integer;  -- the version this statement was written for\n";
  text += "  entry pg_catalog.name;\n";
  int number = 0;
  for (const Group& group : shape.groups) {
    if (!group.attributed) continue;
    const std::string n = std::to_string(++number);
    text += "  down_" + n + " integer; up_" + n + " integer;\n";
  }
  return text;
}

void follow(Code& code, const Shape& shape) {
  own_evidence_groups(code, shape);
  attributed_groups(code, shape);
}

void enforce_changed(Code& code, const Shape& shape, const std::string& writer) {
  enforce(code, shape, [&](const SyncRule& rule) {
    if (rule.inputs.empty()) return std::string();
    const std::string guard = changed(shape, shape.in_table_order(rule.inputs));
    return shape.binds_all(rule) ? guard : compare(writer, ">=", rule.from) + " AND " + guard;
  });
}

std::string update_body(const Shape& shape) {
  const bool attributed = is_attributed(shape);
  const std::string oldest = std::to_string(shape.oldest);
  Code code;
  if (attributed) attribute(code, shape);
  follow(code, shape);
  fill_newest(code, shape);
  if (shape.pair) {
    code.note("The triggers of users come next; the last trigger follows what they change.");
    code.line(field("NEW", shape.table.marker) + " := (" + std::to_string(between) +
              " OPERATOR(pg_catalog.+) " +
              (attributed ? "COALESCE(writer, path, " + oldest + ")" : oldest) + ")::smallint;");
    code.line(field("NEW", shape.table.saved) + " := " + snapshot(shape, "NEW") + ";");
  } else {
    enforce_changed(code, shape, "COALESCE(writer, path)");
    code.line(mark(shape));
  }
  code.line("RETURN NEW;");
  return declarations(shape) + "BEGIN\n" + code.str() + "END";
}

}  // namespace pgstrata::plan::sync
