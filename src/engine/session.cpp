#include "engine/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/executor.hpp"
#include "pgstrata/error.hpp"
#include "plan/step_builder.hpp"
#include "state/schema.hpp"

namespace pgstrata::engine {
namespace {

constexpr int supported_major = 15;

db::ConnectionOptions connection_options_of(const Options& options, const std::string& command) {
  return {.url = options.url,
          .application_name = options.application + " " + command,
          .role = options.role};
}

std::future<std::unique_ptr<db::Connection>> connected_meanwhile(
    const db::ConnectionOptions& options) {
  return std::async(std::launch::async,
                    [options] { return std::make_unique<db::Connection>(options); });
}

[[noreturn]] void refuse_changed() {
  throw Error(Exit::state, changed_meanwhile, "the live versions changed while they were read", "",
              "run the same command again");
}

// What it has like the version below it is neither sent nor parsed.
model::Version read_model(const state::Store& store, const state::VersionRow& row,
                          const model::Version* older) {
  model::Version version = model::head_from_json(row.model);
  auto take = [&](const std::string& logical, const std::optional<std::string>& json) {
    if (json) {
      model::Table table = model::table_from_json(*json);
      if (auto* same = older ? older->physical_table(table.physical) : nullptr)
        model::share(table, *same);
      version.tables.emplace(logical, std::move(table));
      return;
    }
    if (const model::Table* same = older ? older->table(logical) : nullptr)
      version.tables.emplace(logical, *same);
    else
      refuse_changed();
  };
  store.read_tables(row.ordinal, older ? older->ordinal : 0, take);
  return version;
}

}  // namespace

const state::VersionRow* History::newest_named(const std::string& name) const {
  for (auto row = all.rbegin(); row != all.rend(); ++row)
    if (row->name == name) return &*row;
  return nullptr;
}

int History::next_ordinal() const {
  return all.empty() ? 1 : all.back().ordinal + 1;
}

const state::VersionRow& History::at(int ordinal) const {
  for (auto& row : all)
    if (row.ordinal == ordinal) return row;
  throw Error(Exit::failure, "unreadable-state",
              "version " + std::to_string(ordinal) + " of a recorded run is not recorded");
}

Session::Session(const Options& given, const std::string& command, Progress& watch, Purpose purpose)
    : options(given),
      connection_options(connection_options_of(given, command)),
      runners_connection(purpose == Purpose::changes ? connected_meanwhile(connection_options)
                                                     : decltype(runners_connection)()),
      connection(connection_options),
      names{.state_schema = given.state_schema, .base_schema = given.schema},
      store(connection, names),
      progress(watch),
      support_schema(plan::support_schema_name(given.state_schema, given.schema)) {
  if (connection.server_version() / 10000 != supported_major)
    throw Error(Exit::state, "server-version",
                "the server is PostgreSQL " + connection.server_version_text() +
                    "; this release supports PostgreSQL 15",
                {}, "use a PostgreSQL 15 server");
}

void Session::acquire() {
  runner = std::make_unique<state::Runner>(
      runners_connection.get(), names, connection_options.application_name,
      [this](db::Connection& own) { state::install_schema(own, names); });
  connection_options.member_of = state::Runner::sessions_group(names);
  connection.join(connection_options.member_of);
  if (!runner->ended().empty())
    progress.note(fmt::format("ended what an earlier command had left at work: {}",
                              fmt::join(runner->ended(), ", ")));
}

History Session::history() {
  History history;
  if (!store.exists()) return history;
  std::optional<db::Transaction> at_once;  // without the runner's lock, others change it meanwhile
  if (!runner)
    at_once.emplace(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  history.all = store.versions();
  for (auto& row : history.all)
    if (!state::is_ended(row.status)) history.chain.push_back(row);
  history.unfinished = store.unfinished_run();
  return history;
}

plan::Chain Session::models(const std::vector<state::VersionRow>& rows) const {
  plan::Chain chain;
  for (auto& row : rows)
    chain.push_back(read_model(store, row, chain.empty() ? nullptr : &chain.back()));
  if (!runner && !rows.empty() && store.ended_since(rows)) refuse_changed();
  return chain;
}

std::vector<std::string> Session::our_schemas(const History& history) {
  std::vector<std::string> ours{names.state_schema};
  for (auto& row : history.chain) ours.push_back(row.schema);
  if (store.exists())  // other base schemas' views and functions are ours too
    for (auto& row :
         connection
             .execute("SELECT DISTINCT base_schema FROM " + state::state_object(names, "versions"))
             .rows_)
      ours.push_back(plan::support_schema_name(names.state_schema, *row[0]));
  return ours;
}

catalog::Snapshot Session::snapshot(const History& history,
                                    const std::optional<std::vector<std::string>>& dependents_of,
                                    const catalog::Look& look) {
  catalog::Snapshot snapshot = catalog::read(connection, names.base_schema, support_schema,
                                             our_schemas(history), dependents_of, look);
  if (!snapshot.schema_exists) refuse_missing_schema();
  return snapshot;
}

catalog::Snapshot Session::snapshot_of(const History& history,
                                       const std::vector<std::string>& tables) {
  catalog::Snapshot snapshot = catalog::read_named(connection, names.base_schema, support_schema,
                                                   our_schemas(history), tables);
  if (!snapshot.schema_exists) refuse_missing_schema();
  return snapshot;
}

void Session::require_schema() {
  if (!schema_exists(names.base_schema)) refuse_missing_schema();
}

void Session::refuse_missing_schema() const {
  throw Error(Exit::state, "no-schema",
              "there is no schema \"" + names.base_schema + "\" in this database", {},
              "create it, or name another with --schema");
}

plan::Surroundings Session::around(const catalog::Snapshot& snapshot) {
  return {.base_schema = names.base_schema,
          .support_schema = support_schema,
          .snapshot = snapshot,
          .user_path = user_path()};
}

std::string Session::user_path() const {
  const std::string own = connection.given_path();
  return sql::quote_identifier(names.base_schema) +
         (own.empty() || own == "\"\"" ? "" : ", " + own);
}

catalog::ServerBinder Session::binder(const catalog::Snapshot&) {
  return {connection, scratch_schema(), user_path()};
}

std::string Session::scratch_schema() const {
  return store.exists() ? names.state_schema : names.base_schema;
}

LockBudget Session::lock_budget() const {
  return {.first = std::chrono::milliseconds(options.lock_timeout_ms)};
}

void Session::execute(const state::RunRow& run, int workers, double max_rate, int kill_after_step,
                      std::vector<std::string> closing, double max_lag_mb) {
  ExecutorOptions executor{.command = run.command,
                           .connection = connection_options,
                           .locks = lock_budget(),
                           .workers = workers,
                           .max_rate = max_rate,
                           .max_lag_mb = max_lag_mb};
  executor.stop_after_step = kill_after_step;
  executor.closing = std::move(closing);
  Executor(store, connection, *runner, executor, progress).run(run.id);
}

bool Session::schema_exists(const std::string& schema) {
  return !connection.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", {schema})
              .empty();
}

std::string Session::version_schema(const std::string& version, const std::string& where) const {
  std::string schema = names.base_schema + "_" + version;
  if (schema.size() > sql::max_identifier_bytes)
    throw Error(Exit::migration, "name-too-long",
                "the version schema \"" + schema + "\" would have " +
                    std::to_string(schema.size()) + " bytes; PostgreSQL allows 63",
                where, "shorten the file's name");
  return schema;
}

}  // namespace pgstrata::engine
