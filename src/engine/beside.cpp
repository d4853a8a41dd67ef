#include "engine/beside.hpp"

#include <atomic>
#include <exception>
#include <thread>

#include "engine/step_runner.hpp"

namespace pgstrata::engine {

void SharedProgress::step(int number, int total, const std::string& phase,
                          const std::string& title) {
  std::lock_guard guard(mutex_);
  to_.step(number, total, phase, title);
}
void SharedProgress::step_done(double seconds) {
  std::lock_guard guard(mutex_);
  to_.step_done(seconds);
}
void SharedProgress::waiting(const std::string& object, const std::vector<std::string>& blockers,
                             double seconds) {
  std::lock_guard guard(mutex_);
  to_.waiting(object, blockers, seconds);
}
void SharedProgress::fill(const report::FillProgress& progress) {
  std::lock_guard guard(mutex_);
  to_.fill(progress);
}
void SharedProgress::note(const std::string& text) {
  std::lock_guard guard(mutex_);
  to_.note(text);
}

void run_beside(state::Store& store, db::Connection& connection, state::Runner& runner,
                const ExecutorOptions& options, report::Progress& progress, std::int64_t run_id,
                const std::vector<NumberedStep>& steps, int total) {
  SharedProgress shared(progress);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
  std::mutex failure_mutex;

  auto work = [&](db::Connection& own) {
    StepRunner steps_of_mine(store, own, runner, options, shared);
    for (std::size_t i = next++; i < steps.size() && !failed; i = next++) {
      if (interrupted) throw_interrupted();
      const auto began = std::chrono::steady_clock::now();
      shared.step(steps[i].number, total, steps[i].row->step.phase, steps[i].row->step.title);
      steps_of_mine.run(run_id, *steps[i].row);
      shared.step_done(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
  };
  auto guarded = [&](auto&& body) {
    try {
      body();
    } catch (...) {
      std::lock_guard guard(failure_mutex);
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  };

  std::thread second([&] {
    guarded([&] {
      db::Connection own(options.connection);
      work(own);
    });
  });
  guarded([&] { work(connection); });
  second.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace pgstrata::engine
