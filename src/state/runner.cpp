#include <fmt/format.h>

#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"
#include "state/store.hpp"

namespace pgstrata::state {
namespace {

std::string key_text(const Names& names) {
  return "pgstrata runner " +
         sql::format("{}", sql::Qualified{names.state_schema, names.base_schema}).str();
}

// A bigint advisory key is shown in pg_locks as two halves, with objsubid 1.
constexpr const char* same_key =
    "l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended($1, 0)";

std::string holder(db::Connection& connection, const Names& names) {
  const auto rows = connection.execute(
      fmt::format("SELECT l.pid, coalesce(nullif(a.application_name, ''), 'unnamed'), a.usename, "
                  "to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS') "
                  "FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE {}",
                  same_key),
      {key_text(names)});
  if (rows.empty()) return "one that has just ended";
  auto text = fmt::format("pid {} ({}", rows.text(0, 0), rows.text_or(0, 1, "unnamed"));
  if (!rows.is_null(0, 2)) text += ", user " + rows.text(0, 2);
  if (!rows.is_null(0, 3)) text += ", since " + rows.text(0, 3);
  return text + ")";
}

// Behind a pooler a session lock belongs to whoever gets that server connection next. The process
// number that the other side gave us at connecting is then not that of the backend.
[[noreturn]] void refuse_pooler() {
  throw Error(Exit::connection, "pooler",
              "the connection goes through a pooler, where session locks do not hold", {},
              "give a URL that reaches the server itself");
}

}  // namespace

struct Runner::State {
  State(const db::ConnectionOptions& options, Names wanted)
      : connection(options), names(std::move(wanted)) {}

  void lock() {
    const auto got = connection.execute(
        fmt::format("SELECT CASE WHEN pg_backend_pid() = {} THEN "
                    "pg_try_advisory_lock(hashtextextended({}, 0)) END",
                    connection.backend_pid(), sql::quote_literal(key_text(names))));
    if (got.is_null(0, 0)) refuse_pooler();
    if (got.boolean(0, 0)) return;
    throw Error(Exit::state, "another-runner",
                "another command is at work here: " + holder(connection, names), names.base_schema,
                "wait for it, or end it");
  }

  // Waits for transactions of an earlier runner that have passed the fence; they end by themselves.
  void take_token(const std::string& command) {
    try {
      // Keepalives: the server notices the death of our host within two minutes. The token need not
      // be on disk: the journal that is written under it will be.
      token =
          connection
              .execute(fmt::format(
                  "SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; "
                  "SET tcp_keepalives_count = 6; SET lock_timeout = '10s'; "
                  "SET synchronous_commit = off; "
                  "INSERT INTO {0} AS r (base_schema, token, application, pid, acquired_at) "
                  "VALUES ({1}, 1, {2}, pg_backend_pid(), clock_timestamp()) "
                  "ON CONFLICT (base_schema) DO UPDATE SET token = r.token + 1, application = {2}, "
                  "pid = pg_backend_pid(), acquired_at = clock_timestamp() RETURNING token",
                  state_object(names, "runners"), sql::quote_literal(names.base_schema),
                  sql::quote_literal(command)))
              .integer(0, 0);
    } catch (const db::SqlError& error) {
      if (!error.lock_not_available()) throw;
      throw Error(Exit::state, "another-runner",
                  "the last transaction of an earlier command has not ended yet", names.base_schema,
                  "run the same command again; pg_stat_activity shows it as pgstrata");
    }
  }

  db::Connection connection;
  Names names;
  std::int64_t token = 0;
};

Runner::Runner(const db::ConnectionOptions& options, const Names& names, const std::string& command)
    : state_(std::make_unique<State>(options, names)) {
  state_->lock();
  state_->take_token(command);
}

Runner::~Runner() = default;

std::int64_t Runner::token() const {
  return state_->token;
}

bool Runner::still_holds() {
  try {
    return !state_->connection
                .execute(
                    fmt::format("SELECT 1 FROM pg_locks l WHERE l.pid = pg_backend_pid() AND {}",
                                same_key),
                    {key_text(state_->names)})
                .empty();
  } catch (const db::SqlError& error) {
    if (error.connection_lost()) return false;
    throw;
  }
}

}  // namespace pgstrata::state
