#include "db/blockers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstrata::db {
namespace {

// Columns for describe(), over pg_stat_activity a and prepared transactions p.
constexpr const char* description =
    "a.pid, coalesce(nullif(a.application_name, ''), a.backend_type), a.usename, a.state, "
    "extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change))::bigint, "
    "p.gid, p.owner, extract(epoch FROM clock_timestamp() - p.prepared)::bigint";

// With the virtual transaction under which pg_locks lists them, without a pid: until a restart that
// of the session that prepared them, so only their own transaction lock says which is which.
constexpr const char* prepared_transactions =
    "SELECT x.gid, x.owner, x.prepared, o.virtualtransaction FROM pg_prepared_xacts x JOIN "
    "pg_locks o "
    "ON o.pid IS NULL AND o.locktype = 'transactionid' AND o.transactionid = x.transaction";

std::string describe_session(const Result& rows, std::size_t row) {
  std::string about;
  const auto add = [&](const std::string& part) { about += (about.empty() ? "" : ", ") + part; };
  if (!rows.is_null(row, 1)) add(rows.text(row, 1));
  if (!rows.is_null(row, 2)) add("user " + rows.text(row, 2));
  if (!rows.is_null(row, 3)) {
    auto state = rows.text(row, 3);
    if (!rows.is_null(row, 4)) state += " for " + rows.text(row, 4) + " s";
    add(state);
  }
  const auto key = "pid " + rows.text(row, 0);
  return about.empty() ? key : key + " (" + about + ")";
}

std::vector<Blocker> describe(const Result& rows) {
  std::vector<Blocker> found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Blocker blocker;
    if (!rows.is_null(row, 0)) {
      blocker = {"pid " + rows.text(row, 0), describe_session(rows, row)};
    } else if (!rows.is_null(row, 5)) {
      blocker.key = "prepared transaction '" + rows.text(row, 5) + "'";
      blocker.text = fmt::format("{} (user {}, prepared {} s ago)", blocker.key,
                                 rows.text_or(row, 6, "?"), rows.text_or(row, 7, "?"));
    } else {
      continue;
    }
    if (std::ranges::find(found, blocker) == found.end()) found.push_back(std::move(blocker));
  }
  return found;
}

// PostgreSQL's conflict table, for the modes an attempt takes.
const char* conflicting(const std::string& mode) {
  if (mode == "ACCESS EXCLUSIVE") return "{}";  // with everything
  if (mode == "SHARE ROW EXCLUSIVE")
    return "{RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,"
           "ExclusiveLock,AccessExclusiveLock}";
  if (mode == "ACCESS SHARE") return "{AccessExclusiveLock}";
  if (mode == "ROW EXCLUSIVE")
    return "{ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}";
  if (mode == "SHARE")
    return "{RowExclusiveLock,ShareUpdateExclusiveLock,ShareRowExclusiveLock,ExclusiveLock,"
           "AccessExclusiveLock}";
  return "{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,"
         "AccessExclusiveLock}";
}

}  // namespace

std::string sentence(const std::vector<Blocker>& blockers) {
  if (blockers.empty()) return "somebody";
  constexpr std::size_t shown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, blockers.size()); ++i)
    text += (i == 0 ? "" : ", ") + blockers[i].text;
  if (blockers.size() > shown) text += fmt::format(" and {} more", blockers.size() - shown);
  return text;
}

std::vector<std::string> texts(const std::vector<Blocker>& blockers) {
  std::vector<std::string> list;
  for (const auto& blocker : blockers) list.push_back(blocker.text);
  return list;
}

namespace {

// A bigint advisory key is shown in pg_locks as two halves, with objsubid 1.
constexpr const char* of_group =
    "l.locktype = 'advisory' AND l.objsubid = 1 "
    "AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended($1, 0) "
    "AND l.pid <> pg_backend_pid()";

// Nearly always there is none, and planning what describes them costs every command more than all
// else that it asks before its work.
bool has_members(Connection& connection, const std::string& group) {
  return !connection
              .execute(fmt::format("SELECT FROM pg_lock_status() l WHERE {} LIMIT 1", of_group),
                       {group})
              .empty();
}

}  // namespace

std::vector<Member> members(Connection& connection, const std::string& group) {
  if (!has_members(connection, group)) return {};
  const auto rows = connection.execute(
      fmt::format(
          "SELECT {} FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
          "LEFT JOIN pg_prepared_xacts p ON false "
          "WHERE {} AND l.granted "
          "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
          "ORDER BY l.pid",
          description, of_group),
      {group});
  std::vector<Member> found;
  for (std::size_t row = 0; row < rows.size(); ++row)
    found.push_back({static_cast<int>(rows.integer(row, 0)), describe_session(rows, row)});
  return found;
}

std::vector<Blocker> holders(Connection& connection, const std::string& relation,
                             const std::string& mode) {
  return describe(connection.execute(
      fmt::format(
          "SELECT {} FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
          "LEFT JOIN ({}) p ON l.pid IS NULL AND p.virtualtransaction = l.virtualtransaction "
          "WHERE l.locktype = 'relation' AND l.granted AND l.relation = to_regclass($1) "
          "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
          "AND l.pid IS DISTINCT FROM pg_backend_pid() "
          "AND ($2 = '{{}}' OR l.mode = ANY ($2::text[])) ORDER BY a.xact_start",
          description, prepared_transactions),
      {relation, conflicting(mode)}));
}

// pg_blocking_pids shows a prepared transaction as 0: its locks are those without a pid on what the
// session waits for.
std::vector<Blocker> blockers_of(Connection& connection, int pid) {
  const auto session = std::to_string(pid);
  auto found = describe(
      connection.execute(fmt::format("SELECT {} FROM unnest(pg_blocking_pids($1)) AS b(pid) LEFT "
                                     "JOIN pg_stat_activity a ON a.pid = b.pid "
                                     "LEFT JOIN pg_prepared_xacts p ON false WHERE b.pid <> 0",
                                     description),
                         {session}));
  auto prepared = describe(connection.execute(
      fmt::format(
          "SELECT {} FROM pg_locks w JOIN pg_locks l ON l.pid IS NULL AND l.granted "
          "AND (l.relation, l.database) = (w.relation, w.database) AND l.locktype = w.locktype "
          "OR l.pid IS NULL AND l.granted AND l.transactionid = w.transactionid "
          "JOIN ({}) p ON p.virtualtransaction = l.virtualtransaction "
          "LEFT JOIN pg_stat_activity a ON false WHERE w.pid = $1 AND NOT w.granted",
          description, prepared_transactions),
      {session}));
  std::ranges::move(prepared, std::back_inserter(found));
  return found;
}

}  // namespace pgstrata::db
