// StatusReport: the versions of one base schema and the command in flight, if any.
//
// Plain value types; safe to copy between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgstrata {

// A physical column that the version brought; of the oldest one: that only it shows. What goes with
// the version, in other words.
struct HeldColumn {
  std::string table, column;  // in the version's names
  std::string physical;
  std::int64_t bytes = -1;     // by PostgreSQL's statistics; -1 unknown
  std::int64_t unfilled = -1;  // rows that the backfill has still to visit, about; -1 unknown
};

struct VersionStatus {
  std::string name;
  std::string schema;  // the version schema; of an unpublished version: the name it will get
  int ordinal = 0;
  // "starting", "live", "retiring", "retired", "rolling_back", "rolled_back"
  std::string status;
  std::string kind;                     // "baseline", "migration"
  double age_seconds = -1;              // since it was published; -1 not yet
  std::vector<HeldColumn> holds;        // live versions, while more than one is
  std::vector<std::string> lossy;       // translations below it that lose values
  std::vector<std::string> dependents;  // views and functions of others that name its views
};

struct UnfinishedRun {
  std::string command;  // "start", "complete", "rollback"
  std::string version;
  int done = 0, total = 0;  // steps
};

struct StatusReport {
  std::string schema;                   // the base schema
  bool initialized = false;             // the state schema exists
  bool in_flight = false;               // more than one version is live, or a run is unfinished
  std::vector<VersionStatus> versions;  // every version ever, by ordinal
  std::optional<UnfinishedRun> unfinished;
  std::vector<std::string> notes;  // drift, what to run next
};

}  // namespace pgstrata
