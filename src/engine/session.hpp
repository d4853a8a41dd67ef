// One command at work: its connections, what the state schema says, what the catalog says.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/read.hpp"
#include "db/connection.hpp"
#include "engine/executor.hpp"
#include "model/version.hpp"
#include "pgstrata/engine.hpp"
#include "plan/planner.hpp"
#include "state/store.hpp"

namespace pgstrata::engine {

// The live part of a base schema's history, oldest first; the unpublished newest version included.
struct History {
  std::vector<state::VersionRow> all;
  std::vector<state::VersionRow> chain;
  std::optional<state::RunRow> unfinished;
  const state::VersionRow* newest_named(const std::string& name) const;  // of any status
  int next_ordinal() const;  // 1 + the highest there ever was, rolled back ones included
  // Throws where none is recorded.
  const state::VersionRow& at(int ordinal) const;
};

// The shape before the first migration of an empty base schema: a version without views.
inline constexpr const char* empty_kind = "empty";
inline constexpr const char* empty_name = "(empty)";
// What tables are recorded as that a first migration finds.
inline constexpr const char* first_baseline_name = "baseline";

// Code of the Error that models() throws where a version ended while they were read, which takes a
// session without the runner's lock. Nothing was shown yet: look again.
inline constexpr const char* changed_meanwhile = "changed";

// For Session::snapshot(): the shapes are all that is wanted.
inline const std::vector<std::string> no_dependents;

// What changes something takes a second connection, for its runner; it is opened beside the first.
enum class Purpose { looks, changes };

class Session {
 public:
  Session(const Options& options, const std::string& command, Progress& progress,
          Purpose purpose = Purpose::looks);

  // For Purpose::changes. Creates or upgrades the state schema, then takes the right to change the
  // base schema.
  void acquire();
  bool initialized() const { return store.exists(); }

  History history();
  plan::Chain models(const std::vector<state::VersionRow>& rows) const;
  model::Version model(const state::VersionRow& row) const { return models({row}).front(); }
  // `dependents_of`, `look`: as catalog::read says.
  catalog::Snapshot snapshot(const History& history,
                             const std::optional<std::vector<std::string>>& dependents_of = {},
                             const catalog::Look& look = {});
  // Of these tables alone, by their physical names.
  catalog::Snapshot snapshot_of(const History& history, const std::vector<std::string>& tables);
  plan::Surroundings around(const catalog::Snapshot& snapshot);
  // What names in a migration mean to its author: the base schema, then the role's own search_path.
  std::string user_path() const;
  catalog::ServerBinder binder(const catalog::Snapshot& snapshot);

  // Runs the run's remaining steps, then `closing`. `kill_after_step`: for the crash rig.
  void execute(const state::RunRow& run, int workers, double max_rate, int kill_after_step,
               std::vector<std::string> closing, double max_lag_mb = 16);
  LockBudget lock_budget() const;
  // Where PostgreSQL is asked about a table that is not there, in a transaction that is rolled
  // back.
  sql::Qualified stand_in() const { return {scratch_schema(), "pgstrata_try"}; }
  std::string scratch_schema() const;
  bool schema_exists(const std::string& schema);
  void require_schema();  // the base schema
  std::string version_schema(const std::string& version, const std::string& where) const;

  const Options options;
  db::ConnectionOptions connection_options;
  std::future<std::unique_ptr<db::Connection>> runners_connection;
  db::Connection connection;
  state::Names names;
  state::Store store;
  std::unique_ptr<state::Runner> runner;
  Progress& progress;
  std::string support_schema;

 private:
  std::vector<std::string> our_schemas(const History& history);
  [[noreturn]] void refuse_missing_schema() const;
};

// Statements and store calls in one transaction that the fence guards. A commit that others of the
// same command follow need not wait for the disk: WAL is written in order.
enum class Commit { durable, before_others };
template <typename Work>
void journaled(Session& session, Work work, Commit commit = Commit::durable) {
  std::string opening;
  if (commit == Commit::before_others) opening = "SET LOCAL synchronous_commit = off;";
  if (session.runner) opening += session.store.fence_sql(session.runner->token());
  db::Transaction transaction(session.connection, opening);
  work();
  transaction.commit();
}

}  // namespace pgstrata::engine
