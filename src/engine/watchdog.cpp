#include "engine/watchdog.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/executor.hpp"

namespace pgstrata::engine {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds tick{20}, cancel_again{100};
constexpr milliseconds first_look{1000}, look_at_attempt{50}, look_at_long{250}, report_again{1000};

// Changes whenever an index build gets on; empty for other statements.
constexpr const char* progress_of =
    "SELECT concat_ws(' ', phase, lockers_done, blocks_done, tuples_done) FROM "
    "pg_stat_progress_create_index "
    "WHERE pid = $1";

}  // namespace

struct Watchdog::State {
  State(db::Connection& watched_connection, report::Progress& watcher, std::chrono::seconds budget)
      : watched(watched_connection), progress(watcher), total(budget), pid(watched.backend_pid()) {}

  void loop() {
    std::unique_lock lock(mutex);
    while (!ending) {
      wake.wait_for(lock, active ? tick : milliseconds(500));
      if (!active || ending) continue;
      const auto now = Clock::now();
      if (interrupted && now - cancelled >= cancel_again) {
        cancelled = now;
        watched.cancel();
      }
      if (now - began >= first_look &&
          now - looked >= (long_statement ? look_at_long : look_at_attempt)) {
        looked = now;
        look(now);
      }
    }
  }

  // Runs under the mutex: a watch ends only when a look has ended.
  void look(Clock::time_point now) {
    try {
      if (!own) own.emplace(watched.options());
      auto found = db::blockers_of(*own, pid);
      if (!found.empty()) blockers = found;
      if (!long_statement) return;
      const auto state = own->execute(progress_of, {std::to_string(pid)});
      const auto text = state.empty() ? std::string() : state.text_or(0, 0, "");
      if (found.empty() || text != last_progress || found != last_found) moved = now;
      last_progress = text;
      last_found = found;
    } catch (const db::SqlError&) {
      own.reset();  // watching is best effort: no slot, or an administrator ended it
      return;
    }
    if (!last_found.empty() && now - reported >= report_again) {
      reported = now;
      progress.waiting(object, db::texts(blockers),
                       std::chrono::duration<double>(now - began).count());
    }
    if (!last_found.empty() && now - moved >= total && now - cancelled >= cancel_again) {
      gave_up = true;
      cancelled = now;
      watched.cancel();
    }
  }

  db::Connection& watched;
  report::Progress& progress;
  const std::chrono::seconds total;
  const int pid;

  mutable std::mutex mutex;
  std::condition_variable wake;
  bool active = false, ending = false, long_statement = false, gave_up = false;
  std::string object, last_progress;
  std::vector<db::Blocker> blockers, last_found;
  Clock::time_point began, looked, reported, cancelled, moved;
  std::optional<db::Connection> own;
  std::thread thread;
};

Watchdog::Watchdog(db::Connection& watched, report::Progress& progress, std::chrono::seconds total)
    : state_(std::make_unique<State>(watched, progress, total)) {
  state_->thread = std::thread([this] { state_->loop(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
}

Watchdog::Watch::Watch(Watchdog& dog, std::string object, bool long_statement) : dog_(dog) {
  auto& state = *dog_.state_;
  {
    const std::lock_guard lock(state.mutex);
    state.object = std::move(object);
    state.long_statement = long_statement;
    state.gave_up = false;
    state.blockers.clear();
    state.last_found.clear();
    state.last_progress.clear();
    state.began = state.moved = Clock::now();
    state.looked = state.reported = state.cancelled = {};
    state.active = true;
  }
  state.wake.notify_one();
}

Watchdog::Watch::~Watch() {
  const std::lock_guard lock(dog_.state_->mutex);
  dog_.state_->active = false;
}

std::vector<db::Blocker> Watchdog::seen() const {
  const std::lock_guard lock(state_->mutex);
  return state_->blockers;
}

bool Watchdog::gave_up() const {
  const std::lock_guard lock(state_->mutex);
  return state_->gave_up;
}

}  // namespace pgstrata::engine
