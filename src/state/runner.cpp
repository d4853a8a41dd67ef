#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "db/blockers.hpp"
#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"
#include "state/schema.hpp"
#include "state/store.hpp"

namespace pgstrata::state {
namespace {

std::string key_text(const Names& names) {
  return "pgstrata runner " +
         sql::format("{}", sql::Qualified{names.state_schema, names.base_schema}).str();
}

// How long a runner that is just ending, such as one killed a moment ago, is waited for; and before
// an upgrade, one that is about to wait for the same.
constexpr std::chrono::milliseconds patience{200}, patience_of_upgrade{5000}, pause{20};

// Is a row l of pg_locks of that key? `key`: SQL of its text. A bigint advisory key is shown there
// as two halves, with objsubid 1.
std::string is_lock_of(const char* key) {
  return fmt::format(
      "l.locktype = 'advisory' AND l.objsubid = 1 "
      "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
      "AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended({}, 0)",
      key);
}

std::string holder(db::Connection& connection, const Names& names) {
  const auto rows = connection.execute(
      "SELECT l.pid, coalesce(nullif(a.application_name, ''), 'unnamed'), a.usename, "
      "to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS') "
      "FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.granted AND " +
          is_lock_of("$1"),
      {key_text(names)});
  if (rows.empty()) return "one that has just ended";
  auto text = fmt::format("pid {} ({}", rows.text(0, 0), rows.text_or(0, 1, "unnamed"));
  if (!rows.is_null(0, 2)) text += ", user " + rows.text(0, 2);
  if (!rows.is_null(0, 3)) text += ", since " + rows.text(0, 3);
  return text + ")";
}

[[noreturn]] void refuse_another(const std::string& where, db::Connection& connection,
                                 const Names& names, const std::string& hint) {
  throw Error(Exit::state, "another-runner",
              "another command is at work " + where + ": " + holder(connection, names),
              names.base_schema, hint);
}

// Asks until it is so, or time is up.
bool becomes_true(std::chrono::milliseconds within, auto asked) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!asked()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

// A base schema that a command of another session is at work on, if any is: those that wait for the
// same upgrade are not, yet. One query: an advisory lock for each of thousands of base schemas
// would fill the server's table of locks.
std::optional<std::string> other_at_work(db::Connection& connection, const Names& names) {
  auto keys = nlohmann::json::object();
  for (const auto& row :
       connection.execute("SELECT base_schema FROM " + state_object(names, "runners")).rows_)
    keys[*row[0]] = key_text({names.state_schema, *row[0]});
  const auto found = connection.execute(
      "SELECT k.key FROM json_each_text($1) AS k JOIN pg_locks AS l ON l.granted AND " +
          is_lock_of("k.value") +
          " WHERE l.pid <> pg_backend_pid() AND l.pid NOT IN (SELECT l.pid FROM pg_locks AS l "
          "WHERE NOT l.granted AND " +
          is_lock_of("$2") + ") ORDER BY 1 LIMIT 1",
      {keys.dump(), upgrade_key(names)});
  return found.empty() ? std::optional<std::string>() : found.text(0, 0);
}

}  // namespace

void keep_runners_out(db::Connection& connection, const Names& names) {
  const auto refuse_others = [&](std::chrono::milliseconds within) {
    std::optional<std::string> other;
    if (becomes_true(within, [&] { return !(other = other_at_work(connection, names)); })) return;
    refuse_another(
        "on base schema \"" + *other + "\"", connection, {names.state_schema, *other},
        "the state schema has to be upgraded first: wait for that command or stop it, or "
        "use the older release until then");
  };
  refuse_others(patience_of_upgrade);
  connection.execute("LOCK TABLE " + state_object(names, "runners") + " IN EXCLUSIVE MODE");
  refuse_others(patience);  // that came meanwhile
}

struct Runner::State {
  State(std::unique_ptr<db::Connection> own, Names wanted)
      : owned(std::move(own)), connection(*owned), names(std::move(wanted)) {}

  void lock() {
    const auto taken = [&] {
      return connection
          .execute("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", {key_text(names)})
          .boolean(0, 0);
    };
    if (!becomes_true(patience, taken))
      refuse_another("here", connection, names, "wait for it, or end it");
  }

  // Under the login role, which the earlier runner's sessions have as well; --role may not signal
  // them.
  void end_sessions_of_earlier_runner() {
    if (!connection.options().role.empty()) connection.execute("SET ROLE NONE");
    std::vector<std::string> left;
    // Others of them may end by themselves meanwhile; their process numbers are then anybody's.
    for (const auto& session : db::members(connection, Runner::sessions_group(names))) {
      const bool gone = !is_member(session) || end(session.pid) || !is_member(session);
      (gone ? ended : left).push_back(session.text);
    }
    if (!connection.options().role.empty())
      connection.execute("SET ROLE " + sql::quote_identifier(connection.options().role));
    if (left.empty()) return;
    throw Error(
        Exit::state, "another-runner",
        fmt::format("sessions of an earlier command are still at work: {}", fmt::join(left, ", ")),
        names.base_schema, "have them ended (pg_terminate_backend), then run it again");
  }

  bool is_member(const auto& session) {
    return std::ranges::any_of(db::members(connection, Runner::sessions_group(names)),
                               [&](auto& member) { return member.pid == session.pid; });
  }

  // False if we may not, or if it does not end in time.
  bool end(int pid) {
    try {
      return connection.execute("SELECT pg_terminate_backend($1, 10000)", {std::to_string(pid)})
          .boolean(0, 0);
    } catch (const db::SqlError& error) {
      if (error.sqlstate() != "42501") throw;
      return false;
    }
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

  std::unique_ptr<db::Connection> owned;
  db::Connection& connection;
  Names names;
  std::int64_t token = 0;
  std::vector<std::string> ended;
};

Runner::Runner(std::unique_ptr<db::Connection> connection, const Names& names,
               const std::string& command, const std::function<void(db::Connection&)>& upgrade)
    : state_(std::make_unique<State>(std::move(connection), names)) {
  state_->lock();
  state_->end_sessions_of_earlier_runner();  // their transactions would keep the token from us
  if (upgrade) upgrade(state_->connection);
  state_->take_token(command);
  state_->end_sessions_of_earlier_runner();  // those that passed the fence until now
}

Runner::~Runner() = default;

std::int64_t Runner::token() const {
  return state_->token;
}

const std::vector<std::string>& Runner::ended() const {
  return state_->ended;
}

std::string Runner::sessions_group(const Names& names) {
  return "pgstrata sessions " +
         sql::format("{}", sql::Qualified{names.state_schema, names.base_schema}).str();
}

}  // namespace pgstrata::state
