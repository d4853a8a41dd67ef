// `sql` operations: the user's own statements, in a session of their own, so that whatever they set
// ends with it.
#include "engine/step_runner.hpp"
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
  db::Attempt(own, limits(), watch(dog)).run(work);
}

// One by one, without a timeout (an index build that is timed out leaves a ruin); journaled
// afterwards. A crash in between runs all of them again: such statements should bear that (IF NOT
// EXISTS).
void StepRunner::user_sql_outside(const state::StepRow& row, db::Connection& own, Watchdog& dog) {
  for (const auto& part : row.step.statements) {
    for (const auto& statement : sql::split_statements(part)) {
      own.execute(store_.fence_sql(runner_.token()));
      const Watchdog::Watch watching(dog, row.step.title, true);
      try {
        own.execute(for_session(statement));
      } catch (const db::SqlError& error) {
        if (error.canceled() && dog.gave_up())
          throw Error(Exit::locks, "lock-budget", "gave up: blocked by " + db::sentence(dog.seen()),
                      row.step.title, "end what blocks it and run the same command again");
        throw;
      }
    }
  }
  record(row);
}

}  // namespace pgstrata::engine
