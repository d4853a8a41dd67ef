// rollback: remove the newest version, from whatever state its start or its completion was left in.
#include <algorithm>
#include <set>
#include <span>

#include "engine/commands.hpp"
#include "engine/drift.hpp"
#include "engine/executor.hpp"
#include "engine/in_the_way.hpp"
#include "engine/leftovers.hpp"
#include "pgstrata/error.hpp"
#include "plan/dropped_tables.hpp"
#include "plan/step_builder.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

using state::RunStatus;
using state::Status;

namespace {

void describe(RollbackReport& report, const History& history, int gone) {
  report.removed = history.at(gone).name;
  if (!report.already) report.all_removed = {report.removed};
  for (auto& row : history.chain)
    if (row.ordinal != gone && row.kind != empty_kind) {
      report.version = row.name;
      report.version_schema = row.schema;
    }
}

// A repeated command must not take the next version: where more than one could be meant, it names
// the one that goes.
void require_named(const History& history, const std::optional<std::string>& version) {
  const std::string& newest = history.chain.back().name;
  if (version && *version != newest)
    refuse_state("not-newest",
                 "version \"" + *version +
                     "\" is not the newest version, which is the one that goes: \"" + newest + "\"",
                 "run `pgstrata rollback " + newest + "`");
  if (!version && history.chain.size() > 2)
    throw Error(Exit::usage, "version-needed",
                "three or more versions are live: say which one goes", {},
                "`pgstrata rollback " + newest + "` removes the newest");
}

// A completion that has done nothing but rename the old schema away can be taken back.
void take_back_completion(Session& session, History& history) {
  const state::RunRow run = *history.unfinished;
  const state::VersionRow retiring = history.at(run.ordinal);
  for (auto& step : session.store.steps(run.id))
    if (step.done && step.step.kind != plan::StepKind::publish)
      refuse_state("completing",
                   "the completion that retires version \"" + retiring.name +
                       "\" has begun to change tables",
                   "run `pgstrata complete " + retiring.name +
                       "` to finish it; only forward is possible now");
  const catalog::Snapshot snapshot = session.snapshot_of(history, {});
  const model::Version version = session.model(retiring);
  plan::Step back = plan::unretire(session.around(snapshot), version);
  bool hidden = !retiring.schema.empty() && !session.schema_exists(retiring.schema);
  journaled(session, [&] {
    if (hidden) {
      find_hidden_schema(session, version);
      session.connection.execute(back.statements.front());
    }
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

// Indexes that a killed `sql` start left half built.
std::vector<plan::Step> drop_leftovers(Session& session, const History& history) {
  std::vector<plan::Step> steps;
  if (!history.unfinished) return steps;
  db::Attempt attempt(session.connection, session.lock_budget().limits(),
                      {[] { return interrupted.load(); },
                       [&](const std::vector<db::Blocker>& blockers, double seconds) {
                         session.progress.waiting("an index left half built", db::texts(blockers),
                                                  seconds);
                       },
                       {}});
  for (auto& row : session.store.steps(history.unfinished->id))
    if (!row.done && !row.begun.empty())
      for (auto& index : leftovers_since(session.connection, row.begun, attempt))
        steps.push_back(plan::drop_index(index, "rollback", "it was left half built"));
  return steps;
}

bool has_view(Session& session, const std::string& schema, const std::string& name) {
  const std::string view = sql::format("{}", sql::Qualified{schema, name}).str();
  return !session.connection.execute("SELECT pg_catalog.to_regclass($1)", {view}).is_null(0, 0);
}

// Dropped by hand, with our views: there is nothing of them to roll back, and the versions that
// stay show them no more. What a view still shows was renamed or moved.
std::set<std::string> dropped_tables(Session& session, const plan::Chain& chain,
                                     const std::string& schema, const catalog::Snapshot& snapshot) {
  std::set<std::string> gone;
  const model::Version& stays = chain.at(chain.size() - 2);
  for (auto& [logical, table] : stays.tables) {
    if (snapshot.table(table.physical)) continue;
    const model::Table* newest = chain.back().physical_table(table.physical);
    if (has_view(session, stays.schema, table.name) ||
        (newest && has_view(session, schema, newest->name)))
      refuse_state("moved", "table \"" + table.physical + "\" was renamed or moved by hand",
                   "give it its name and its schema back");
    gone.insert(table.physical);
    session.progress.note("table \"" + table.physical + "\" is gone: it was dropped by hand");
  }
  return gone;
}

// The version was rolled back before.
std::optional<RollbackReport> rolled_back_before(const History& history,
                                                 const std::optional<std::string>& version) {
  const state::VersionRow* known = version ? history.newest_named(*version) : nullptr;
  if (!known || known->status != Status::rolled_back || history.chain.empty()) return {};
  RollbackReport report;
  report.already = true;
  describe(report, history, known->ordinal);
  return report;
}

// Nothing in flight: done already, if that was the last thing done.
RollbackReport nothing_to_roll_back(Session& session, const History& history,
                                    const std::optional<std::string>& version) {
  const state::VersionRow& only = history.chain.front();
  const auto last = session.store.last_finished_run();
  if (!version && last && last->command == "rollback") {
    RollbackReport report;
    report.already = true;
    describe(report, history, last->ordinal);
    return report;
  }
  refuse_state("not-in-flight",
               (only.kind == empty_kind ? "no version is live"
                                        : "\"" + only.name + "\" is the only live version") +
                   std::string(": there is nothing to roll back"));
}

RollbackReport resume(Session& session, const History& history, const RollbackOptions& options) {
  const state::RunRow& run = *history.unfinished;
  RollbackReport report;
  report.resumed = true;
  if (options.skip_sql_down)
    report.notes.push_back(
        skip_failed_sql(session, run, "rollback", "rollback", "--skip-sql-down"));
  session.execute(run, 1, 0, options.kill_after_step, when_gone(session, run, Status::rolled_back));
  describe(report, history, run.ordinal);
  return report;
}

void require_any_version(Session& session, const History& history) {
  if (history.chain.empty())
    refuse_state("no-history", "schema \"" + session.names.base_schema + "\" has no versions");
}

RollbackReport rollback_newest(Session& session, const std::optional<std::string>& version,
                               const RollbackOptions& options) {
  History history = session.history();
  require_any_version(session, history);
  if (auto report = rolled_back_before(history, version)) return *report;
  if (history.chain.size() == 1) return nothing_to_roll_back(session, history, version);
  require_named(history, version);
  if (history.unfinished && history.unfinished->command == "rollback")
    return resume(session, history, options);
  if (options.skip_sql_down)
    skip_failed_sql(session, history.unfinished, "rollback", "rollback", "--skip-sql-down");
  if (history.unfinished && history.unfinished->command == "complete")
    take_back_completion(session, history);
  const state::VersionRow newest = history.chain.back();

  plan::Chain chain = session.models(history.chain);
  const plan::Made made = made_by(session, history);
  bool published = !made || made->count("publish") > 0;
  const std::span newest_alone = std::span(chain).last(1);
  const bool restores = published && !without_schema(session, newest_alone).empty();
  RollbackReport report;
  const std::string schema =
      published ? newest.schema : plan::hidden_schema_name(session.support_schema, chain.back());
  refuse_dependents(session, chain, chain.back(), schema,
                    going_with_newest(session, chain, made, schema));
  if (published) refuse_taken_hidden_schema(session, chain.back());
  if (published) report.lost = lost_rows(session, chain);
  for (auto& lost : report.lost)
    session.progress.note(std::to_string(lost.rows) + " rows of " + lost.table + "." + lost.column +
                          " hold values that only version \"" + newest.name +
                          "\" can hold; they are lost");
  const catalog::Snapshot snapshot = session.snapshot_of(history, changed_tables(chain));
  const plan::Chain recorded = chain;
  auto remains = plan::forget_tables(session.around(snapshot), chain,
                                     dropped_tables(session, chain, schema, snapshot));
  check_staying_columns(chain, snapshot);
  check_renamed_twins(chain, snapshot);
  for (auto& line : columns_by_hand(chain, snapshot, made)) session.progress.note(line);
  plan::Surroundings around = session.around(snapshot);
  around.dropped_views = dropped_layers(session, std::span(chain).first(chain.size() - 1));
  plan::Outcome outcome = plan::plan_rollback(around, chain, made);
  refuse_dependents_of_layers(session, chain, chain.back(), outcome.survivors);
  plan::append(outcome.steps, std::move(remains));
  plan::append(outcome.steps, drop_leftovers(session, history));
  refuse_missing_rights(session, history, outcome.steps, false);
  if (newest.kind == "migration" && chain.back().raw_sql && !chain.back().sql_down)
    session.progress.note("the `sql` operation of \"" + newest.name +
                          "\" has no `down`: what it did stays");
  state::RunRow run;
  run.command = "rollback";
  run.ordinal = newest.ordinal;
  run.detail = survivors_json(outcome.survivors, recorded);
  journaled(
      session,
      [&] {
        if (history.unfinished) session.store.finish_run(history.unfinished->id, RunStatus::undone);
        if (!published) find_hidden_schema(session, chain.back());
        if (restores) restore_dropped_schema(session, chain.back());
        session.store.set_status(run.ordinal, Status::rolling_back);
        run.id = session.store.insert_run(run, outcome.steps);
      },
      Commit::before_others);
  session.execute(run, 1, 0, options.kill_after_step, when_gone(session, run, Status::rolled_back));
  describe(report, history, run.ordinal);
  return report;
}

// The newest ones until `last` is the newest; each is a rollback of its own, so the same command
// resumes wherever it was ended.
RollbackReport rollback_to(Session& session, const std::string& last, RollbackOptions options) {
  const History history = session.history();
  require_any_version(session, history);
  const auto at = std::find_if(history.chain.begin(), history.chain.end(),
                               [&](auto& row) { return row.name == last; });
  const bool stays =
      at != history.chain.end() && (at->status == Status::live || at->status == Status::retiring);
  if (!stays)
    refuse_state("unknown-version", "there is no live version \"" + last + "\" to go back to",
                 "`pgstrata status` lists them");
  const int ordinal = at->ordinal;
  RollbackReport report;
  report.already = true;
  report.version = at->name;
  report.version_schema = at->schema;
  std::vector<std::string> removed;
  std::vector<LostRows> lost;
  for (History now = history; now.chain.back().ordinal > ordinal; now = session.history()) {
    const bool resumed = report.resumed;
    report = rollback_newest(session, now.chain.back().name, options);
    options.skip_sql_down = false;  // it was meant for the one that had failed
    report.resumed |= resumed;
    removed.insert(removed.end(), report.all_removed.begin(), report.all_removed.end());
    lost.insert(lost.end(), report.lost.begin(), report.lost.end());
  }
  if (report.already && history.unfinished)
    refuse_state(
        "unfinished",
        "\"" + last + "\" is the newest version; a " + history.unfinished->command +
            " of version \"" + history.at(history.unfinished->ordinal).name + "\" is unfinished",
        how_to_finish(history.unfinished->command, history.at(history.unfinished->ordinal).name));
  report.all_removed = std::move(removed);
  report.lost = std::move(lost);
  return report;
}

}  // namespace

RollbackReport rollback(Session& session, const std::optional<std::string>& version,
                        const RollbackOptions& options) {
  if (version && options.to)
    throw Error(Exit::usage, "usage", "VERSION and --to exclude each other");
  return options.to ? rollback_to(session, *options.to, options)
                    : rollback_newest(session, version, options);
}

}  // namespace pgstrata::engine
