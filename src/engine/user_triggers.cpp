#include "engine/user_triggers.hpp"

#include <algorithm>

#include "pgstrata/error.hpp"
#include "plan/step_builder.hpp"
#include "plan/sync_health.hpp"
#include "plan/trigger_columns.hpp"
#include "plan/user_triggers.hpp"

namespace pgstrata::engine {

using sql::format;
using sql::Name;
using sql::Sql;

namespace {

void make_stand_in(Session& session, const model::Table& table, const sql::Qualified& trial) {
  std::vector<Sql> columns;
  for (const model::Column& column : table.columns)
    columns.push_back(format(
        "{} {}{}", Name(column.physical), Sql::trusted(column.type),
        column.collation.empty() ? Sql() : format(" COLLATE {}", Sql::trusted(column.collation))));
  session.connection.execute(format("CREATE TABLE {} ({})", trial, sql::join(columns, ", ")).str());
}

void try_table(Session& session, const plan::Surroundings& around, const plan::Chain& chain,
               const model::Table& table, const sql::Qualified& trial) {
  const auto trials = plan::trigger_trials(around, chain, table.physical, trial);
  if (trials.empty()) return;
  db::Transaction rolled_back(session.connection, "SET LOCAL lock_timeout = '1s'");
  make_stand_in(session, table, trial);
  for (const std::string& definition : trials) try {
      session.connection.execute(definition);
    } catch (const db::SqlError& error) {
      if (!error.sqlstate().starts_with("42") && !error.sqlstate().starts_with("22")) throw;
      throw Error(Exit::migration, "not-possible",
                  "a trigger of table \"" + table.name +
                      "\" has a WHEN clause that does not fit the new shape: " +
                      error.fields().message + "; it would be " + definition,
                  table.name, "drop the trigger first, and create it again for the new shape");
    }
}

plan::Surroundings with_triggers(Session& session, const catalog::Snapshot& nothing) {
  plan::Surroundings around = session.around(nothing);
  around.triggers =
      catalog::read_triggers(session.connection, session.names.base_schema, session.support_schema);
  return around;
}

void try_all(Session& session, const plan::Surroundings& around, const plan::Chain& chain) {
  const sql::Qualified trial =
      session.stand_in();  // asks the server while there is no state schema
  for (auto& [logical, table] : chain.back().tables)
    try_table(session, around, chain, table, trial);
}

}  // namespace

void refuse_firing(const std::vector<plan::Step>& steps) {
  for (const plan::Step& step : steps) {
    if (!step.fill || step.fill->fires.empty()) continue;
    std::string names;
    for (const std::string& name : step.fill->fires)
      names += (names.empty() ? "\"" : ", \"") + name + "\"";
    throw Error(Exit::migration, "triggers-fire",
                "filling table \"" + step.fill->table + "\" fires its trigger" +
                    (step.fill->fires.size() > 1 ? "s " : " ") + names,
                step.fill->table,
                "give --fire-user-triggers if they may fire for every row, or run as a role that "
                "may set session_replication_role, which silences them");
  }
}

void try_triggers(Session& session, const Prepared& prepared) {
  auto has_when = [](auto& entry) {
    return std::ranges::any_of(entry.second.triggers,
                               [](auto& trigger) { return !trigger.when_columns.empty(); });
  };
  if (std::ranges::none_of(prepared.snapshot.tables, has_when)) return;
  plan::Chain chain = prepared.live;
  chain.push_back(prepared.next);
  try_all(session, session.around(prepared.snapshot), chain);
}

void add_triggers(PlanReport& report, Session& session, const Prepared& prepared) {
  for (auto& remark :
       plan::describe_triggers(session.around(prepared.snapshot), prepared.live, prepared.next))
    report.warnings.push_back({remark.object, remark.text});
  for (auto& step : prepared.steps) {
    if (!step.fill) continue;
    if (step.fill->silenced)
      report.notes.push_back("the backfill of \"" + step.fill->table +
                             "\" runs under session_replication_role = replica: its UPDATE "
                             "triggers do not fire");
    for (auto& trigger : step.fill->fires)
      report.warnings.push_back(
          {step.fill->table, "the backfill fires trigger \"" + trigger +
                                 "\" for every row; start needs --fire-user-triggers"});
  }
}

std::vector<std::string> trigger_disorder(Session& session, const plan::Chain& chain) {
  const catalog::Snapshot nothing;
  const plan::Surroundings around = with_triggers(session, nothing);
  auto out = plan::broken_sync(around, chain);
  plan::append(out, plan::trigger_disorder(chain, around.triggers));
  return out;
}

void require_sync(const plan::Surroundings& around, const plan::Chain& chain) {
  const auto broken = plan::broken_sync(around, chain);
  if (!broken.empty())
    throw Error(Exit::state, "sync-broken", broken.front(), {},
                "where versions disagree, mend the rows before you go on");
}

plan::Surroundings around_triggers(Session& session, const catalog::Snapshot& nothing,
                                   const plan::Chain& chain) {
  plan::Surroundings around = with_triggers(session, nothing);
  require_sync(around, chain);
  if (around.triggers.empty()) return around;
  const plan::Chain boundary(chain.begin(), chain.begin() + 2);
  try {
    plan::refuse_triggers(around, boundary);
    try_all(session, around, boundary);
  } catch (const Error& error) {
    if (error.exit() != Exit::migration) throw;
    throw Error(Exit::state, "trigger", error.message(), error.where(), error.hint());
  }
  return around;
}

}  // namespace pgstrata::engine
