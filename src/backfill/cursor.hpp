// The cursor of a fill step: chunks of contiguous pages, each with the page that comes next.
//
// The pages are counted once, after the sync trigger is in place, and stored: rows beyond them, and
// rows that move, were written under the trigger. A table that was rewritten since (another
// relfilenode) gets a new count and starts again; rows filled before are passed over. A cursor is
// updated once a batch. An old snapshot elsewhere keeps all its versions, which each update has to
// step over, so a chunk has at most 8,192 pages: a few hundred versions.
#pragma once

#include <cstdint>
#include <vector>

#include "backfill/backfill.hpp"
#include "backfill/statements.hpp"

namespace pgstrata::backfill {

struct Chunk {
  int id = 0;
  std::int64_t next_page = 0, end_page = 0;
};

struct Pass {
  Target target;
  std::int64_t pages = 0, pages_done = 0;
  std::int64_t rows = 0;      // filled by this and earlier runs
  std::vector<Chunk> chunks;  // those with pages to do
};

// Begins a pass, or finds the one to carry on. Waits for the table within the lock budget.
Pass open_pass(db::Connection& connection, const Target& step, const Options& options,
               report::Progress& progress);

}  // namespace pgstrata::backfill
