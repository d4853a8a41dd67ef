// Steps that may run at the same time, on two connections.
#pragma once

#include <mutex>
#include <vector>

#include "engine/executor.hpp"

namespace pgstrata::engine {

// Progress promises calls from one thread at a time.
class SharedProgress final : public report::Progress {
 public:
  explicit SharedProgress(report::Progress& to) : to_(to) {}
  void step(int number, int total, const std::string& phase, const std::string& title) override;
  void step_done(double seconds) override;
  void waiting(const std::string& object, const std::vector<std::string>& blockers,
               double seconds) override;
  void fill(const report::FillProgress& progress) override;
  void note(const std::string& text) override;

 private:
  std::mutex mutex_;
  report::Progress& to_;
};

// One step of a group: its number for progress, and the row.
struct NumberedStep {
  int number = 0;
  const state::StepRow* row = nullptr;
};

// Runs all of them; returns when all are done, or throws the first error once both connections
// rest.
void run_beside(state::Store& store, db::Connection& connection, state::Runner& runner,
                const ExecutorOptions& options, report::Progress& progress, std::int64_t run_id,
                const std::vector<NumberedStep>& steps, int total);

}  // namespace pgstrata::engine
