#include "engine/executor.hpp"

#include <algorithm>
#include <csignal>

#include "engine/step_runner.hpp"

namespace pgstrata::engine {

Executor::Executor(state::Store& store, db::Connection& connection, state::Runner& runner,
                   ExecutorOptions options, report::Progress& progress)
    : store_(store),
      connection_(connection),
      runner_(runner),
      options_(std::move(options)),
      progress_(progress) {}

void Executor::run(std::int64_t run_id) {
  const auto steps = store_.steps(run_id);
  StepRunner runner(store_, connection_, runner_, options_, progress_);
  int number = 0;
  for (const auto& row : steps) {
    ++number;
    if (row.done) continue;
    if (interrupted) throw_interrupted();
    if (row.sequence == options_.stop_before_step) std::raise(SIGKILL);
    progress_.step(number, static_cast<int>(steps.size()), row.step.phase, row.step.title);
    const auto began = std::chrono::steady_clock::now();
    runner.run(run_id, row);
    progress_.step_done(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    if (row.sequence == options_.stop_after_step) std::raise(SIGKILL);
  }
}

}  // namespace pgstrata::engine
