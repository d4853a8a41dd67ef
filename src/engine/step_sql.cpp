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
  db::Attempt(own, limits(), watch(dog)).run(work);
}

// One statement, without a timeout (an index build that is timed out leaves a ruin); journaled
// before and afterwards. A crash in between runs it again, once what it left half done is away.
void StepRunner::user_sql_outside(const state::StepRow& row, db::Connection& own, Watchdog& dog) {
  const bool again = is_begun_note(row.error);
  const std::string note = again ? row.error : begun_note(own);
  if (again)
    for (auto& index : leftovers_since(own, note)) {
      progress_.note("dropping index " + index.index +
                     ", which an earlier command left half built");
      drop_remnant(index);
    }
  else
    write_error(row, note);
  for (const auto& part : row.step.statements)
    for (const auto& statement : sql::split_statements(part)) {
      own.execute(store_.fence_sql(runner_.token()));
      const Watchdog::Watch watching(dog, row.step.title, true);
      try {
        own.execute(for_session(statement));
      } catch (const db::SqlError& error) {
        if (error.connection_lost()) throw;
        if (again && says_done_already(error.sqlstate())) {
          progress_.note("an earlier command had done this: " + error.fields().message);
          continue;
        }
        clear_leftovers(own, note);
        if (error.canceled() && dog.gave_up())
          throw Error(Exit::locks, "lock-budget", "gave up: blocked by " + db::sentence(dog.seen()),
                      row.step.title, "end what blocks it and run the same command again");
        throw;
      }
    }
  record(row);
}

// After a failure: what blocked a build can block the DROP as well, so it gets five seconds.
void StepRunner::clear_leftovers(db::Connection& own, const std::string& note) {
  try {
    own.execute("SET statement_timeout = '5s'");
    for (auto& index : leftovers_since(own, note))
      own.execute(plan::drop_index_statement(index.schema, index.index));
  } catch (const db::SqlError&) {
    progress_.note("an unfinished index is left; the same command drops it");
  }
}

}  // namespace pgstrata::engine
