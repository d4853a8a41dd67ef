#include "backfill/backfill.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "backfill/worker.hpp"
#include "db/blockers.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::backfill {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look{20}, report_every{200}, ask_control{500}, patience{1000},
    sample_others{1000};

// Runs the workers of one phase of a pass and watches over them: progress, pause and rate from the
// control row, interrupt, and the lock budget. Talks to the server on the runner's own connection.
class Overseer {
 public:
  Overseer(db::Connection& connection, Shared& shared, report::Progress& progress)
      : connection_(connection),
        shared_(shared),
        progress_(progress),
        store_(connection, shared.pass.target.names),
        began_(Clock::now()),
        rows_before_(shared.pass.rows),
        moved_(began_) {}

  void run(int workers, void (Worker::*work)()) {
    for (int i = 0; i < workers; ++i) workers_.push_back(std::make_unique<Worker>(shared_));
    std::atomic<int> running{workers};
    std::vector<std::jthread> threads;
    for (auto& worker : workers_)
      threads.emplace_back([&, one = worker.get()] {
        try {
          (one->*work)();
        } catch (...) {
          shared_.fail(std::current_exception());
        }
        --running;
      });
    try {
      while (running > 0 && !shared_.stop) {
        std::this_thread::sleep_for(look);
        oversee();
      }
    } catch (...) {
      shared_.fail(std::current_exception());
    }
    wait_for_end(running);
    threads.clear();
    workers_.clear();
    report();
    if (const auto error = shared_.error()) std::rethrow_exception(error);
  }

 private:
  // Batches end by themselves within their limits; a single row with a slow translation may not.
  void wait_for_end(const std::atomic<int>& running) {
    for (auto cancel_at = Clock::now() + milliseconds(500); running > 0;
         std::this_thread::sleep_for(milliseconds(2))) {
      if (Clock::now() < cancel_at) continue;
      for (auto& worker : workers_) worker->cancel();
      cancel_at = Clock::now() + milliseconds(200);
    }
  }

  void oversee() {
    const auto& options = shared_.options;
    if (options.interrupted != nullptr && *options.interrupted)
      throw Error(Exit::interrupted, "interrupted", "stopped; the same command resumes");
    const auto now = Clock::now();
    if (now - asked_ >= ask_control) obey_control(now);
    if (now - sampled_ >= sample_others) mind_others(now);
    const auto sum = shared_.rows + shared_.pages_done;
    if (sum != last_sum_ || shared_.paused) moved_ = now;
    last_sum_ = sum;
    if (now - moved_ >= patience) name_blockers(now);
    if (now - moved_ >= options.total)
      throw Error(Exit::locks, "lock-budget",
                  fmt::format("no row could be filled for {} s: blocked by {}",
                              options.total.count(), db::sentence(blockers_)),
                  table_sql(shared_.pass.target.fill),
                  "end what blocks it and run the same command again");
    if (now - moved_ < patience) blockers_.clear();
    if (now - reported_ >= report_every) report();
  }

  void obey_control(Clock::time_point now) {
    asked_ = now;
    const auto control = store_.control();
    shared_.paused = control.paused;
    shared_.rate.set(control.max_rate.value_or(shared_.options.max_rate));
  }

  // Not where the user has said how fast.
  void mind_others(Clock::time_point now) {
    sampled_ = now;
    if (shared_.options.max_rate > 0) return;
    const auto counted = connection_.execute(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = "
        "current_database()");
    shared_.yielding = foreground_.busy(counted.integer(0, 0), shared_.batches, now);
  }

  // Waits are short and far between, so holders of a lock on the table count too.
  void name_blockers(Clock::time_point now) {
    const auto blocked =
        std::ranges::find_if(workers_, [](const auto& worker) { return worker->blocked(); });
    if (blocked == workers_.end()) return;
    auto found = db::blockers_of(connection_, (*blocked)->pid());
    if (found.empty())
      found = db::holders(connection_, table_sql(shared_.pass.target.fill), "ROW EXCLUSIVE");
    if (!found.empty()) blockers_ = std::move(found);
    if (now - told_ < patience) return;
    told_ = now;
    progress_.waiting(table_sql(shared_.pass.target.fill), db::texts(blockers_),
                      std::chrono::duration<double>(now - moved_).count());
  }

  void report() {
    reported_ = Clock::now();
    const auto elapsed = std::chrono::duration<double>(reported_ - began_).count();
    report::FillProgress state;
    state.table = shared_.pass.target.fill.table;
    state.rows = shared_.rows;
    state.rows_before = rows_before_;
    state.pages_total = shared_.pass.pages;
    state.pages_done = std::min<std::int64_t>(shared_.pages_done, state.pages_total);
    state.lock_retries = shared_.retries;
    state.rows_per_second =
        elapsed > 0 ? static_cast<double>(state.rows - rows_before_) / elapsed : 0;
    const auto pages_now = state.pages_done - shared_.pass.pages_done;
    if (pages_now > 0)
      state.seconds_left = elapsed / static_cast<double>(pages_now) *
                           static_cast<double>(state.pages_total - state.pages_done);
    if (!blockers_.empty()) state.blocked_by = db::sentence(blockers_);
    progress_.fill(state);
  }

  db::Connection& connection_;
  Shared& shared_;
  report::Progress& progress_;
  const state::Store store_;
  const Clock::time_point began_;
  const std::int64_t rows_before_;
  Clock::time_point moved_, asked_{}, told_{}, reported_{}, sampled_{};
  Foreground foreground_;
  std::int64_t last_sum_ = -1;
  std::vector<db::Blocker> blockers_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

void run(db::Connection& connection, const state::Names& names, std::int64_t run_id, int sequence,
         std::int64_t token, const plan::Fill& fill, const Options& options,
         report::Progress& progress) {
  const Target step{names, run_id, sequence, token, fill};
  for (;;) {
    const auto pass = open_pass(connection, step, options, progress);
    Shared shared(pass, options);
    Overseer overseer(connection, shared, progress);
    const auto workers = std::min<std::size_t>(std::max(options.workers, 1), pass.chunks.size());
    if (workers > 0) overseer.run(static_cast<int>(workers), &Worker::fill_chunks);
    if (!shared.rewritten && pass.pages > 0) overseer.run(1, &Worker::fill_leftovers);
    if (!shared.rewritten) return;
    progress.note(table_sql(fill) + " was rewritten meanwhile; its backfill starts again");
  }
}

}  // namespace pgstrata::backfill
