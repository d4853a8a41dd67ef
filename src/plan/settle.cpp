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

// `column` has its name afterwards already.
std::string identity_after(const TableNames& names, const model::Column& column) {
  if (column.identity_of.empty()) return {};
  const auto heir = names.heirs.find(column.identity_of);
  const std::string& now =
      heir == names.heirs.end() ? renamed(names.columns, column.identity_of) : heir->second;
  return now == column.physical.str() ? std::string() : now;
}

void rename_physical(auto& elements, const std::map<std::string, std::string>& names) {
  elements.change_if([&](const auto& element) { return names.count(element.physical) > 0; },
                     [&](auto& element) { element.physical = names.at(element.physical); });
}

void settle_table(model::Table& table, const TableNames& names) {
  const std::string old_name = table.physical;
  table.physical = names.table;
  if (table.marked && table.sync.empty()) table.sync = old_name;  // of an older release's start
  table.columns.change_if(
      [&](const model::Column& column) {
        return names.columns.count(column.physical) || !column.privileges_of.empty() ||
               !column.identity_of.empty();
      },
      [&](model::Column& column) {
        column.physical = renamed(names.columns, column.physical);
        column.privileges_of = surviving(names, column.privileges_of);
        column.identity_of = identity_after(names, column);
      });
  if (!table.spared.empty())
    for (auto& spared : table.spared) spared.physical = surviving(names, spared.physical);
  rename_physical(table.indexes, names.indexes);
  rename_physical(table.checks, names.constraints);
  rename_physical(table.foreign_keys, names.constraints);
}

void settle_references(model::Table& table, const Settlement& settlement,
                       const std::string& base_schema) {
  table.foreign_keys.change_if(
      [&](const model::ForeignKey& key) {
        auto parent = settlement.find(key.table);
        return key.schema == base_schema && parent != settlement.end() &&
               (parent->second.table != key.table || !parent->second.columns.empty());
      },
      [&](model::ForeignKey& key) {
        const TableNames& parent = settlement.at(key.table);
        rename_all(key.referenced, parent.columns);
        key.table = parent.table;
      });
}

}  // namespace

Settlement settlement_of(const model::Version& retired, const Chain& survivors) {
  Settlement settlement;
  for (auto& [logical, table] : survivors.front().tables) {
    TableNames names{.table = table.name,
                     .columns = {},
                     .indexes = {},
                     .constraints = {},
                     .dying = {},
                     .heirs = {}};
    if (auto* gone = retired.physical_table(table.physical);
        gone && !gone->columns.shares(table.columns))
      for (auto& column : gone->columns)
        if (!shown_by_any(survivors, table.physical, column.physical))
          names.dying.insert(column.physical);
    for (auto& column : table.columns)
      if (names.dying.count(column.identity_of)) names.heirs[column.identity_of] = column.name;
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
