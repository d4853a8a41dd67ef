#include "engine/plan_rules.hpp"

#include <algorithm>

#include "plan/difference.hpp"

namespace pgstrata::engine {

using model::Table;

namespace {

void warn(PlanReport& report, const std::string& object, const std::string& text) {
  report.warnings.push_back({object, text});
}

// What the older version demands is not taken from it, so writers of the newer one meet it too.
void rules_that_stay(PlanReport& report, const Table& old, const Table& table) {
  const std::string until =
      " stays until `complete`, and a write of the new version that breaks it fails";
  for (auto* check : plan::without(old.checks, table.checks))
    if (std::ranges::none_of(table.checks, [&](auto& c) { return c.name == check->name; }))
      warn(report, check->name, "check of " + old.name + until);
  for (auto* index : plan::without(old.indexes, table.indexes))
    if (index->unique &&
        std::ranges::none_of(table.indexes, [&](auto& i) { return i.name == index->name; }))
      warn(report, index->name, "unique key of " + old.name + until);
  for (auto* key : plan::without(old.foreign_keys, table.foreign_keys))
    if (std::ranges::none_of(table.foreign_keys, [&](auto& k) { return k.name == key->name; }))
      warn(report, key->name, "foreign key of " + old.name + until);
  for (auto& column : table.columns)
    if (const auto* shared = old.physical_column(column.physical);
        shared && shared->not_null && !column.not_null)
      warn(report, table.name + "." + column.name, "NOT NULL" + until);
}

void new_keys(PlanReport& report, const Table& old, const Table& table) {
  for (auto* index : plan::without(table.indexes, old.indexes)) {
    if (index->unique)
      warn(report, index->name,
           "a new unique key binds writers of older versions too; two sessions that insert the "
           "same new key through a translated column can see 23505, rarely 40P01");
    if (index->deferrable && index->name != index->physical)
      warn(report, index->name,
           "is deferrable, but checked at once in the new version's shape until `complete`, for "
           "writers of older versions too: a statement or transaction that breaks it on its way "
           "fails with 23505");
  }
  for (auto* key : plan::without(table.foreign_keys, old.foreign_keys))
    warn(report, key->name, "a new foreign key binds writers of older versions too");
}

// As after a plain ALTER TABLE: nobody but its owner may use a new sequence.
void new_sequences(PlanReport& report, const Table* old, const Table& table) {
  for (auto& column : table.columns)
    if (column.owned_sequence && !column.identity && column.privileges_of.empty() &&
        !(old && old->physical_column(column.physical)))
      warn(report, table.name + "." + column.name,
           "roles that insert need USAGE on the new sequence: GRANT USAGE ON SEQUENCE " +
               *column.owned_sequence + " TO …");
}

}  // namespace

void add_rules(PlanReport& report, const model::Version& before, const model::Version& next) {
  for (auto& rule : next.rules)
    warn(report, rule.table,
         (rule.name.empty() ? "NOT NULL of " + rule.column : "check " + rule.name) +
             " binds writers of the new version only, until `complete`");
  for (auto& [logical, table] : next.tables) {
    const Table* old = before.physical_table(table.physical);
    new_sequences(report, old, table);
    if (!old) continue;
    new_keys(report, *old, table);
    rules_that_stay(report, *old, table);
  }
}

}  // namespace pgstrata::engine
