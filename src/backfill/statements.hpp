// The SQL of a backfill. Each form is one statement, thus one transaction, that fills rows, saves
// the cursor and checks two things under its own locks:
//   - the fencing token (assert_runner locks the runner's row until commit);
//   - relfilenode, by pg_relation_filenode(): it reads the catalog as it is after the statement has
//   its
//     lock on the table, not as of the snapshot. Another one means the table was rewritten, and
//     then the cursor is not saved.
// The plain form is the UPDATE itself, so that its command tag counts the rows: returning them to
// be counted costs 5 % of a batch. Its cursor takes the rows of batches before, and it raises where
// the others save nothing. The others return: filled, saved (0 or 1), locked, left.
#pragma once

#include <cstdint>
#include <string>

#include "plan/step.hpp"
#include "state/store.hpp"

namespace pgstrata::backfill {

// What a pass is bound to; everything in it is a constant of the statements.
struct Target {
  state::Names names;
  std::int64_t run = 0;
  int sequence = 0;
  std::int64_t token = 0;
  plan::Fill fill;
  std::int64_t oid = 0, filenode = 0;
};

// Parameters of the forms that save: $1 the cursor's next page, $2 the chunk; then those named
// below.
struct Statements {
  std::string plain;  // $3, $4 the ctid range, $5 rows to be counted; waits for row locks within
                      // lock_timeout
  std::string count;  // $1 rows to be counted, $2 the chunk
  std::string skip_locked;  // $3 … $6 ctid range, pages; what is locked is remembered as a leftover
  std::string revisit;      // $3, $4 ctid range, $5 the leftover's id; it goes when nothing is left
  std::string row_waiting;   // $3 one ctid
  std::string row_skipping;  // $3 one ctid
  std::string defer;         // $3, $4 pages: they become a leftover
  std::string rows_left;     // saves nothing; $1, $2 ctid range: ctids of rows not filled
  std::string probe;  // saves nothing; $1, $2 ctid range: the bare UPDATE, to find a row that fails
};

std::string table_sql(const plan::Fill& fill);
Statements compile(const Target& target);

}  // namespace pgstrata::backfill
