// Engine: every command of pgstrata as one call.
//
//   pgstrata::Engine engine({.url = "postgresql:///shop"}, progress);
//   engine.start("migrations/002_amount.yaml", {.workers = 2});
//
// The constructor opens nothing; each call connects, works and disconnects. A call throws
// pgstrata::Error and leaves a state from which the same call resumes (error.hpp's Exit says what
// to do). One call at a time per Engine; several engines may work at once, but two that change the
// same base schema exclude each other (Exit::state). An interrupt (watch_signals) ends a call with
// Exit::interrupted.
//
// In every report: `already` says that nothing had to be done because the asked state was there;
// `notes` are sentences for the user, one line each, which were not sent to Progress before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pgstrata/control.hpp"
#include "pgstrata/error.hpp"
#include "pgstrata/plan.hpp"
#include "pgstrata/progress.hpp"
#include "pgstrata/status.hpp"
#include "pgstrata/verify.hpp"

namespace pgstrata {

struct Options {
  std::string url;                // libpq URL or "key=value …"; empty: libpq's environment
  std::string schema = "public";  // base schema
  std::string state_schema = "pgstrata";  // where the engine keeps its own tables
  std::string role;                       // SET ROLE after connecting; empty: none
  int lock_timeout_ms = 50;               // longest wait behind which clients can queue
  std::string application = "pgstrata";   // application_name; the command's name is appended
};

struct StartOptions {
  bool complete = false;            // retire the older version at once: for development databases
  int workers = 0;                  // of the backfill; 0: by the server's cores and load
  double max_rate = 0;              // of the backfill, rows/s; 0: unlimited
  double max_lag_mb = 16;           // of a replica, for which the backfill waits; 0: for none
  bool accept_functions = false;    // functions that name an affected column have been looked at
  bool fire_user_triggers = false;  // those that the plan names may fire for every row it fills
  int kill_after_step = -1;  // tests only: SIGKILL to ourselves once that many steps are done
};

// Without `through` and `all`, one version goes.
struct CompleteOptions {
  std::optional<std::string> through = {};  // the last one to go
  bool all = false;                         // all live versions but the newest go
  bool skip_on_complete = false;            // leave out the onComplete SQL that has just failed
  int kill_after_step = -1;                 // tests only, as of StartOptions
};

struct RollbackOptions {
  std::optional<std::string> to = {};  // the version that is to be the newest; else one goes
  bool skip_sql_down = false;  // leave out the `down` of a `sql` operation that has just failed
  int kill_after_step = -1;
};

// With `complete`, each step is completed before the next.
struct MigrateOptions : StartOptions {
  bool stack = false;                  // each migration is a version of its own
  std::optional<std::string> to = {};  // the last one to be applied
};

struct InitReport {
  bool already = false;
  std::string state_schema;
  std::vector<std::string> notes;
};

struct ValidatedFile {
  std::string file;
  std::string version, version_schema;
  int operations = 0;
  std::vector<Error> problems;  // empty: valid
};

struct ValidateReport {
  bool bound = false;  // expressions were bound on a server; otherwise only the documents were read
  std::vector<ValidatedFile> files;
  std::vector<std::string> notes;
};

struct StartReport {
  bool already = false;
  std::string version, version_schema;
  int ordinal = 0;
  bool completed = false;  // StartOptions::complete was asked and done
  bool resumed = false;    // an earlier, unfinished start was carried on
  std::vector<std::string> notes;
};

struct CompleteReport {
  bool already = false;
  bool resumed = false;
  std::string retired;                   // the version that went; empty if `already` and unknown
  std::vector<std::string> all_retired;  // by this call, oldest first
  std::string version, version_schema;   // the oldest live version now
  std::vector<std::string> notes;
};

// Rows whose values only the removed shape could hold.
struct LostRows {
  std::string table, column;
  std::int64_t rows = 0;
  std::string version = {};
};

struct RollbackReport {
  bool already = false;
  bool resumed = false;
  std::string removed;                   // the version that went; empty if `already` and unknown
  std::vector<std::string> all_removed;  // by this call, newest first
  std::string version, version_schema;   // the newest live version now; empty: none is left
  std::vector<LostRows> lost;
  std::vector<std::string> notes;
};

struct MigrateReport {
  bool already = false;
  std::vector<std::string> applied;     // documents, in order
  std::string to;                       // up to this one, if not to the last
  int waiting = 0;                      // that come behind it
  std::string version, version_schema;  // the newest live version now
  bool completed = false;
  std::vector<std::string> notes;
};

struct BaselineReport {
  bool already = false;
  std::string version, version_schema;
  int ordinal = 0;
  int tables = 0;
  std::vector<std::string> notes;
};

class Engine {
 public:
  // `progress` must outlive the engine.
  Engine(Options options, Progress& progress);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Creates or upgrades the state schema.
  InitReport init();
  // Reads documents; binds their expressions where `Options::url` is given. Changes nothing.
  // Findings about documents are in the report, one Error each; throws only if a given server
  // cannot be used.
  ValidateReport validate(const std::vector<std::string>& files);
  // What start, complete and rollback of the document would do now. Changes nothing.
  PlanReport plan(const std::string& file);

  // Publishes the version the document describes.
  StartReport start(const std::string& file, const StartOptions& options = {});
  // Retires the oldest live version. `version` is the one that goes: required where three or more
  // are live, Exit::usage without it; without it and with one live version: `already` if a complete
  // was the last command to finish, else Exit::state.
  CompleteReport complete(const std::optional<std::string>& version = {},
                          const CompleteOptions& options = {});
  // Removes the newest version; `version` as for complete.
  RollbackReport rollback(const std::optional<std::string>& version = {},
                          const RollbackOptions& options = {});
  // Applies what is pending in a directory, folded into one step.
  MigrateReport migrate(const std::string& directory, const MigrateOptions& options = {});
  // Records the base schema as it is as a version and publishes it. Exit::state where history
  // exists and does not end in this very shape under this very name.
  BaselineReport baseline(const std::string& name);

  StatusReport status();
  // Changes what a running backfill obeys, and says how it is doing.
  ControlReport control(const ControlChange& change);
  // Reads every row of the tables with translations. Differences are in the report; Exit::state
  // while a command is unfinished.
  VerifyReport verify(const std::optional<std::string>& version = {});
  // The newest published version: its schema; its name; a connection string that selects it, which
  // is the user's own (password included, if it holds one) with search_path added. Exit::state if
  // there is none.
  std::string latest_schema();
  std::string latest_migration();
  std::string latest_url();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pgstrata
