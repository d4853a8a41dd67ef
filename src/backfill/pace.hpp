// Pace: how many pages a batch takes, and how many rows a second all workers may fill.
//
// Pure but for the clock that is passed in.
#pragma once

#include <chrono>
#include <mutex>

namespace pgstrata::backfill {

using Clock = std::chrono::steady_clock;

// Pages of the next batch of one worker, from the time that earlier ones took. A batch that runs
// into its limits was work for nothing, so each such one lets the aim sink below the target for a
// while. On two cores with a load of 12, 0.1 to 0.4 % of the batches of one worker did, 1.1 to 2.8
// % of those of two.
class BatchSize {
 public:
  explicit BatchSize(std::chrono::milliseconds target)
      : target_(static_cast<double>(target.count())) {}

  int pages() const { return pages_; }
  void took(int pages, Clock::duration span);
  void timed_out();

 private:
  static constexpr int first = 16, limit = 256;
  double target_;       // ms
  double aim_ = 0.8;    // share of the target that is aimed at
  double page_ms_ = 0;  // moving average; 0 = not known
  int pages_ = first;
};

// How long a worker rests after a batch while others are at work: three quarters of the time. With
// 400 transactions a second beside it (2 cores, fsync on; the WAL of the fill is what their commits
// wait for) their p95 was 1.9 times the idle one; at full speed it was eight times, at 40 % of the
// time six.
inline Clock::duration rest_after(Clock::duration batch) {
  return batch * 3;
}

// Are transactions other than the fill's own going on? From counters of the whole database, which
// the server brings up to date once a second.
class Foreground {
 public:
  // `transactions`: of the database so far; `own`: ours among them.
  bool busy(std::int64_t transactions, std::int64_t own, Clock::time_point now);

 private:
  static constexpr double few = 50;  // per second: not worth resting for
  std::int64_t transactions_ = -1, own_ = 0;
  Clock::time_point at_{};
  bool busy_ = false;
};

// Token bucket over all workers; thread-safe. A worker sleeps off the rows it has filled.
class Rate {
 public:
  explicit Rate(double rows_per_second) : rows_per_second_(rows_per_second) {}

  void set(double rows_per_second);  // 0 = unlimited
  // Rows were filled at `now`: when may the next batch begin?
  Clock::time_point after(std::int64_t rows, Clock::time_point now);
  // Upper bound for the rows of one batch, so that a slow rate comes in small portions; 0 = none.
  double batch_rows() const;

 private:
  mutable std::mutex mutex_;
  double rows_per_second_;
  Clock::time_point free_at_{};
};

}  // namespace pgstrata::backfill
