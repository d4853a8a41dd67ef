// The engine's own tables: versions, runs with their steps (the journal), backfill cursors, the
// runner.
//
//   versions   one row per version ever: ordinal, name, schema, status, documents, shape
//   models     one row per table of a version that exists now
//   runs       one row per command that changes something: start, complete, rollback of a version
//   steps      the journal: what a run does, in order, and what is done
//   backfills  one row per fill step, with its cursors (backfill_chunks, backfill_leftovers)
//   control    what a running backfill obeys: pause, rate, workers
//   runners    who may work on a base schema now: the fencing token
//
// Plain tables in the state schema, created by schemas/state/001.sql and upgraded by its
// successors. All functions use the given connection; those marked (tx) must run inside the
// caller's transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.hpp"
#include "pgstrata/control.hpp"
#include "plan/step.hpp"

namespace pgstrata::state {

enum class Status { starting, live, retiring, retired, rolling_back, rolled_back };
std::string to_string(Status status);
bool is_ended(Status status);  // such a version is history

struct AppliedDocument {
  std::string name, hash, content;  // sha-256 is not needed: md5 hex of the bytes
};

struct VersionRow {
  int ordinal = 0;
  std::string name;
  std::string schema;  // version schema
  Status status = Status::starting;
  std::string kind;  // "baseline", "migration"
  std::vector<AppliedDocument>
      documents;            // one, or several folded into one step; empty for a baseline
  std::string model;        // model::Version as JSON, without its tables; empty where it is ended
  std::string fingerprint;  // of the base schema when published or completed
  std::string created_at, published_at, ended_at;  // ISO, "" = not yet
};

enum class RunStatus { running, done, undone };

struct RunRow {
  std::int64_t id = 0;
  std::string command;  // "start", "complete", "rollback"
  int ordinal = 0;      // the version it starts, retires or removes
  RunStatus status = RunStatus::running;
  std::string detail;  // JSON of the planner: models after the run. Written, never read back here
};

struct StepRow {
  int sequence = 0;
  plan::Step step;
  bool done = false;  // or left out
  std::string error;  // of the user's SQL, when it was last tried
  bool whole = true;  // false: without its statements, which load_step() fetches
  std::string begun;  // what was there before the user's SQL ran outside a transaction; or empty
};

struct Names {
  std::string state_schema = "pgstrata";
  std::string base_schema = "public";
};

// What another terminal may tell a running backfill.
struct Control {
  bool paused = false;
  std::optional<double> max_rate;  // rows/s, 0 = unlimited; absent: as the command said
  std::optional<int> workers;      // absent: as the command said
};

// What a backfill says of itself.
struct FillReport {
  std::string schema, table;
  std::int64_t pages = 0, pages_done = 0, rows = 0;
  double rows_per_second = 0;
  int workers = 0;
  std::string throttled;    // why it is slower than it could be; empty: it is not
  double age_seconds = -1;  // of the three before; -1: never told
};

// SQL text of a table or function of the state schema, qualified and quoted.
std::string state_object(const Names& names, const std::string& object);

// Calls, for statements of others, that raise 55000 unless `token` is still the runner's and no
// newer release has upgraded the state schema; they take FOR SHARE on the runner's row. The second
// also where `table` (oid) is no longer the file it was.
std::string assert_runner_sql(const Names& names, std::int64_t token);
std::string assert_batch_sql(const Names& names, std::int64_t token, std::int64_t table,
                             std::int64_t filenode);

class Store {
 public:
  Store(db::Connection& connection, Names names);
  const Names& names() const { return names_; }

  // Is there one? An older one too: versions, runs and steps read the same. Creates nothing. Asked
  // once: nobody drops it under us.
  bool exists() const;
  // Creates the schema and its tables, or upgrades them; does nothing where they are right.
  // Throws Error(Exit::state) on a state schema of a newer release, Error(Exit::connection) without
  // rights.
  bool ensure();  // true if it created or upgraded something

  std::vector<VersionRow> versions() const;      // of this base schema, by ordinal
  std::optional<RunRow> unfinished_run() const;  // the newest with status running
  std::optional<RunRow> last_finished_run() const;
  // The first megabyte of steps whole, of the others only what says how to run them: the SQL of ten
  // thousand views is read as it is needed.
  std::vector<StepRow> steps(std::int64_t run) const;
  // On the connection of whoever runs it.
  StepRow load_step(db::Connection& connection, std::int64_t run, const StepRow& row) const;

  void insert_version(const VersionRow& row);  // (tx) without a model: that is set apart
  // (tx) Sets the matching timestamp too; an ended version has no tables any more.
  void set_status(int ordinal, Status status);
  // (tx) `head`, `tables`, `gone`: model::ModelChange. The model becomes this one, or that of
  // version `from` (it may be the same), changed.
  void replace_model(int ordinal, const std::string& head, const std::string& tables);
  void change_model(int ordinal, int from, const std::string& head, const std::string& tables,
                    const std::vector<std::string>& gone);
  // The tables of a model: `take` gets a table's logical name and its JSON, none where version
  // `like` has the same. It may not use the connection. No transaction may be open.
  using TakeTable = std::function<void(const std::string&, const std::optional<std::string>&)>;
  void read_tables(int ordinal, int like, const TakeTable& take) const;
  // Has any of these, which existed when they were read, ended?
  bool ended_since(const std::vector<VersionRow>& rows) const;
  std::int64_t insert_run(const RunRow& row, const std::vector<plan::Step>& steps);  // (tx)
  void append_steps(std::int64_t run, const std::vector<plan::Step>& steps);         // (tx)
  void finish_run(std::int64_t run, RunStatus status);                               // (tx)
  void set_error(std::int64_t run, int sequence, const std::string& error);          // (tx)
  void set_begun(std::int64_t run, int sequence, const std::string& begun);          // (tx)
  void skip_step(std::int64_t run, int sequence);  // (tx) done, and on record as not run

  // SQL texts that others compose into their own transactions or single statements.
  std::string mark_done_sql(std::int64_t run, int sequence) const;
  std::string fence_sql(std::int64_t token) const;
  // For planners that put the change of a status into a step of their own.
  std::string set_status_sql(int ordinal, Status status) const;
  std::string adopt_models_sql(std::int64_t run) const;
  std::string tables_sql(
      int ordinal) const;  // (SELECT …): key, a logical name, and value, its JSON
  std::string finish_run_sql(std::int64_t run, RunStatus status) const;

  Control control() const;
  void change_control(const ControlChange& change);
  // The text of a report, for a transaction of its own; of those of a run that are not over.
  std::string report_fill_sql(std::int64_t run, int sequence, double rows_per_second, int workers,
                              const std::string& throttled) const;
  std::vector<FillReport> fills(std::int64_t run) const;

 private:
  void append_from(std::int64_t run, const std::vector<plan::Step>& steps, std::size_t next);
  db::Connection& connection_;
  Names names_;
  // The installed version, 0 if none; asked again until it is this release's.
  int installed() const;
  [[noreturn]] void refuse_foreign_schema() const;  // for who may not read it
  mutable int installed_ = 0;
};

// The right to change one base schema: a session-level advisory lock on a connection of its own,
// which never idles in a transaction, and a fencing token that every journaled transaction checks.
// One at a time. The lock's bigint key is hashtextextended('pgstrata runner <state>.<base>', 0),
// names quoted. The journal is read after this exists: until then a killed runner's last step may
// still commit.
//
// Every session that works for a runner holds a second lock, shared, of the key 'pgstrata sessions
// <state>.<base>'. A killed engine's server processes work on until they next write to their
// client, so a new runner ends those that still hold it, after it has raised the token. What cannot
// run in a transaction is fenced thereby: join, check the token, run. A session that passed the
// check before the token was raised is one that the new runner finds.
class Runner {
 public:
  // On a connection of its own. `upgrade` makes the state schema what it must be (install_schema),
  // once no other runner of the base schema is at work, on the connection that holds the lock;
  // without it, it is. Throws Error(Exit::state, "another-runner") naming who holds it
  // (application, pid, since when) or which sessions of an earlier runner cannot be ended.
  Runner(std::unique_ptr<db::Connection> connection, const Names& names, const std::string& command,
         const std::function<void(db::Connection&)>& upgrade = {});
  ~Runner();
  std::int64_t token() const;
  // The sessions of an earlier runner that were found at work and ended: "pid 4711 (…)".
  const std::vector<std::string>& ended() const;
  // What this runner's sessions join (db::Connection::join).
  static std::string sessions_group(const Names& names);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pgstrata::state
