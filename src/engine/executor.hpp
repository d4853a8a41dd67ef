// Runs steps. Knows nothing of migrations: attempts, journal, cancellation and progress are here,
// what to do is in the steps.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "db/attempt.hpp"
#include "db/connection.hpp"
#include "report/progress.hpp"
#include "state/store.hpp"

namespace pgstrata::engine {

struct LockBudget {
  std::chrono::milliseconds first{50};   // wait for the first strong lock of an attempt
  std::chrono::milliseconds further{3};  // for each further one
  std::chrono::seconds total{60};        // without progress, per step; then Exit::locks
  db::AttemptLimits limits() const { return {first, further, total}; }
};

struct ExecutorOptions {
  std::string command;  // whose steps they are: what a failure means, and what to do about it
  db::ConnectionOptions connection;
  LockBudget locks;
  int workers = 0;         // backfill; 0: by cores and load
  double max_rate = 0;     // backfill rows/s; 0 = unlimited
  double max_lag_mb = 16;  // of a replica; 0 = does not matter
  // What ends the run: commits with its last step where that holds no strong lock, else after it.
  // Only this commit waits for the disk; a crash before it loses the newest steps, never others.
  std::vector<std::string> closing = {};
  int last_step = 0;  // its sequence; the executor sets it
  // Crash rig of the tests: SIGKILL to ourselves right after, or before, the step with this
  // sequence.
  int stop_after_step = -1, stop_before_step = -1;
};

// Set from the signal handler; every wait of the executor looks at it and cancels what runs.
extern std::atomic<bool> interrupted;
// Installs SIGINT and SIGTERM handlers that set it; a second signal ends the process at once.
void watch_signals();

class Executor {
 public:
  Executor(state::Store& store, db::Connection& connection, state::Runner& runner,
           ExecutorOptions options, report::Progress& progress);
  // Runs the steps of a run that are not done, in order. Throws Error: Exit::locks with the
  // blockers named, Exit::data when a rule of the migration fails on existing data (23xxx in
  // validate, index, backfill), Exit::connection, Exit::interrupted. What is done stays done.
  void run(std::int64_t run_id);

 private:
  state::Store& store_;
  db::Connection& connection_;
  state::Runner& runner_;
  ExecutorOptions options_;
  report::Progress& progress_;
};

}  // namespace pgstrata::engine
