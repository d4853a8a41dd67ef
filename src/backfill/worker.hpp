// A worker: one connection that fills ranges, under limits that keep clients from queueing behind
// it.
//
// A range goes plainly first (no row lock of its own, 12 % less WAL); when a lock or a limit stops
// it, by SKIP LOCKED in halves down to a page. Rows that were locked are leftovers: three more
// rounds of SKIP LOCKED, then row by row, alternately skipping and waiting within the lock budget
// (either alone can starve). lock_timeout counts per row, so statement_timeout bounds the whole
// batch: with 5 ms alone, clients that walk the table ahead of a batch waited 500 ms; with 20 ms as
// well, 19 ms.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backfill/cursor.hpp"
#include "backfill/pace.hpp"
#include "db/connection.hpp"

namespace pgstrata::backfill {

// What the workers of a pass share with whoever watches them. Thread-safe.
class Shared {
 public:
  Shared(const Pass& pass, const Options& options)
      : pass(pass),
        options(options),
        statements(compile(pass.target)),
        rate(options.max_rate),
        rows(pass.rows),
        pages_done(pass.pages_done),
        most_workers(static_cast<int>(std::clamp<std::size_t>(pass.chunks.size(), 1, 64))),
        chunks_(pass.chunks.begin(), pass.chunks.end()) {}

  std::optional<Chunk> next_chunk();
  void give_back(const Chunk& rest);  // by a worker that leaves
  bool chunks_left();
  void fail(std::exception_ptr error);  // keeps the first, stops all
  std::exception_ptr error();

  const Pass& pass;
  const Options& options;
  const Statements statements;
  Rate rate;
  std::atomic<std::int64_t> rows, pages_done, retries{0};
  std::atomic<std::int64_t> batches{0};
  std::atomic<bool> stop{false}, rewritten{false};
  std::atomic<bool> held{false};    // no batch begins
  std::atomic<double> share{1};     // of the time that a worker works
  std::atomic<int> batch_pages{0};  // at most; 0: as the time says
  std::atomic<int> workers{1};      // those with a higher number leave
  std::atomic<int> most_workers;

 private:
  std::mutex mutex_;
  std::deque<Chunk> chunks_;
  std::exception_ptr error_;
};

class Worker {
 public:
  Worker(Shared& shared, int number);  // from 0

  void fill_chunks();     // until none is left, or fewer workers are wanted
  void fill_leftovers();  // after all chunks; one worker

  int pid() const { return connection_.backend_pid(); }
  void cancel() { connection_.cancel(); }    // from any thread
  bool blocked() const { return blocked_; }  // from any thread: waits for somebody's lock now

 private:
  struct Filled {
    std::int64_t rows = 0, locked = 0, left = 0;
  };
  struct Stopped {};  // thrown to leave a phase without an error

  void fill_chunk(const Chunk& chunk);
  void fill_range(std::int64_t begin, std::int64_t end, int chunk);
  bool fill_plainly(std::int64_t begin, std::int64_t end, int chunk);
  void save_count() noexcept;
  void skip_range(std::int64_t begin, std::int64_t end, int chunk);
  void skip_page(std::int64_t page, int chunk);
  bool round_over_leftovers();
  void fill_rows(std::int64_t begin, std::int64_t end);
  void fill_row(const std::string& ctid);

  [[noreturn]] void refuse_dropped_rows(const Filled& done) const;
  Filled execute(const std::string& name, const std::string& sql, std::int64_t next_page, int chunk,
                 db::Parameters more);
  void filled(std::int64_t rows);
  [[noreturn]] void leave_rewritten();
  void set_limits(std::chrono::milliseconds lock, std::chrono::milliseconds statement);
  void usual_limits();
  int batch_pages(std::int64_t most) const;
  void wait_for_leave(Clock::time_point until);
  void pause_blocked(std::chrono::milliseconds span);

  Shared& shared_;
  const int number_;
  db::Connection connection_;
  std::int64_t uncounted_ = 0;  // rows filled that no cursor tells of yet; a kill loses this number
  int counting_chunk_ = 0;
  BatchSize size_;
  Clock::time_point began_{}, free_at_{};  // the last batch; the next one
  double rows_per_page_ = 50;
  bool wait_for_rows_ = false;  // alternates
  std::atomic<bool> blocked_{false};
};

std::string tid(std::int64_t page, int line = 0);

}  // namespace pgstrata::backfill
