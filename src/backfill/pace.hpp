// Pace: how many pages a batch takes, how many rows a second all workers may fill, and how much of
// the time they work while others are at work too.
//
// Pure but for the clock that is passed in.
#pragma once

#include <chrono>
#include <mutex>
#include <vector>

namespace pgstrata::backfill {

using Clock = std::chrono::steady_clock;

// Pages of the next batch of one worker, from the time that earlier ones took. A batch has a price
// beside its rows (0.35 ms), so time alone, which others' load stretches, does not make it smaller
// than `usual`; a batch that runs into its limits was work for nothing, and halves it at once.
class BatchSize {
 public:
  explicit BatchSize(std::chrono::milliseconds target)
      : target_(static_cast<double>(target.count())) {}

  int pages() const { return pages_; }
  void took(int pages, Clock::duration span);
  void timed_out();

 private:
  static constexpr int usual = 16, limit = 256;
  double target_;       // ms
  double aim_ = 0.8;    // share of the target that is aimed at
  double page_ms_ = 0;  // moving average; 0 = not known
  double least_ = usual;
  int pages_ = usual;
};

// Are transactions other than the fill's own going on? From the number of transactions that have
// written anything on the whole server, which is exact at any time, and from the counters of the
// database, which tell of readers too and are a second late.
class Foreground {
 public:
  struct Counted {
    std::int64_t writing, all;
  };
  // `own`: how many of them were ours.
  bool busy(Counted counted, std::int64_t own, Clock::time_point now);

 private:
  // Per second: not worth resting for.
  static constexpr double few_writing = 20, few = 50;
  static constexpr int calm_after = 8;  // looks without any before the fill has the server again

  bool reading(std::int64_t all, std::int64_t own, Clock::time_point now);

  static constexpr double window_seconds = 3;
  struct Window {
    std::int64_t all = 0, own = 0;
    Clock::time_point at{};
  } window_;
  bool readers_ = false;
  Counted last_{-1, -1};
  std::int64_t own_ = 0;
  Clock::time_point at_{};
  int calm_ = calm_after;
};

// What share of the time a worker works while others do. A small commit of our own, timed again and
// again, tells what theirs cost: they wait for the WAL that the fill has written, and for the
// cores. Against what it takes while the fill rests it may cost a third more; the share follows.
class Courtesy {
 public:
  static constexpr int pages =
      4;  // a batch: 130 kB of WAL, which is what a commit can find before it

  void calm(double milliseconds) { calm_.push_back(milliseconds); }  // while the fill rests
  bool knows_calm() const { return calm_.size() >= calm_probes; }
  void forget_calm() { calm_.clear(); }
  void probed(double milliseconds);  // while it works

  double share() const { return share_; }
  double calm_ms() const;
  double probe_ms() const;  // recent

 private:
  static constexpr std::size_t calm_probes = 7, recent_probes = 7;
  // More of a core than `most` is felt by one in twenty of their transactions, whatever a usual
  // commit takes.
  static constexpr double least = 0.1, most = 0.4;
  double share_ = 0.35;
  std::vector<double> calm_, recent_;
};

// How long a worker rests after a batch to work that share of the time.
Clock::duration rest_after(Clock::duration batch, double share);

// Token bucket over all workers; thread-safe. A worker sleeps off the rows it has filled.
class Rate {
 public:
  explicit Rate(double rows_per_second) : rows_per_second_(rows_per_second) {}

  void set(double rows_per_second);  // 0 = unlimited; what was filled before costs no more time
  int changes() const;               // how often it was set to something else
  double limit() const;
  // Rows were filled from `began` to `now`: when may the next batch begin? The time it took counts.
  Clock::time_point after(std::int64_t rows, Clock::time_point began, Clock::time_point now);
  Clock::time_point free_at() const;
  bool binds(Clock::time_point now) const;  // do workers wait for it, or did they just now?
  // Upper bound for the rows of one batch, so that a slow rate comes in small portions; 0 = none.
  double batch_rows() const;

 private:
  mutable std::mutex mutex_;
  double rows_per_second_;
  Clock::time_point free_at_{}, waited_{};
  int changes_ = 0;
};

}  // namespace pgstrata::backfill
