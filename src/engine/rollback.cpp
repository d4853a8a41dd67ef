// rollback: remove the newest version, from whatever state its start or its completion was left in.
#include "engine/commands.hpp"
#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

using state::RunStatus;
using state::Status;

namespace {

const state::VersionRow& row_of(const History& history, int ordinal) {
  for (auto* rows : {&history.chain, &history.all})  // the chain's have models
    for (auto& row : *rows)
      if (row.ordinal == ordinal) return row;
  throw Error(Exit::failure, "unreadable-state",
              "version " + std::to_string(ordinal) + " of an unfinished run is not recorded");
}

std::vector<std::string> closing(const Session& session, const state::RunRow& run) {
  return {session.store.set_status_sql(run.ordinal, Status::rolled_back),
          session.store.finish_run_sql(run.id, RunStatus::done)};
}

void describe(RollbackReport& report, const History& history, int gone) {
  report.removed = row_of(history, gone).name;
  for (auto& row : history.chain)
    if (row.ordinal != gone && row.kind != empty_kind) {
      report.version = row.name;
      report.version_schema = row.schema;
    }
}

void require_version(const std::optional<std::string>& version, const std::string& newest) {
  if (version && *version != newest)
    refuse_state("not-newest",
                 "version \"" + *version +
                     "\" is not the newest version, which is the one that goes: \"" + newest + "\"",
                 "run `pgstrata rollback " + newest + "`");
}

// A completion that has done nothing but rename the old schema away can be taken back.
void take_back_completion(Session& session, History& history) {
  const state::RunRow run = *history.unfinished;
  const state::VersionRow retiring = row_of(history, run.ordinal);
  for (auto& step : session.store.steps(run.id))
    if (step.done && step.step.kind != plan::StepKind::publish)
      refuse_state("completing",
                   "the completion that retires version \"" + retiring.name +
                       "\" has begun to change tables",
                   "run `pgstrata complete` to finish it; only forward is possible now");
  catalog::Snapshot snapshot = session.snapshot(history, no_dependents);
  plan::Step back =
      plan::unretire(session.around(snapshot), model::version_from_json(retiring.model));
  bool hidden = !retiring.schema.empty() && !session.schema_exists(retiring.schema);
  journaled(session, [&] {
    if (hidden) session.connection.execute(back.statements.front());
    session.store.set_status(run.ordinal, Status::live);
    session.store.finish_run(run.id, RunStatus::undone);
  });
  history = session.history();
}

// What an unfinished start has made; nothing to say of a finished one, which made everything.
plan::Made made_by(Session& session, const History& history) {
  if (!history.unfinished) return {};
  std::set<std::string> made;
  for (auto& row : session.store.steps(history.unfinished->id)) {
    const bool begun = !row.done && row.step.kind == plan::StepKind::concurrently;
    if (row.done || begun) made.insert(row.step.makes);
    if (!row.done) break;
  }
  return made;
}

std::optional<RollbackReport> nothing_to_do(Session& session, const History& history,
                                            const std::optional<std::string>& version) {
  if (history.chain.size() > 1) {
    if (history.chain.size() > 2 && !version)
      throw Error(Exit::usage, "version-needed",
                  "three or more versions are live: say which one goes", {},
                  "`pgstrata rollback " + history.chain.back().name + "` removes the newest");
    return {};
  }
  if (history.chain.empty())
    refuse_state("no-history", "schema \"" + session.names.base_schema + "\" has no versions");
  const state::VersionRow& only = history.chain.front();
  auto last = session.store.last_finished_run();
  RollbackReport report;
  report.already = true;
  if (only.kind != empty_kind) {
    report.version = only.name;
    report.version_schema = only.schema;
  }
  const state::VersionRow* known = version ? history.newest_named(*version) : nullptr;
  if (known && known->status == Status::rolled_back) {
    report.removed = known->name;
    return report;
  }
  if (!version && last && last->command == "rollback") {
    report.removed = row_of(history, last->ordinal).name;
    return report;
  }
  refuse_state("not-in-flight",
               (only.kind == empty_kind ? "no version is live"
                                        : "\"" + only.name + "\" is the only live version") +
                   std::string(": there is nothing to roll back"));
}

RollbackReport resume(Session& session, const History& history,
                      const std::optional<std::string>& version, const RollbackOptions& options) {
  const state::RunRow& run = *history.unfinished;
  require_version(version, row_of(history, run.ordinal).name);
  RollbackReport report;
  report.resumed = true;
  if (options.skip_sql_down)
    report.notes.push_back(
        skip_failed_sql(session, run, "rollback", "rollback", "--skip-sql-down"));
  session.execute(run.id, 1, 0, options.kill_after_step, closing(session, run));
  describe(report, history, run.ordinal);
  return report;
}

}  // namespace

RollbackReport rollback(Session& session, const std::optional<std::string>& version,
                        const RollbackOptions& options) {
  History history = session.history();
  if (history.unfinished && history.unfinished->command == "rollback")
    return resume(session, history, version, options);
  if (options.skip_sql_down)
    skip_failed_sql(session, history.unfinished, "rollback", "rollback", "--skip-sql-down");
  if (history.unfinished && history.unfinished->command == "complete") {
    require_version(version, history.chain.back().name);
    take_back_completion(session, history);
  }
  if (auto report = nothing_to_do(session, history, version)) return *report;
  const state::VersionRow newest = history.chain.back();
  require_version(version, newest.name);

  plan::Chain chain = session.models(history.chain);
  const plan::Made made = made_by(session, history);
  bool published = !made || made->count("publish") > 0;
  RollbackReport report;
  if (published) refuse_dependents_of_views(session, newest.schema);
  if (published) report.lost = lost_rows(session, chain);
  for (auto& lost : report.lost)
    session.progress.note(std::to_string(lost.rows) + " rows of " + lost.table + "." + lost.column +
                          " hold values that only version \"" + newest.name +
                          "\" can hold; they are lost");
  catalog::Snapshot snapshot = session.snapshot(history, no_dependents);
  auto steps = plan::plan_rollback(session.around(snapshot), chain, made);
  if (newest.kind == "migration" && chain.back().raw_sql && !chain.back().sql_down)
    session.progress.note("the `sql` operation of \"" + newest.name +
                          "\" has no `down`: what it did stays");
  state::RunRow run;
  run.command = "rollback";
  run.ordinal = newest.ordinal;
  run.detail = "{}";
  journaled(
      session,
      [&] {
        if (history.unfinished) session.store.finish_run(history.unfinished->id, RunStatus::undone);
        session.store.set_status(run.ordinal, Status::rolling_back);
        run.id = session.store.insert_run(run, steps);
      },
      Commit::before_others);
  session.execute(run.id, 1, 0, options.kill_after_step, closing(session, run));
  describe(report, history, run.ordinal);
  return report;
}

}  // namespace pgstrata::engine
