// PlanReport: what `start`, `complete` and `rollback` of one migration would do, as data.
//
// Planning reads the database and changes nothing. Plain value types; safe to copy between threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgstrata {

// One unit of work and of the journal.
struct PlannedStep {
  std::string command;  // which command runs it: "start", "complete", "rollback"
  std::string phase;  // "expand", "backfill", "index", "validate", "steady", "publish", "retire", …
  std::string kind;       // "transaction", "attempt", "concurrently", "validate", "backfill", …
  std::string title;      // "add twin _abalance_2 to accounts"
  std::string reason;     // why it is there, one sentence
  std::string lock;       // strongest lock mode with its object: "ACCESS EXCLUSIVE on accounts"
  bool scans = false;     // reads every row of the table
  bool rewrites = false;  // writes every row of the table
  std::vector<std::string> statements;  // complete SQL statements, in order
};

// Something to know before running it. `object` is a table, column or index in the new version's
// names, `text` one sentence.
struct PlanNote {
  std::string object;
  std::string text;
};

// What the backfill of one table is expected to cost; from pg_class, so as exact as its last
// ANALYZE.
struct PlanEstimate {
  std::string table;
  std::int64_t rows = 0;
  std::int64_t table_bytes = 0;  // heap and indexes now
  std::int64_t disk_bytes = 0;   // grows by, until completion and vacuum; -1 unknown
  std::int64_t wal_bytes = 0;    // written; -1 unknown
};

struct PlanReport {
  std::string version;            // the version it would make
  std::string version_schema;     // "public_002_amount"
  std::string from;               // the version it stands on; empty: none recorded yet
  bool records_baseline = false;  // there is no history: start records one first
  std::vector<PlannedStep> steps;
  std::vector<PlanNote> path_dependent;  // writes that only search_path can attribute
  std::vector<PlanNote> lossy;           // translations that lose values
  std::vector<PlanNote> raising;         // translations that can fail a write
  std::vector<PlanNote> findings;  // of the pre-checks on existing data; a violation is here too
  std::vector<PlanNote> warnings;  // rules that bind old writers, `sql` without down, …
  std::vector<PlanEstimate> estimates;
  std::vector<std::string> notes;  // anything else, one sentence each
};

}  // namespace pgstrata
