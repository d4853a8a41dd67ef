// Backfill: gives rows that existed before the sync trigger their twins.
//
// Set-based UPDATEs over ctid page ranges, each page once, no primary key needed (design.md section
// 8). Invariant: every row version that exists when run() returns has marker = -newest, or its
// translation was already in place. Resumable: the cursor is saved in the statement that fills.
//
// Against one plain UPDATE of the same rows without a trigger (300 thousand rows of 120 B, 15.20,
// time of the server's processor, 16 pages or more a batch): 1.15x, which is PostgreSQL's own price
// for a BEFORE UPDATE trigger, in WAL 1.12x; a batch costs 0.35 ms beside its rows (fence, cursor,
// commit).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "backfill/throttle.hpp"
#include "db/connection.hpp"
#include "plan/step.hpp"
#include "report/progress.hpp"
#include "state/store.hpp"

namespace pgstrata::backfill {

struct Options {
  db::ConnectionOptions connection;  // workers open their own
  int workers = 0;                   // 0: `usual_workers`, and one while clients are at work
  int usual_workers = 2;
  double max_rate = 0;  // rows/s over all workers; 0 = unlimited
  Limits limits;        // of lags that the fill waits for
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
