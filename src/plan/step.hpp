// Steps: the plan as data.
//
// A step is the unit of work, of the journal and of what `plan` shows. It is written into the
// journal before the first one runs, so a resumed command runs exactly what was planned. A step
// either commits together with its journal record, or is idempotent and has a probe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgstrata::plan {

enum class StepKind {
  transaction,   // statements and journal record in one transaction; no lock that conflicts with
                 // writes
  attempt,       // the same under strong locks, taken by attempts (design.md section 10)
  concurrently,  // one CREATE/DROP INDEX CONCURRENTLY outside a transaction, with a probe
  validate,  // one VALIDATE CONSTRAINT: long, SHARE UPDATE EXCLUSIVE, no statement queues behind it
  backfill,  // fills the twins of one table
  user_sql,  // a `sql` operation, in a transaction where PostgreSQL allows it
  publish    // renames a schema and sets a version's status
};

// A table lock an attempt takes before its statements. Never a view.
struct StepLock {
  std::string schema, table;
  std::string mode;  // "ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE"
  bool operator==(const StepLock&) const = default;
};

// StepKind::concurrently
struct IndexBuild {
  std::string schema, table, index;
  bool drop = false;
  bool unique = false;
  bool operator==(const IndexBuild&) const = default;
};

// StepKind::backfill
struct Fill {
  std::string schema, table;  // physical
  std::string marker;         // "_m"
  int newest = 0;             // rows with marker > -newest are filled
  struct Assignment {         // physical column; SQL over the table's columns
    std::string column, expression;
    bool operator==(const Assignment&) const = default;
  };
  std::vector<Assignment> assignments;  // may be empty: only the marker is set
  bool check_rows_kept =
      false;  // a user's BEFORE UPDATE trigger may return NULL: count what it drops
  // Users' triggers: silenced, or these fire, which has to be agreed to. Where they come between
  // the sync triggers only the marker is set, to 16384: the last sync trigger fills.
  bool silenced = false, through_trigger = false;
  std::vector<std::string> fires = {};
  bool operator==(const Fill&) const = default;
};

struct Step {
  std::string phase;  // "expand", "backfill", "index", "validate", "steady", "publish", "retire", …
  StepKind kind = StepKind::transaction;
  std::string title;   // "add twin _abalance_2 to accounts": shown as progress
  std::string reason;  // why it is there, one sentence
  std::string lock;    // strongest lock in words, with its object: "ACCESS EXCLUSIVE on accounts"
  bool scans = false, rewrites = false;  // reads / writes every row of the table
  bool beside = false;                   // may run at the same time as neighbours that say so too
  std::string
      makes;  // what a rollback has to undo if this step was done ("expand t"); see planner.hpp
  std::vector<StepLock> locks;          // attempt only
  std::vector<std::string> statements;  // complete statements, readable
  std::optional<IndexBuild> index;
  std::optional<Fill> fill;
  bool operator==(const Step&) const = default;
};

std::string to_string(
    StepKind kind);  // "transaction", "attempt", …: the word in JSON and in the journal

// JSON of a step for the journal; from_json(to_json(s)) == s. Throws Error(Exit::failure) on a
// document of another release that it cannot read.
std::string to_json(const Step& step);
Step step_from_json(const std::string& json);

}  // namespace pgstrata::plan
