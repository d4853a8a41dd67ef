#include "engine/executor.hpp"

#include <algorithm>
#include <csignal>

#include "engine/beside.hpp"
#include "engine/step_runner.hpp"

namespace pgstrata::engine {

Executor::Executor(state::Store& store, db::Connection& connection, state::Runner& runner,
                   ExecutorOptions options, report::Progress& progress)
    : store_(store),
      connection_(connection),
      runner_(runner),
      options_(std::move(options)),
      progress_(progress) {}

namespace {

// The steps from `first` on that may run beside each other and are not done.
std::vector<NumberedStep> group_at(const std::vector<state::StepRow>& steps, std::size_t first) {
  std::vector<NumberedStep> group;
  for (std::size_t i = first; i < steps.size() && steps[i].step.beside && !steps[i].done; ++i)
    group.push_back({static_cast<int>(i) + 1, &steps[i]});
  return group;
}

}  // namespace

void Executor::run(std::int64_t run_id) {
  const auto steps = store_.steps(run_id);
  const int total = static_cast<int>(steps.size());
  const bool crash_rig = options_.stop_after_step >= 0 || options_.stop_before_step >= 0;
  options_.last_step = options_.closing.empty() || steps.empty() ? 0 : steps.back().sequence;
  bool finished = options_.closing.empty();
  StepRunner runner(store_, connection_, runner_, options_, progress_);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& row = steps[i];
    if (row.done) continue;
    if (interrupted) throw_interrupted();
    if (const auto group = group_at(steps, i); group.size() > 1 && !crash_rig) {
      run_beside(store_, connection_, runner_, options_, progress_, run_id, group, total);
      i += group.size() - 1;
      continue;
    }
    if (row.sequence == options_.stop_before_step) std::raise(SIGKILL);
    progress_.step(static_cast<int>(i) + 1, total, row.step.phase, row.step.title);
    const auto began = std::chrono::steady_clock::now();
    runner.run(run_id, row);
    finished |= runner.finishes(row);
    progress_.step_done(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    if (row.sequence == options_.stop_after_step) std::raise(SIGKILL);
  }
  if (!finished) runner.finish();
}

}  // namespace pgstrata::engine
