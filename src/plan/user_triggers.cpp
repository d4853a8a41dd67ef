#include "plan/user_triggers.hpp"

#include <algorithm>

#include "pgstrata/error.hpp"
#include "plan/translations.hpp"
#include "plan/trigger_columns.hpp"

namespace pgstrata::plan {

using catalog::Trigger;
using model::Table;
using model::Version;
using sql::format;
using sql::Literal;
using sql::Name;
using sql::Sql;

namespace {

// PostgreSQL fires triggers by the bytes of their names: '!' sorts before and '~' after whatever
// people begin names with, U+10FFFF after everything that UTF-8 can say.
const std::string first_prefixes[] = {"!pgstrata_", "\x01pgstrata_"};
const std::string last_prefixes[] = {"~pgstrata_", "\xf4\x8f\xbf\xbfpgstrata_"};

bool has_between(const std::vector<Trigger>& triggers) {
  return std::ranges::any_of(triggers, comes_between);
}

void require_free_column(const Table& table) {
  for (const model::Column& column : table.columns)
    if (column.name == model::pair_column || column.physical == model::pair_column)
      throw Error(Exit::migration, "not-supported",
                  "table \"" + table.name + "\" has BEFORE ROW triggers and a column \"" +
                      model::pair_column + "\", the name pgstrata needs beside such triggers",
                  table.name, "rename that column");
}

// By session_replication_role = replica.
bool silenced(const Trigger& trigger) {
  return trigger.ours || !trigger.on_update || trigger.enabled == 'O' || trigger.enabled == 'D';
}

// When a backfill sets twins and the marker. A trigger with an OF list does not: twins join it once
// they are filled.
std::vector<std::string> fired_by_fill(const std::vector<Trigger>& triggers) {
  std::vector<std::string> names;
  for (const Trigger& trigger : triggers)
    if (!trigger.ours && trigger.on_update && trigger.of_columns.empty() &&
        trigger.enabled != 'D' && trigger.enabled != 'R')
      names.push_back(trigger.name);
  return names;
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  return list;
}

}  // namespace

const std::vector<Trigger>& triggers_of(const Surroundings& around, const std::string& table) {
  static const std::vector<Trigger> none;
  if (const catalog::Table* base = around.snapshot.table(table)) return base->triggers;
  const auto found = around.triggers.find(table);
  return found == around.triggers.end() ? none : found->second;
}

bool comes_between(const Trigger& trigger) {
  return !trigger.ours && trigger.before && trigger.row && (trigger.on_insert || trigger.on_update);
}

void assign_pairs(const Surroundings& around, const Chain& live, Version& next) {
  for (auto& [logical, table] : next.tables) {
    const Table* before = live.empty() ? nullptr : live.back().physical_table(table.physical);
    const bool stands = before && before->marked && before->paired;
    table.paired = table.marked && (stands || has_between(triggers_of(around, table.physical)));
    if (!table.paired) continue;
    require_free_column(table);
    if (before) require_free_column(*before);
  }
}

std::vector<std::string> pair_up(const Surroundings& around, Chain& versions,
                                 const std::string& physical, const std::string& in_catalog,
                                 bool stands) {
  if (!stands && !has_between(triggers_of(around, in_catalog))) return {};
  bool added = false;
  for (Version& version : versions)
    if (Table* table = version.physical_table(physical); table && table->marked) {
      if (!stands) require_free_column(*table);
      added |= !table->paired;
      table->paired = true;
    }
  if (!added) return {};
  return add_pair_column({around.base_schema, physical});
}

std::vector<std::string> add_pair_column(const sql::Qualified& table) {
  const Name column(model::pair_column);
  return {format("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} text[]", table, column).str(),
          format("COMMENT ON COLUMN {}.{} IS {}", table, column,
                 Literal("pgstrata: what the first sync trigger says to the last; NULL at rest"))
              .str()};
}

void place_around(SyncTable& sync, const std::vector<Trigger>& triggers) {
  sync.saved = model::pair_column;
  std::string first, last;  // of users' names
  for (const Trigger& trigger : triggers) {
    if (trigger.ours) sync.standing.push_back(trigger.name);
    if (!comes_between(trigger)) continue;
    if (first.empty() || trigger.name < first) first = trigger.name;
    last = std::max(last, trigger.name);
  }
  const auto before = std::ranges::find_if(
      first_prefixes, [&](const std::string& prefix) { return first.empty() || prefix < first; });
  const auto after =
      std::ranges::find_if(last_prefixes, [&](const std::string& prefix) { return prefix > last; });
  if (before == std::end(first_prefixes) || after == std::end(last_prefixes))
    throw Error(Exit::migration, "not-supported",
                "no trigger can be named to fire before \"" + first + "\" and after \"" + last +
                    "\" of table \"" + sync.table + "\"",
                sync.table, "rename these triggers");
  sync.first_trigger = *before;
  sync.last_trigger = *after;
}

void consider_triggers(const Surroundings& around, const Table& table, Fill& fill) {
  const auto& triggers = triggers_of(around, table.physical);
  fill.fires = fired_by_fill(triggers);
  if (fill.fires.empty()) return;
  if (around.snapshot.can_silence_triggers && std::ranges::all_of(triggers, silenced)) {
    fill.silenced = true;
    fill.fires.clear();
    return;
  }
  fill.through_trigger = table.paired;
  fill.check_rows_kept = std::ranges::any_of(triggers, [](const Trigger& trigger) {
    return comes_between(trigger) && trigger.on_update && trigger.of_columns.empty();
  });
}

std::vector<std::string> recompile_functions(const sql::Qualified& table,
                                             const std::vector<Trigger>& triggers) {
  if (std::ranges::none_of(triggers, [](auto& trigger) { return !trigger.ours && trigger.row; }))
    return {};
  const Sql body = format(R"(DECLARE f record;
BEGIN
  -- A function whose row in pg_proc is new is compiled again; nothing else about it changes.
  FOR f IN SELECT DISTINCT p.oid, p.oid::pg_catalog.regprocedure AS signature, p.provolatile
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
    WHERE g.tgrelid = {}::pg_catalog.regclass AND NOT g.tgisinternal
      AND pg_catalog.pg_has_role(p.proowner, 'USAGE') ORDER BY p.oid
  LOOP
    EXECUTE pg_catalog.format('ALTER FUNCTION %s %s', f.signature, CASE f.provolatile
      WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END);
  END LOOP;
END)",
                          Literal(format("{}", table).str()));
  return {format("DO {}", sql::dollar_quoted(body)).str()};
}

std::vector<Remark> describe_triggers(const Surroundings& around, const Chain& live,
                                      const Version& next) {
  std::vector<Remark> remarks;
  Chain chain = live;
  chain.push_back(next);
  for (auto& [logical, table] : next.tables) {
    const auto& triggers = triggers_of(around, table.physical);
    std::vector<std::string> between;
    for (const Trigger& trigger : triggers)
      if (comes_between(trigger)) between.push_back(trigger.name);
    if (table.paired && !between.empty())
      remarks.push_back(
          {table.name, "its BEFORE ROW triggers (" + quoted_list(between) +
                           ") see rows in the shape of version \"" + live.front().name +
                           "\", whoever writes, and what they change reaches every version; at "
                           "completion they see the next version's shape"});
    for (const Trigger& trigger : triggers)
      for (const std::string& text : describe_columns(chain, table.physical, trigger))
        remarks.push_back({table.name, "trigger \"" + trigger.name + "\": " + text});
  }
  return remarks;
}

namespace {

void add_disorder(const Chain& live, const Table& table, const std::vector<Trigger>& triggers,
                  std::vector<std::string>& out) {
  std::string first, last;
  for (const Trigger& trigger : triggers) {
    if (!trigger.ours) continue;
    if (first.empty() || trigger.name < first) first = trigger.name;
    last = std::max(last, trigger.name);
  }
  const std::string cure =
      "; the next start, complete or rollback of this table mends that, "
      "`pgstrata verify` finds the rows";
  for (const Trigger& trigger : triggers) {
    const std::string who = "trigger \"" + trigger.name + "\" of table \"" + table.name + "\" ";
    if (comes_between(trigger) && trigger.enabled != 'D' &&
        (!table.paired || trigger.name < first || trigger.name > last))
      out.push_back(who +
                    "was made while a migration is in flight: what it changes need not reach "
                    "every version" +
                    cure);
    if (!trigger.ours && of_list(live, table.physical, trigger.of_columns) != trigger.of_columns)
      out.push_back(who +
                    "has an OF list that leaves out columns of newer versions, whose writes it "
                    "does not see" +
                    cure);
  }
}

}  // namespace

std::vector<std::string> trigger_disorder(const Chain& live, const catalog::Triggers& triggers) {
  std::vector<std::string> out;
  for (auto& [logical, table] : live.back().tables) {
    const auto found = triggers.find(table.physical);
    if (table.marked && found != triggers.end()) add_disorder(live, table, found->second, out);
  }
  return out;
}

}  // namespace pgstrata::plan
