// complete: retire the oldest live version.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/commands.hpp"
#include "model/from_catalog.hpp"
#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

using state::RunStatus;
using state::Status;

namespace {

// Those whose models the completion changes.
std::string survivors_json(const plan::Chain& survivors,
                           const std::vector<state::VersionRow>& chain) {
  auto list = nlohmann::json::array();
  for (std::size_t i = 0; i < survivors.size(); ++i)
    if (auto model = model::to_json(survivors[i]); model != chain[i + 1].model)
      list.push_back({{"ordinal", survivors[i].ordinal}, {"model", std::move(model)}});
  return nlohmann::json{{"survivors", std::move(list)}}.dump();
}

const state::VersionRow* find(const std::vector<state::VersionRow>& rows, int ordinal) {
  for (auto& row : rows)
    if (row.ordinal == ordinal) return &row;
  return nullptr;
}

std::vector<std::string> closing(const Session& session, const state::RunRow& run) {
  return {session.store.set_status_sql(run.ordinal, Status::retired),
          session.store.adopt_models_sql(run.id),
          session.store.finish_run_sql(run.id, RunStatus::done)};
}

void describe(CompleteReport& report, const state::VersionRow& retired,
              const state::VersionRow& oldest) {
  report.retired = retired.kind == empty_kind ? "" : retired.name;
  report.version = oldest.name;
  report.version_schema = oldest.schema;
}

CompleteReport resume(Session& session, const History& history,
                      const std::optional<std::string>& version, const CompleteOptions& options) {
  const state::RunRow& run = *history.unfinished;
  const state::VersionRow* retiring = find(history.all, run.ordinal);
  if (run.command != "complete")
    refuse_state("unfinished",
                 "a " + run.command + " of version \"" + retiring->name + "\" is unfinished",
                 "run `pgstrata " + run.command + "` again to finish it" +
                     (run.command == "start" ? ", or `pgstrata rollback` to undo it" : ""));
  if (version && *version != retiring->name)
    refuse_state("unfinished",
                 "the completion that retires version \"" + retiring->name + "\" is unfinished",
                 "run `pgstrata complete " + retiring->name + "` to finish it first");
  CompleteReport report;
  report.resumed = true;
  if (options.skip_on_complete)
    report.notes.push_back(
        skip_failed_sql(session, run, "complete", "onComplete", "--skip-on-complete"));
  session.execute(run.id, 1, 0, options.kill_after_step, closing(session, run));
  for (auto& row : history.chain)
    if (row.ordinal != run.ordinal) {
      describe(report, *retiring, row);
      break;
    }
  return report;
}

// Which version goes; nothing if it is gone already.
std::optional<CompleteReport> nothing_to_do(Session& session, const History& history,
                                            const std::optional<std::string>& version) {
  if (history.chain.empty())
    refuse_state("no-history", "schema \"" + session.names.base_schema + "\" has no versions",
                 "run `pgstrata start FILE` first");
  auto last = session.store.last_finished_run();
  const state::VersionRow* last_row =
      last && last->command == "complete" && last->status == RunStatus::done
          ? find(history.all, last->ordinal)
          : nullptr;
  const state::VersionRow& oldest = history.chain.front();
  CompleteReport report;
  report.already = true;
  if (version && *version != oldest.name) {
    const state::VersionRow* known = history.newest_named(*version);
    if (known && known->status == Status::retired) {
      describe(report, *known, oldest);
      return report;
    }
    refuse_state("not-oldest",
                 "version \"" + *version +
                     "\" is not the oldest live version, which is the one that goes: \"" +
                     oldest.name + "\"",
                 "run `pgstrata complete " + (oldest.kind == empty_kind ? "" : oldest.name) + "`");
  }
  if (history.chain.size() > 1) {
    if (history.chain.size() > 2 && !version)
      throw Error(Exit::usage, "version-needed",
                  "three or more versions are live: say which one goes", {},
                  "`pgstrata complete " + oldest.name + "` retires the oldest");
    return {};
  }
  if (!version && last_row) {
    describe(report, *last_row, oldest);
    return report;
  }
  refuse_state("not-in-flight",
               "\"" + oldest.name + "\" is the only live version: there is nothing to complete",
               "run `pgstrata start FILE` first");
}

// Old writers were free to break the new version's rules; that stops a completion before its first
// unit.
void check_rules(Session& session, const model::Version& oldest) {
  for (auto& rule : oldest.rules) {
    const model::Table& table = *oldest.physical_table(rule.table);
    auto condition = rule.condition.rewrite([&](const std::string& column) {
      return sql::format("{}", sql::Name(table.column(column)->physical));
    });
    auto found = session.connection.execute(
        sql::format("SELECT pg_catalog.count(*), pg_catalog.min(t::pg_catalog.text) FROM {} t "
                    "WHERE NOT ({})",
                    sql::Qualified{session.names.base_schema, table.physical}, condition)
            .str());
    if (found.integer(0, 0) == 0) continue;
    throw Error(Exit::data, "rule-violated",
                found.text(0, 0) + " rows of table \"" + table.name + "\" violate " +
                    (rule.name.empty() ? "NOT NULL of column \"" + rule.column + "\""
                                       : "check constraint \"" + rule.name + "\"") +
                    ", for example " + found.text(0, 1),
                table.name, "older versions may have written them; mend them, then complete again");
  }
}

// A view or a key that somebody hung on what is about to go would stop the completion half-way.
void refuse_dependents(Session& session, const History& history, const plan::Chain& chain) {
  auto dying = [&](const std::string& table, const std::string& column) {
    for (std::size_t i = 1; i < chain.size(); ++i)
      if (auto* shown = chain[i].physical_table(table);
          shown && (column.empty() || shown->physical_column(column)))
        return false;
    return true;
  };
  std::map<std::string, std::vector<std::string>> losing;  // table → columns that go
  std::vector<std::string> physical;
  for (auto& [logical, table] : chain.front().tables)
    for (auto& column : table.columns)
      if (dying(table.physical, column.physical)) losing[logical].push_back(column.physical);
  if (losing.empty()) return;
  for (auto& [logical, columns] : losing)
    physical.push_back(chain.front().tables.at(logical).physical);
  const catalog::Snapshot snapshot = session.snapshot(history, physical);
  for (auto& [logical, columns] : losing) {
    const model::Table& table = chain.front().tables.at(logical);
    const catalog::Table* base = snapshot.table(table.physical);
    for (auto& dependent : base ? base->dependents : std::vector<catalog::Dependent>{}) {
      if (dependent.kind != "view" && dependent.kind != "materialized view" &&
          dependent.kind != "function")
        continue;
      bool hit = dependent.columns.empty() && dying(table.physical, "");
      for (auto& column : columns)
        hit |= std::find(dependent.columns.begin(), dependent.columns.end(), column) !=
               dependent.columns.end();
      if (hit)
        refuse_state("dependent",
                     dependent.kind + " " + dependent.name + " depends on what only \"" +
                         chain.front().name + "\" has of table \"" + logical + "\"",
                     "drop it first; it was created while the migration was in flight");
    }
  }
}

}  // namespace

CompleteReport complete(Session& session, const std::optional<std::string>& version,
                        const CompleteOptions& options) {
  History history = session.history();
  if (history.unfinished) return resume(session, history, version, options);
  if (options.skip_on_complete)
    skip_failed_sql(session, {}, "complete", "onComplete", "--skip-on-complete");
  if (auto report = nothing_to_do(session, history, version)) return *report;

  plan::Chain chain = session.models(history.chain);
  check_rules(session, chain[1]);
  refuse_dependents(session, history, chain);
  refuse_dependents_of_views(session, chain.front().schema);
  // The models say all there is to know; what the catalog has beside them is not touched.
  catalog::Snapshot nothing;
  plan::Completion completion = plan::plan_complete(session.around(nothing), chain);
  state::RunRow run;
  run.command = "complete";
  run.ordinal = chain.front().ordinal;
  run.detail = survivors_json(completion.survivors, history.chain);
  journaled(
      session,
      [&] {
        session.store.set_status(run.ordinal, Status::retiring);
        run.id = session.store.insert_run(run, completion.steps);
      },
      Commit::before_others);
  session.execute(run.id, 1, 0, options.kill_after_step, closing(session, run));
  CompleteReport report;
  describe(report, history.chain[0], history.chain[1]);
  return report;
}

}  // namespace pgstrata::engine
