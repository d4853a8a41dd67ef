#include "plan/settle.hpp"

#include <algorithm>
#include <utility>

#include "plan/elements.hpp"

namespace pgstrata::plan {
namespace {

std::string renamed(const std::map<std::string, std::string>& names, const std::string& name) {
  auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

template <typename Elements>
void collect(const Elements& elements, std::map<std::string, std::string>& names) {
  for (auto& element : elements)
    if (element.physical != element.name) names[element.physical] = element.name;
}

bool shown_by_any(const Chain& versions, const std::string& table, const std::string& column) {
  return std::any_of(versions.begin(), versions.end(), [&](const model::Version& version) {
    const model::Table* shown = version.physical_table(table);
    return shown && shown->physical_column(column);
  });
}

void rename_all(std::vector<std::string>& columns,
                const std::map<std::string, std::string>& names) {
  for (std::string& column : columns) column = renamed(names, column);
}

// The column's name afterwards; empty if it goes.
std::string surviving(const TableNames& names, const std::string& column) {
  return names.dying.count(column) ? std::string() : renamed(names.columns, column);
}

void settle_table(model::Table& table, const TableNames& names) {
  const std::string old_name = table.physical;
  table.physical = names.table;
  if (table.marked && table.sync.empty()) table.sync = old_name;  // of an older release's start
  // Columns that keep their names stay shared with the other versions'.
  const auto& columns = std::as_const(table).columns;
  if (std::any_of(columns.begin(), columns.end(), [&](const model::Column& column) {
        return names.columns.count(column.physical) || !column.privileges_of.empty();
      }))
    for (auto& column : table.columns) {
      column.physical = renamed(names.columns, column.physical);
      column.privileges_of = surviving(names, column.privileges_of);
    }
  if (!table.spared.empty())
    for (auto& spared : table.spared) spared.physical = surviving(names, spared.physical);
  if (!names.indexes.empty())
    for (auto& index : table.indexes) index.physical = renamed(names.indexes, index.physical);
  if (names.constraints.empty()) return;
  for (auto& check : table.checks) check.physical = renamed(names.constraints, check.physical);
  for (auto& key : table.foreign_keys) key.physical = renamed(names.constraints, key.physical);
}

void settle_references(model::Table& table, const Settlement& settlement,
                       const std::string& base_schema) {
  auto stays = [&](const model::ForeignKey& key) {
    auto parent = settlement.find(key.table);
    return key.schema != base_schema || parent == settlement.end() ||
           (parent->second.table == key.table && parent->second.columns.empty());
  };
  const auto& keys = std::as_const(table).foreign_keys;
  if (std::all_of(keys.begin(), keys.end(), stays)) return;
  for (auto& key : table.foreign_keys) {
    auto parent = settlement.find(key.table);
    if (key.schema != base_schema || parent == settlement.end()) continue;
    rename_all(key.referenced, parent->second.columns);
    key.table = parent->second.table;
  }
}

}  // namespace

Settlement settlement_of(const model::Version& retired, const Chain& survivors) {
  Settlement settlement;
  for (auto& [logical, table] : survivors.front().tables) {
    TableNames names{
        .table = table.name, .columns = {}, .indexes = {}, .constraints = {}, .dying = {}};
    if (auto* gone = retired.physical_table(table.physical);
        gone && !gone->columns.shares(table.columns))
      for (auto& column : gone->columns)
        if (!shown_by_any(survivors, table.physical, column.physical))
          names.dying.insert(column.physical);
    collect(table.columns, names.columns);
    collect(table.indexes, names.indexes);
    collect(table.checks, names.constraints);
    collect(table.foreign_keys, names.constraints);
    settlement.emplace(table.physical, std::move(names));
  }
  return settlement;
}

model::Version settle(const model::Version& version, const Settlement& settlement,
                      const std::string& base_schema) {
  model::Version settled = version;
  for (auto& [logical, table] : settled.tables) {
    if (auto names = settlement.find(table.physical); names != settlement.end())
      settle_table(table, names->second);
    settle_references(table, settlement, base_schema);
  }
  for (auto& link : settled.translations)
    if (auto names = settlement.find(link.table); names != settlement.end()) {
      link.table = names->second.table;
      link.output = renamed(names->second.columns, link.output);
      rename_all(link.inputs, names->second.columns);
    }
  for (auto& rule : settled.rules)
    if (auto names = settlement.find(rule.table); names != settlement.end()) {
      rule.table = names->second.table;
      rule.helper = renamed(names->second.constraints, rule.helper);
      rename_all(rule.inputs, names->second.columns);
    }
  return settled;
}

}  // namespace pgstrata::plan
