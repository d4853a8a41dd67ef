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
