// Backfill: gives rows that existed before the sync trigger their twins.
//
// Set-based UPDATEs over ctid page ranges, each page once, no primary key needed (design.md section
// 8). Invariant: every row version that exists when run() returns has marker = -newest, or its
// translation was already in place. Resumable: the cursor is saved in the statement that fills.
//
// Against one plain UPDATE of the same rows without a trigger (1 and 2 million rows of 120
// B, 15.20, two cores that were never idle): WAL 1.12 to 1.14x, of which 1.12x is PostgreSQL's own
// price for a BEFORE UPDATE trigger; time, median of five, 1.19x with one worker, 1.03x with two. A
// batch costs 0.35 ms beside its rows (fence, cursor, commit), so the more the machine is loaded,
// the smaller the batches and the larger that share. An idle machine has not been measured with
// this code.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "db/connection.hpp"
#include "plan/step.hpp"
#include "report/progress.hpp"
#include "state/store.hpp"

namespace pgstrata::backfill {

struct Options {
  db::ConnectionOptions connection;  // workers open their own
  int workers = 1;
  double max_rate = 0;  // rows/s over all workers; 0 = unlimited
  std::chrono::milliseconds batch_target{10};
  std::chrono::milliseconds lock_budget{50};  // a single page may wait this long
  std::chrono::seconds total{60};  // without progress, then Exit::locks with the holders named
  const std::atomic<bool>* interrupted = nullptr;
};

// Fills one table to the end. `connection` is the runner's own (used for cursors and reports).
// Throws Error: Exit::locks, Exit::data (a translation or rule fails on a row; names it),
// Exit::interrupted.
void run(db::Connection& connection, const state::Names& names, std::int64_t run_id, int sequence,
         std::int64_t token, const plan::Fill& fill, const Options& options,
         report::Progress& progress);

}  // namespace pgstrata::backfill
