// The draft's indexes, constraints and renames.
#include <algorithm>
#include <utility>

#include "model/compose.hpp"
#include "model/draft.hpp"
#include "model/names.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {

using sql::Expression;

namespace {

void rename_in(std::vector<std::string>& names, const std::string& from, const std::string& to) {
  std::replace(names.begin(), names.end(), from, to);
}

void rename_in(Index& index, const std::string& from, const std::string& to) {
  for (IndexKey& key : index.keys) {
    if (key.column == from) key.column = to;
    if (key.expression) key.expression = rename_columns(*key.expression, {{from, to}});
  }
  rename_in(index.include, from, to);
  if (index.predicate) index.predicate = rename_columns(*index.predicate, {{from, to}});
}

}  // namespace

std::vector<std::string> columns_of(const Index& index) {
  std::vector<std::string> columns;
  auto add = [&](const std::string& name) {
    if (!contains(columns, name)) columns.push_back(name);
  };
  for (const IndexKey& key : index.keys) {
    if (key.column) add(*key.column);
    if (key.expression)
      for (auto& input : key.expression->inputs()) add(input);
  }
  for (auto& name : index.include) add(name);
  if (index.predicate)
    for (auto& input : index.predicate->inputs()) add(input);
  return columns;
}

bool uses_column(const Index& index, const std::string& column) {
  return contains(columns_of(index), column);
}
bool uses_column(const Check& check, const std::string& column) {
  return contains(check.expression.inputs(), column);
}
bool uses_column(const ForeignKey& key, const std::string& column) {
  return contains(key.columns, column);
}

void reject_system_column(const std::string& name, const std::string& where) {
  static const std::set<std::string> system{"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"};
  if (system.count(name))
    throw Error(Exit::migration, "system-column",
                "\"" + name + "\" is a system column of every table", where, "choose another name");
  if (name == marker)
    throw Error(Exit::migration, "marker-column",
                "\"" + name + "\" is the marker that pgstrata adds to tables in flight", where,
                "choose another name");
}

void Draft::rename_column(DraftTable& draft, const std::string& from, const std::string& to,
                          const std::string& where) {
  Column& renamed = column(draft, from, where);
  if (draft.table.column(to))
    throw Error(Exit::migration, "duplicate-column",
                "table \"" + draft.table.name + "\" already has a column \"" + to + "\"", where);
  reject_system_column(to, where);
  renamed.name = to;
  if (auto node = draft.lineages.extract(from)) {
    node.key() = to;
    draft.lineages.insert(std::move(node));
  }
  for (auto& [previous, value] : draft.down)
    if (value) value = rename_columns(*value, {{from, to}});
  for (Index& index : draft.table.indexes) rename_in(index, from, to);
  for (Check& check : draft.table.checks)
    check.expression = rename_columns(check.expression, {{from, to}});
  for (ForeignKey& key : draft.table.foreign_keys) {
    rename_in(key.columns, from, to);
    rename_in(key.set_columns, from, to);
  }
  for (Column& other : draft.table.columns)
    if (other.generated && other.default_)
      other.default_ = rename_columns(*other.default_, {{from, to}});
}

bool Draft::is_other_relation(const std::string& name) const {
  if (tables_.count(name)) return true;
  if (std::binary_search(snapshot_.index_names.begin(), snapshot_.index_names.end(), name))
    return false;
  return contains(snapshot_.other_relations, name);
}

void Draft::add_index(DraftTable& draft, Index index, const std::string& where) {
  for (auto& [logical, table] : std::as_const(tables_))
    for (const Index& other : table.table.indexes)
      if (other.name == index.name)
        throw Error(
            Exit::migration, "duplicate-index",
            "an index named \"" + index.name + "\" already exists on table \"" + logical + "\"",
            where);
  if (is_other_relation(index.name))
    throw Error(Exit::migration, "duplicate-relation",
                "a relation named \"" + index.name + "\" already exists in schema \"" +
                    snapshot_.schema + "\"",
                where, "choose another name");
  if (index.constraint == 'p')
    for (const Index& other : draft.table.indexes)
      if (other.constraint == 'p')
        throw Error(
            Exit::migration, "duplicate-primary-key",
            "table \"" + draft.table.name + "\" already has the primary key \"" + other.name + "\"",
            where);
  index.physical = relation_names_.count(index.name)
                       ? free_relation_name(twin_name(index.name, ordinal_))
                       : free_relation_name(index.name);
  draft.table.indexes.push_back(std::move(index));
}

void Draft::drop_index(const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  for (auto& [logical, draft] : tables_) {
    for (const Index& index : std::as_const(draft.table).indexes) {
      known.push_back(index.name);
      if (index.name != name) continue;
      if (index.constraint)
        throw Error(Exit::migration, "index-of-constraint",
                    "index \"" + name + "\" belongs to a constraint of table \"" + logical + "\"",
                    where, "drop the constraint instead");
    }
    std::erase_if(known, [&](const std::string& other) { return other == name; });
    if (std::ranges::none_of(std::as_const(draft.table).indexes,
                             [&](const Index& index) { return index.name == name; }))
      continue;
    draft.unfold();
    draft.table.indexes.erase_if([&](const Index& index) { return index.name == name; });
    return;
  }
  throw Error(Exit::migration, "unknown-index",
              "there is no index \"" + name + "\" in this version" + did_you_mean(name, known),
              where);
}

namespace {

void reject_taken(const Table& table, const std::string& name, const std::string& where) {
  bool taken = false;
  for (auto& check : table.checks) taken |= check.name == name;
  for (auto& key : table.foreign_keys) taken |= key.name == name;
  for (auto& index : table.indexes) taken |= index.constraint && index.name == name;
  if (taken)
    throw Error(Exit::migration, "duplicate-constraint",
                "table \"" + table.name + "\" already has a constraint \"" + name + "\"", where);
}

}  // namespace

void Draft::add_check(DraftTable& draft, Check check, const std::string& where) {
  reject_taken(draft.table, check.name, where);
  draft.new_checks.insert(check.name);
  draft.table.checks.push_back(std::move(check));
}

void Draft::add_foreign_key(DraftTable& draft, ForeignKey key, const std::string& where) {
  reject_taken(draft.table, key.name, where);
  draft.new_foreign_keys.insert(key.name);
  draft.table.foreign_keys.push_back(std::move(key));
}

std::string Draft::free_relation_name(const std::string& wanted) {
  std::string name = with_suffix(wanted, "");
  for (int number = 1; !relation_names_.insert(name).second; ++number)
    name = with_suffix(wanted, std::to_string(number));
  return name;
}

std::string Draft::free_table_name(const std::string& wanted) {
  std::string name = free_relation_name(wanted);
  while (contains(snapshot_.other_types, name)) name = free_relation_name(wanted);
  return name;
}

std::string Draft::sequence_for(const std::string& table, const std::string& column) {
  std::string label = "seq";
  for (int number = 1; relation_names_.count(object_name(table, column, label)); ++number)
    label = "seq" + std::to_string(number);
  return free_relation_name(object_name(table, column, label));
}

std::string Draft::constraint_name(const DraftTable& draft, const std::vector<std::string>& columns,
                                   const std::string& label) {
  std::string joined;
  for (auto& column : columns) joined += (joined.empty() ? "" : "_") + column;
  std::set<std::string> taken;
  for (auto& check : draft.table.checks) taken.insert(check.name);
  for (auto& key : draft.table.foreign_keys) taken.insert(key.name);
  for (auto& [logical, table] : std::as_const(tables_))
    for (auto& index : table.table.indexes) taken.insert(index.name);
  std::string name = object_name(draft.table.name, joined, label);
  for (int number = 1; taken.count(name); ++number)
    name = object_name(draft.table.name, joined, label + std::to_string(number));
  return name;
}

std::vector<std::string> Draft::dropped_tables() const {
  std::set<std::string> kept;
  for (auto& [logical, draft] : tables_) kept.insert(draft.table.physical);
  std::vector<std::string> dropped;
  for (auto& [logical, table] : previous_.tables)
    if (!kept.count(table.physical)) dropped.push_back(table.physical);
  return dropped;
}

}  // namespace pgstrata::model
