#include "engine/step_runner.hpp"

#include "backfill/backfill.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

StepRunner::StepRunner(state::Store& store, db::Connection& connection, state::Runner& runner,
                       const ExecutorOptions& options, report::Progress& progress)
    : store_(store),
      connection_(connection),
      runner_(runner),
      options_(options),
      progress_(progress),
      dog_(connection, progress, options.locks.total),
      attempt_(connection, options.locks.limits(), watch(dog_)) {}

void StepRunner::run(std::int64_t run_id, const state::StepRow& row) {
  run_id_ = run_id;
  title_ = row.step.title;
  try {
    if (row.whole)
      dispatch(row);
    else
      dispatch(store_.load_step(connection_, run_id, row));
  } catch (const db::SqlError& error) {
    if (interrupted && error.canceled()) throw_interrupted();
    refuse_if_replaced(row);
    const Error failure = step_error(error, row.step, options_.command);
    if (failure.code() == sql_failed) write_error(row, failure.message());
    throw failure;
  } catch (const Error&) {
    refuse_if_replaced(row);
    throw;
  }
}

// So that a later command may leave it out; without it, it cannot.
void StepRunner::write_error(const state::StepRow& row, const std::string& error) {
  fenced([&] { store_.set_error(run_id_, row.sequence, error); });
}

void StepRunner::write_begun(const state::StepRow& row, const std::string& begun) {
  fenced([&] { store_.set_begun(run_id_, row.sequence, begun); });
}

void StepRunner::fenced(const std::function<void()>& write) {
  db::Transaction transaction(connection_);
  connection_.execute(store_.fence_sql(runner_.token()));
  write();
  transaction.commit();
}

// What a step meets once another runner has gone on says nothing of the migration.
void StepRunner::refuse_if_replaced(const state::StepRow& row) {
  try {
    connection_.execute(store_.fence_sql(runner_.token()));
  } catch (const db::SqlError& error) {
    if (error.fields().table == "runners") throw step_error(error, row.step, options_.command);
  }
}

void StepRunner::dispatch(const state::StepRow& row) {
  switch (row.step.kind) {
    case plan::StepKind::transaction:
    case plan::StepKind::attempt:
    case plan::StepKind::validate:
    case plan::StepKind::publish:
      return journaled(row, row.step.statements);
    case plan::StepKind::concurrently:
      return row.step.index.value().drop ? drop_index(row) : build_index(row);
    case plan::StepKind::backfill:
      return backfill(row);
    case plan::StepKind::user_sql:
      return user_sql(row);
  }
}

void StepRunner::journaled(const state::StepRow& row, const std::vector<std::string>& statements) {
  const auto kind = row.step.kind;
  db::AttemptWork work;
  work.title = row.step.title;
  if (!statements.empty())
    for (const auto& lock : row.step.locks)
      work.locks.push_back(
          {sql::format("{}", sql::Qualified{lock.schema, lock.table}).str(), lock.mode});
  work.statements = joined(statements) + closing(row);
  work.patient = kind == plan::StepKind::validate;
  work.durable = finishes(row);
  const Watchdog::Watch watching(dog_, row.step.title, false);
  attempt_.run(work);
}

std::string StepRunner::closing(const state::StepRow& row) const {
  std::vector<std::string> statements{store_.fence_sql(runner_.token()),
                                      store_.mark_done_sql(run_id_, row.sequence)};
  if (finishes(row))
    statements.insert(statements.end(), options_.closing.begin(), options_.closing.end());
  return joined(statements);
}

// Nobody can queue behind these, so they may wait for the disk, and for a replica.
bool StepRunner::finishes(const state::StepRow& row) const {
  const plan::Step& step = row.step;
  return row.sequence == options_.last_step &&
         (step.kind == plan::StepKind::publish ||
          (step.kind == plan::StepKind::transaction && step.locks.empty() && step.lock.empty()));
}

void StepRunner::finish() {
  db::AttemptWork work;
  work.title = "finish";
  work.statements = joined({store_.fence_sql(runner_.token())}) + joined(options_.closing);
  work.durable = true;
  try {
    attempt_.run(work);
  } catch (const db::SqlError& error) {
    if (interrupted && error.canceled()) throw_interrupted();
    plan::Step step;
    step.title = work.title;
    throw step_error(error, step, options_.command);
  }
}

db::AttemptWatch StepRunner::watch(Watchdog& dog) {
  return {[] { return interrupted.load(); },
          [this](const std::vector<db::Blocker>& blockers, double seconds) {
            progress_.waiting(title_, db::texts(blockers), seconds);
          },
          [&dog] { return dog.seen(); }};
}

void StepRunner::backfill(const state::StepRow& row) {
  backfill::Options options;
  options.connection = options_.connection;
  options.workers = options_.workers;
  options.max_rate = options_.max_rate;
  options.limits.lag = options_.max_lag_mb * 1024 * 1024;
  options.lock_budget = options_.locks.first;
  options.total = options_.locks.total;
  options.interrupted = &interrupted;
  backfill::run(connection_, store_.names(), run_id_, row.sequence, runner_.token(),
                row.step.fill.value(), options, progress_);
  record(row);
}

std::string joined(const std::vector<std::string>& statements) {
  std::string text;
  for (const auto& statement : statements) text += statement + "\n;\n";
  return text;
}

}  // namespace pgstrata::engine
