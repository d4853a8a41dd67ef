// CREATE and DROP INDEX CONCURRENTLY: outside a transaction, so idempotent by a probe.
//
// Without lock_timeout (one that fires leaves an INVALID index, which the retry and even its DROP
// trip over); the watchdog has the budget and names the blocker. An invalid unique index can
// already refuse writes of the older versions, so a ruin is dropped at once, before anything else.
// A build that a killed engine left running was ended when this runner took over (state::Runner).
#include <fmt/format.h>

#include "engine/step_runner.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {
namespace {

std::string qualified(const plan::IndexBuild& index) {
  return sql::format("{}", sql::Qualified{index.schema, index.index}).str();
}

enum class Found { nothing, valid, invalid };

// Only an index of that name on that table is ours.
Found probe(db::Connection& connection, const plan::IndexBuild& index) {
  const auto rows = connection.execute(
      "SELECT i.indisvalid, t.relname = $2 FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid "
      "WHERE i.indexrelid = to_regclass($1)",
      {qualified(index), index.table});
  if (rows.empty()) return Found::nothing;
  if (!rows.boolean(0, 1))
    throw Error(Exit::state, "name-taken", "an index of that name belongs to another table",
                qualified(index));
  return rows.boolean(0, 0) ? Found::valid : Found::invalid;
}

}  // namespace

void StepRunner::build_index(const state::StepRow& row) {
  const auto& index = row.step.index.value();
  if (probe(connection_, index) == Found::invalid) drop_remnant(index);
  if (probe(connection_, index) == Found::nothing) {
    try {
      run_watched(row.step.title, row.step.statements.at(0));
    } catch (const db::SqlError& error) {
      if (error.connection_lost()) throw;
      if (!clear_remnant(index))
        progress_.note(fmt::format("the unfinished index {} is left; the same command drops it",
                                   qualified(index)));
      throw;
    } catch (const Error&) {
      clear_remnant(index);
      throw;
    }
  }
  record(row);
}

void StepRunner::drop_index(const state::StepRow& row) {
  const auto& index = row.step.index.value();
  if (probe(connection_, index) != Found::nothing)
    run_watched(row.step.title, row.step.statements.at(0));
  record(row);
}

void StepRunner::drop_remnant(const plan::IndexBuild& index) {
  run_watched("unfinished index " + qualified(index),
              "DROP INDEX CONCURRENTLY IF EXISTS " + qualified(index));
}

// After a failure: what blocked the build can block the DROP as well, so it gets five seconds.
bool StepRunner::clear_remnant(const plan::IndexBuild& index) {
  try {
    if (probe(connection_, index) != Found::invalid) return true;
    connection_.execute("SET statement_timeout = '5s'");
    connection_.execute("DROP INDEX CONCURRENTLY IF EXISTS " + qualified(index));
    connection_.execute("SET statement_timeout = 0");
    return true;
  } catch (const db::SqlError& error) {
    if (!error.connection_lost()) connection_.execute("SET statement_timeout = 0");
    return false;
  }
}

void StepRunner::run_watched(const std::string& object, const std::string& statement) {
  connection_.execute(store_.fence_sql(runner_.token()));
  const Watchdog::Watch watching(dog_, object, true);
  try {
    connection_.execute(statement);
  } catch (const db::SqlError& error) {
    if (!error.canceled() || !dog_.gave_up()) throw;
    throw Error(Exit::locks, "lock-budget",
                fmt::format("gave up after {} s without progress: blocked by {}",
                            options_.locks.total.count(), db::sentence(dog_.seen())),
                object, "end what blocks it and run the same command again");
  }
}

}  // namespace pgstrata::engine
