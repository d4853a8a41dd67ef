// Which columns belong together, and which of them tell who wrote.
#include <algorithm>
#include <numeric>
#include <set>

#include "pgstrata/error.hpp"
#include "plan/sync_parts.hpp"

namespace pgstrata::plan::sync {
namespace {

// Union-find over column positions.
class Components {
 public:
  explicit Components(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::size_t> parent_;
};

std::size_t position(const SyncTable& table, const std::string& name) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const SyncColumn& c) { return c.name == name; });
  if (found == table.columns.end())
    throw Error(Exit::failure, "sync-model", "a link or rule names the unknown column " + name,
                table.table);
  return static_cast<std::size_t>(found - table.columns.begin());
}

std::vector<Group> find_groups(const Shape& shape, const std::vector<const SyncLink*>& links) {
  const SyncTable& table = shape.table;
  Components components(table.columns.size());
  std::set<std::size_t> members;
  for (const SyncLink* link : links) {
    const std::size_t output = position(table, link->output);
    members.insert(output);
    for (const auto& input : link->inputs) {
      if (shape.spans(input, link->boundary)) continue;
      members.insert(position(table, input));
      components.join(output, position(table, input));
    }
  }
  std::vector<Group> groups;
  std::map<std::size_t, std::size_t> group_of;  // component to index in groups
  for (const std::size_t member : members) {
    const auto [place, is_new] = group_of.try_emplace(components.find(member), groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].columns.push_back(table.columns[member].name);
  }
  for (const SyncLink* link : links) {
    Group& group = groups[group_of.at(components.find(position(table, link->output)))];
    group.links.push_back(link);
    for (const auto& input : link->inputs)
      group.attributed = group.attributed || shape.spans(input, link->boundary);
  }
  return groups;
}

}  // namespace

Shape::Shape(const SyncTable& source) : table(source), writers(source.versions) {
  if (writers.empty() || (source.filling && writers.size() < 2))
    throw Error(Exit::failure, "sync-model", "no live version can write", source.table);
  oldest = writers.front().ordinal;
  newest = writers.back().ordinal;
  if (source.filling) writers.pop_back();
  newest_writer = writers.back().ordinal;

  Columns read_or_written;
  std::vector<const SyncLink*> steady;
  for (const SyncLink& link : source.links) {
    position(source, link.output);
    const bool fills = link.boundary > newest_writer;
    if (fills && !link.up) continue;
    read_or_written.insert(read_or_written.end(), link.inputs.begin(), link.inputs.end());
    if (fills) {
      fill.push_back(&link);
      continue;
    }
    read_or_written.push_back(link.output);
    if (!link.inputs.empty()) steady.push_back(&link);
  }
  for (const SyncRule& rule : source.rules) {
    if (rule.from > newest_writer || implied(source, rule)) continue;
    rules.push_back(&rule);
    read_or_written.insert(read_or_written.end(), rule.inputs.begin(), rule.inputs.end());
  }
  // As PostgreSQL reports them: NOT NULL first, then checks by name.
  std::stable_sort(rules.begin(), rules.end(), [](const SyncRule* a, const SyncRule* b) {
    return a->constraint < b->constraint;
  });
  groups = find_groups(*this, steady);
  tracked = in_table_order(read_or_written);
  has_update = !steady.empty() || !fill.empty() ||
               std::ranges::any_of(rules, [](const SyncRule* r) { return !r->inputs.empty(); });
}

const SyncColumn& Shape::column(const std::string& name) const {
  return table.columns[position(table, name)];
}

Interval Shape::life(const std::string& name) const {
  const SyncColumn& c = column(name);
  return {std::max(c.lo, oldest), std::min(c.hi, newest_writer)};
}

bool Shape::evidence(const std::string& name) const {
  const Interval shown = life(name);
  return shown.lo <= shown.hi && shown != Interval{oldest, newest_writer};
}

bool Shape::spans(const std::string& name, int boundary) const {
  const SyncColumn& c = column(name);
  return c.lo < boundary && boundary <= c.hi;
}

std::string Shape::version(int ordinal) const {
  for (const auto& v : table.versions)
    if (v.ordinal == ordinal) return v.name;
  return std::to_string(ordinal);
}

Columns Shape::in_table_order(const Columns& names) const {
  std::set<std::size_t> positions;
  for (const auto& name : names) positions.insert(position(table, name));
  Columns ordered;
  for (const std::size_t i : positions) ordered.push_back(table.columns[i].name);
  return ordered;
}

std::map<int, Columns> shared_inputs(const Shape& shape) {
  std::map<int, Columns> at;
  const auto add = [&](int boundary, const Columns& inputs) {
    for (const auto& input : inputs)
      if (shape.spans(input, boundary)) at[boundary].push_back(input);
  };
  for (const Group& group : shape.groups)
    for (const SyncLink* link : group.links) add(link->boundary, link->inputs);
  for (const SyncRule* rule : shape.rules)
    if (!shape.binds_all(*rule)) add(rule->from, rule->inputs);
  for (auto& [boundary, columns] : at) columns = shape.in_table_order(columns);
  return at;
}

}  // namespace pgstrata::plan::sync

namespace pgstrata::plan {

std::vector<std::string> path_dependent_columns(const SyncTable& table) {
  SyncTable published = table;
  published.filling = false;
  const sync::Shape shape(published);
  sync::Columns all;
  for (const auto& [boundary, columns] : sync::shared_inputs(shape))
    all.insert(all.end(), columns.begin(), columns.end());
  return shape.in_table_order(all);
}

}  // namespace pgstrata::plan
