// StatusReport: the versions of one base schema and the command in flight, if any.
//
// Plain value types; safe to copy between threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pgstrata {

struct VersionStatus {
  std::string name;
  std::string schema;  // the version schema; of an unpublished version: the name it will get
  int ordinal = 0;
  // "starting", "live", "retiring", "retired", "rolling_back", "rolled_back"
  std::string status;
  std::string kind;         // "baseline", "migration"
  double age_seconds = -1;  // since it was published; -1 not yet
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
