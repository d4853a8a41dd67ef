// start: read, decide, plan, check, journal, run, publish.
#include <algorithm>

#include "engine/commands.hpp"
#include "engine/drift.hpp"
#include "engine/user_triggers.hpp"
#include "migration/apply.hpp"
#include "model/drift.hpp"
#include "model/from_catalog.hpp"
#include "model/refuse.hpp"
#include "pgstrata/error.hpp"
#include "plan/step_builder.hpp"

namespace pgstrata::engine {

using state::Status;

void refuse_state(const std::string& code, const std::string& message, const std::string& hint) {
  throw Error(Exit::state, code, message, {}, hint);
}

std::string md5(Session& session, const std::string& text) {
  return session.connection.execute("SELECT pg_catalog.md5($1)", {text}).text(0, 0);
}

namespace {

// What only the user can mend is undone at once; what another try can mend is kept for it.
bool keeps_what_is_done(const Error& error) {
  return error.exit() == Exit::locks || error.exit() == Exit::connection ||
         error.exit() == Exit::interrupted ||
         error.exit() == Exit::state;  // another runner took over
}

// What stops it is not mended by another start.
void take_back(Session& session, const std::string& version) try {
  rollback(session, version, {});
} catch (const Error& error) {
  if (error.code() == "another-runner") throw;
  const std::string again = "run the same command again";
  const std::string undoing =
      "run `pgstrata rollback " + version + "`, which goes on with undoing the start";
  std::string hint = error.hint();
  if (const auto at = hint.find(again); at != std::string::npos)
    hint.replace(at, again.size(), undoing);
  else
    hint += (hint.empty() ? "" : "; ") + undoing;
  throw Error(error.exit(), error.code(), error.message(), error.where(), hint);
}

void publish_what_sql_left(Session& session, const state::RunRow& run, int kill_after_step);

void run_start(Session& session, const state::RunRow& run, const model::Version& next,
               const StartOptions& options) {
  try {
    session.execute(run, options.workers, options.max_rate, options.kill_after_step,
                    next.raw_sql ? std::vector<std::string>() : when_published(session, run),
                    options.max_lag_mb);
    if (next.raw_sql) publish_what_sql_left(session, run, options.kill_after_step);
  } catch (const Error& error) {
    if (keeps_what_is_done(error)) throw;
    session.progress.note(std::string(error.what()) + "; undoing what was done of " + next.name);
    take_back(session, next.name);
    throw Error(
        error.exit(), error.code(), error.message(), error.where(),
        (error.hint().empty() ? "" : error.hint() + "; ") +
            (next.raw_sql ? "its version is rolled back; what ran outside a transaction stays"
                          : "everything is as it was before the start"));
  }
}

// A `sql` operation's version has the shape that PostgreSQL shows afterwards.
void publish_what_sql_left(Session& session, const state::RunRow& run, int kill_after_step) {
  History history = session.history();
  const state::VersionRow row = history.chain.back();
  bool planned = session.store.steps(run.id).size() > 1;
  if (!planned) {
    catalog::Snapshot snapshot = session.snapshot(history, no_dependents);
    model::Version before = session.model(row);
    model::Version next = model::version_from_catalog(snapshot, row.ordinal, row.name, row.schema);
    model::keep_column_order(next, before);
    next.raw_sql = true;
    next.sql_down = before.sql_down;
    auto rows = history.chain;
    rows.pop_back();
    auto steps = plan::plan_publish(session.around(snapshot), session.models(rows), next);
    journaled(
        session,
        [&] {
          replace_model(session, next);
          session.store.append_steps(run.id, steps);
        },
        Commit::before_others);
  }
  session.execute(run, 1, 0, kill_after_step, when_published(session, run));
}

void journal_start(Session& session, const Documents& documents, const Prepared& prepared,
                   state::RunRow& run) {
  state::VersionRow row;
  row.ordinal = prepared.next.ordinal;
  row.name = prepared.next.name;
  row.schema = prepared.next.schema;
  row.status = Status::starting;
  row.kind = "migration";
  for (auto& document : documents)
    row.documents.push_back({document.name, md5(session, document.content), document.content});
  run.command = "start";
  run.ordinal = row.ordinal;
  run.detail = "{}";
  journaled(
      session,
      [&] {
        const model::Version& before = prepared.live.back();
        auto change = [&](int ordinal, const model::ModelChange& change) {
          session.store.change_model(ordinal, before.ordinal, change.head, change.tables,
                                     change.gone);
        };
        if (!prepared.refreshed.empty) change(before.ordinal, prepared.refreshed);
        session.store.insert_version(row);
        change(row.ordinal, model::change_of(prepared.next, before));
        run.id = session.store.insert_run(run, prepared.steps);
      },
      Commit::before_others);
}

void resume_unfinished(Session& session, const History& history, const Documents& documents,
                       const StartOptions& options, StartReport& report) {
  const state::RunRow& run = *history.unfinished;
  const state::VersionRow& row = history.at(run.ordinal);
  if (run.command != "start" || row.name != report.version) refuse_unfinished(history);
  if (!has_content(session, row, documents))
    refuse_state("edited", "migration \"" + row.name + "\" was edited since its start began",
                 "run `pgstrata rollback " + row.name + "` first, then start again");
  report.resumed = true;
  report.ordinal = run.ordinal;
  run_start(session, run, session.model(row), options);
}

void record_first_version(Session& session, bool empty) {
  if (empty) return insert_empty(session);
  publish_first_baseline(session);
  session.progress.note("there was no history: the tables of schema \"" +
                        session.names.base_schema + "\" are recorded and published as version \"" +
                        first_baseline_name + "\"");
}

// The journal has all of it now, and it is the most memory that a start holds.
void let_go(Prepared& prepared) {
  prepared.live.clear();
  prepared.steps = {};
  prepared.next.tables.clear();
}

}  // namespace

void finish_own_completion(Session& session, const Documents& documents,
                           const StartOptions& options) {
  if (!options.complete) return;
  History history = session.history();
  bool completing = history.unfinished && history.unfinished->command == "complete";
  if (completing && history.chain.back().name == documents.back().name) complete_all(session);
}

namespace {

// Documents name tables as versions do. What is translated already is issued again.
std::vector<std::string> physical_names(const plan::Chain& live, const Documents& documents) {
  const std::vector<std::string> logical = migration::tables_named(documents);
  std::vector<std::string> names = logical;
  for (auto& version : live)
    for (auto& [known, table] : version.tables) {
      bool named = std::ranges::count(logical, known) > 0;
      for (auto& index : table.indexes) named |= std::ranges::count(logical, index.name) > 0;
      if (named || table.marked) names.push_back(table.physical);
    }
  return names;
}

// What the catalog has now. While several versions are live their models say what belongs to which,
// and the catalog only whether it is there still.
class LookAgain {
 public:
  LookAgain(Session& session, Prepared& prepared, const std::vector<std::string>& names)
      : prepared_(prepared) {
    begin();
    prepared.snapshot = session.snapshot(prepared.history, names, [&](const auto& tables) {
      if (tables.empty()) begin();
      for (const catalog::Table* table : tables) take(*table);
    });
  }

  // Throws where something is not as it was.
  void finish() {
    if (in_flight_) return in_flight_->finish(prepared_.snapshot, prepared_.drift);
    model::Version fresh = refresh_->finish(prepared_.snapshot, prepared_.drift);
    prepared_.refreshed = model::change_of(fresh, prepared_.live.back());
    prepared_.live.back() = std::move(fresh);
  }

 private:
  void begin() {
    refresh_.reset();
    in_flight_.reset();
    if (prepared_.live.size() > 1)
      in_flight_.emplace(prepared_.live);
    else
      refresh_.emplace(prepared_.live.back());
  }

  void take(const catalog::Table& table) {
    if (in_flight_)
      in_flight_->take(table);
    else
      refresh_->take(table);
  }

  Prepared& prepared_;
  std::optional<model::InFlight> in_flight_;  // several versions are live
  std::optional<model::Refresh> refresh_;     // one is
};

// There is no history: what is there will be recorded before the migration starts.
void take_as_it_is(Session& session, Prepared& prepared, const Documents& documents) {
  refuse_foreign_history(session);
  model::Version first;
  first.ordinal = 1;
  prepared.snapshot = take_tables(session, prepared.history, physical_names({}, documents), first);
  prepared.records_empty = prepared.snapshot.tables.empty();
  prepared.records_baseline = !prepared.records_empty;
  if (prepared.records_baseline && documents.back().name == first_baseline_name)
    refuse_state("name-taken",
                 "there is no history, and \"" + documents.back().name +
                     "\" is what the tables as they are will be recorded as",
                 "give the migration another name, or record them first with `pgstrata baseline "
                 "NAME`");
  first.name = prepared.records_empty ? empty_name : first_baseline_name;
  if (prepared.records_baseline)
    first.schema = session.version_schema(first.name, session.names.base_schema);
  prepared.live = {std::move(first)};
  if (prepared.records_baseline)
    refuse_taken_schemas(session, prepared.history, prepared.live.back());
}

// The version has the shape of the one before until the SQL has run.
void prepare_raw_sql(Session& session, Prepared& prepared, const migration::RawSql& operation) {
  const model::Version& before = prepared.live.back();
  if (prepared.live.size() > 1)
    refuse_state("sql-in-flight",
                 "a `sql` migration changes the tables themselves, and version \"" + before.name +
                     "\" is in flight beside \"" + prepared.live.front().name + "\"",
                 "complete or roll back first");
  prepared.next.tables = before.tables;
  prepared.next.raw_sql = true;
  if (operation.down) prepared.next.sql_down = operation.down->value;
  prepared.steps = {plan::user_sql("sql", "run the migration's SQL",
                                   "a `sql` operation is run as it stands", session.user_path(),
                                   operation.up.value)};
  prepared.steps.front().makes = "sql";
  if (!operation.down)
    prepared.notes.push_back("the `sql` operation has no `down`: a rollback cannot undo it");
}

// A draft has every table: it is gone before planning begins.
void draft_next(Session& session, Prepared& prepared, const Documents& documents) {
  const plan::Chain older(prepared.live.begin(), prepared.live.end() - 1);
  auto binder = session.binder(prepared.snapshot);
  model::Draft draft(prepared.live.back(), prepared.snapshot, binder, prepared.next.ordinal,
                     prepared.next.name, prepared.next.schema);
  if (!older.empty()) draft.beside(older);
  for (auto& document : documents) migration::apply(document, draft);
  prepared.next = draft.finish();
  if (!older.empty())
    model::check_replaced(prepared.live, prepared.live.back(), prepared.next, prepared.snapshot,
                          printer_of_defaults(session));
  prepared.notes = draft.notes();
  for (const model::Version& version : prepared.live)
    if (!version.on_complete.empty())
      prepared.notes.push_back("the onComplete SQL of version \"" + version.name +
                               "\" has yet to run: what it changes of a column that this migration "
                               "changes too has to be "
                               "taken back before \"" +
                               version.name + "\" can be retired");
  prepared.functions = model::functions_naming_affected(draft);
}

}  // namespace

Prepared prepare(Session& session, History history, const Documents& documents,
                 bool accept_functions) {
  Prepared prepared;
  prepared.history = std::move(history);
  const std::string& name = documents.back().name;
  std::string schema = session.version_schema(name, documents.back().file);
  if (prepared.history.chain.empty()) {
    take_as_it_is(session, prepared, documents);
  } else {
    prepared.live = session.models(prepared.history.chain);
    LookAgain(session, prepared, physical_names(prepared.live, documents)).finish();
  }
  prepared.next.ordinal = std::max(2, prepared.history.next_ordinal());
  prepared.next.name = name;
  prepared.next.schema = schema;
  refuse_taken_schemas(session, prepared.history, prepared.next);
  if (migration::is_raw_sql(documents.back())) {
    prepare_raw_sql(session, prepared, migration::raw_sql(documents.back()));
    return prepared;
  }
  draft_next(session, prepared, documents);
  if (!prepared.functions.empty() && !accept_functions)
    throw Error(Exit::migration, "functions-affected",
                prepared.functions.front() +
                    (prepared.functions.size() > 1
                         ? " (and " + std::to_string(prepared.functions.size() - 1) + " more)"
                         : ""),
                documents.back().file, "look at it, then give --accept-functions");
  prepared.steps =
      plan::plan_start(session.around(prepared.snapshot), prepared.live, prepared.next);
  return prepared;
}

StartReport start(Session& session, const Documents& documents, const StartOptions& options) {
  StartReport report;
  report.version = documents.back().name;
  report.version_schema = session.version_schema(report.version, documents.back().file);
  History history = session.history();
  if (history.unfinished && history.unfinished->command == "baseline") {
    finish_baseline(session);
    history = session.history();
  }
  if (history.unfinished) {
    resume_unfinished(session, history, documents, options, report);
    return report;
  }
  if (const Applied applied = find_applied(session, history, documents); applied.row) {
    report.already = true;
    report.ordinal = applied.row->ordinal;
    report.version_schema = applied.row->schema;
    if (!applied.note.empty()) report.notes.push_back(applied.note);
    return report;
  }
  // Everything that can be refused is refused before even a baseline is recorded.
  Prepared prepared = prepare(session, std::move(history), documents, options.accept_functions);
  if (!options.fire_user_triggers) refuse_firing(prepared.steps);
  for (auto& finding : check_before(session, prepared))
    session.progress.note(finding.object + ": " + finding.text);
  if (prepared.history.chain.empty()) {
    const bool empty = prepared.records_empty;
    prepared = {};
    record_first_version(session, empty);
    prepared = prepare(session, session.history(), documents, options.accept_functions);
  }
  prepared.snapshot = {};  // what the journal needs takes its room
  state::RunRow run;
  journal_start(session, documents, prepared, run);
  report.ordinal = run.ordinal;
  report.notes = prepared.notes;
  for (auto& line : prepared.drift) report.notes.push_back(line);
  let_go(prepared);
  run_start(session, run, prepared.next, options);
  return report;
}

}  // namespace pgstrata::engine
