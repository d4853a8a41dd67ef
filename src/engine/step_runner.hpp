// Runs one step of any kind, with its journal record. Files: step_runner.cpp (transactions,
// attempts, validations), step_index.cpp (concurrent index builds), step_sql.cpp (`sql`
// operations).
#pragma once

#include "db/attempt.hpp"
#include "engine/executor.hpp"
#include "engine/watchdog.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::engine {

class StepRunner {
 public:
  StepRunner(state::Store& store, db::Connection& connection, state::Runner& runner,
             const ExecutorOptions& options, report::Progress& progress);

  // Throws Error; the step is then not done, and nothing of a transactional one is left.
  void run(std::int64_t run_id, const state::StepRow& row);
  // Does the run's closing commit with this step? Otherwise finish() commits it by itself.
  bool finishes(const state::StepRow& row) const;
  void finish();

 private:
  void dispatch(const state::StepRow& row);
  void refuse_if_replaced(const state::StepRow& row);
  void write_error(const state::StepRow& row, const std::string& error);
  void write_begun(const state::StepRow& row, const std::string& begun);
  void fenced(const std::function<void()>& write);

  // Statements, fence and journal record in one transaction.
  void journaled(const state::StepRow& row, const std::vector<std::string>& statements);
  void record(const state::StepRow& row) { journaled(row, {}); }
  std::string closing(const state::StepRow& row) const;
  db::AttemptWatch watch(Watchdog& dog);

  void build_index(const state::StepRow& row);
  void drop_index(const state::StepRow& row);
  void drop_remnant(const plan::IndexBuild& index);
  bool clear_remnant(const plan::IndexBuild& index);
  void run_watched(const std::string& object, const std::string& statement);

  void user_sql(const state::StepRow& row);
  void user_sql_outside(const state::StepRow& row, db::Connection& own, Watchdog& dog);
  bool done_before(const state::StepRow& row, db::Connection& own, const std::string& statement);
  void run_outside(const state::StepRow& row, db::Connection& own, Watchdog& dog,
                   const std::string& statement);
  void clear_leftovers(db::Connection& own, const std::string& begun);

  void backfill(const state::StepRow& row);

  state::Store& store_;
  db::Connection& connection_;
  state::Runner& runner_;
  const ExecutorOptions& options_;
  report::Progress& progress_;
  Watchdog dog_;
  db::Attempt attempt_;
  std::int64_t run_id_ = 0;
  std::string title_;  // of the step that runs
};

// Complete statements as one text; a trailing comment or a missing semicolon cannot join two of
// them.
std::string joined(const std::vector<std::string>& statements);

// The code of the error of a statement of the migration's own.
inline constexpr const char* sql_failed = "sql-failed";

// What a server's error in a step means to the user.
Error step_error(const db::SqlError& error, const plan::Step& step, const std::string& command);

[[noreturn]] void throw_interrupted();

}  // namespace pgstrata::engine
