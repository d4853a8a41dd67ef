// `sql` operations: the user's own statements, in a session of their own, so that whatever they set
// ends with it.
#include "engine/leftovers.hpp"
#include "engine/step_runner.hpp"
#include "plan/step_builder.hpp"
#include "sql/statements.hpp"

namespace pgstrata::engine {
namespace {

// Outside a transaction SET LOCAL does nothing; the session is ours alone, so SET does the same
// there.
std::string for_session(const std::string& statement) {
  constexpr std::string_view local = "SET LOCAL ";
  return statement.starts_with(local) ? "SET " + statement.substr(local.size()) : statement;
}

}  // namespace

void StepRunner::user_sql(const state::StepRow& row) {
  const auto text = joined(row.step.statements);
  db::Connection own(options_.connection);
  Watchdog dog(own, progress_, options_.locks.total);
  if (sql::runs_outside_transaction(text)) return user_sql_outside(row, own, dog);

  db::AttemptWork work;
  work.title = row.step.title;
  work.statements = text + closing(row);
  const Watchdog::Watch watching(dog, row.step.title, false);
  db::Attempt(own, options_.locks.limits(), watch(dog)).run(work);
}

// One statement, without a timeout (an index build that is timed out leaves a ruin); what is there
// is journaled before it. A crash runs it again, once what it left half done is away, unless the
// catalog proves that it had come to its end.
void StepRunner::user_sql_outside(const state::StepRow& row, db::Connection& own, Watchdog& dog) {
  std::vector<std::string> statements;
  for (const auto& part : row.step.statements)
    for (auto& statement : sql::split_statements(part)) statements.push_back(std::move(statement));
  const std::string last = statements.back();
  statements.pop_back();
  for (const auto& setting : statements) own.execute(for_session(setting));
  if (row.begun.empty()) {
    state::StepRow begun = row;
    begun.begun = begun_note(own, last);
    write_begun(row, begun.begun);
    run_outside(begun, own, dog, last);
  } else if (!done_before(row, own, last)) {
    run_outside(row, own, dog, last);
  }
  record(row);
}

// What an earlier command left half done is away afterwards, or this throws.
bool StepRunner::done_before(const state::StepRow& row, db::Connection& own,
                             const std::string& statement) {
  for (auto& index : leftovers_since(own, row.begun, attempt_)) {
    progress_.note("dropping index " + index.index + ", which an earlier command left half built");
    drop_remnant(index);
  }
  if (!done_since(own, row.begun, statement)) return false;
  progress_.note("an earlier command had done this: " + statement);
  return true;
}

void StepRunner::run_outside(const state::StepRow& row, db::Connection& own, Watchdog& dog,
                             const std::string& statement) {
  own.execute(store_.fence_sql(runner_.token()));
  const Watchdog::Watch watching(dog, row.step.title, true);
  try {
    own.execute(for_session(statement));
  } catch (const db::SqlError& error) {
    if (error.connection_lost()) throw;
    clear_leftovers(own, row.begun);
    if (error.canceled() && dog.gave_up())
      throw Error(Exit::locks, "lock-budget", "gave up: blocked by " + db::sentence(dog.seen()),
                  row.step.title, "end what blocks it and run the same command again");
    throw;
  }
}

// After a failure: what blocked a build can block the DROP as well, so it gets five seconds.
void StepRunner::clear_leftovers(db::Connection& own, const std::string& begun) {
  const auto left = [&] {
    progress_.note("an unfinished index is left; the same command drops it");
  };
  try {
    own.execute("SET statement_timeout = '5s'");
    auto brief = options_.locks.limits();
    brief.total = std::chrono::seconds(5);
    db::Attempt attempt(own, brief, {});
    for (auto& index : leftovers_since(own, begun, attempt))
      own.execute(plan::drop_index_statement(index.schema, index.index));
  } catch (const db::SqlError&) {
    left();
  } catch (const Error&) {
    left();
  }
}

}  // namespace pgstrata::engine
