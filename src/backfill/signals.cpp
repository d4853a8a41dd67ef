#include "backfill/signals.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgstrata::backfill {
namespace {

// A WAL file is named after its timeline and place (log and segment), eight hexadecimal digits
// each.
constexpr const char* statement = R"(
WITH replicas AS (
  SELECT coalesce(nullif(application_name, ''), 'replica') AS name, replay_lsn AS lsn
    FROM pg_stat_replication WHERE replay_lsn IS NOT NULL
  UNION ALL
  SELECT 'slot ' || slot_name, CASE slot_type WHEN 'logical' THEN confirmed_flush_lsn
      -- a receiver of whole files confirms none before it is full
      ELSE restart_lsn + pg_size_bytes(current_setting('wal_segment_size')) END
    FROM pg_replication_slots s
    WHERE active AND NOT EXISTS (SELECT FROM pg_stat_replication WHERE replay_lsn IS NOT NULL)
      AND NOT EXISTS (SELECT FROM pg_stat_replication r WHERE r.pid = s.active_pid AND r.state IS NOT NULL)),
slowest AS (
  SELECT name, greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), lsn), 0) AS lag FROM replicas
    WHERE lsn IS NOT NULL ORDER BY 2 DESC LIMIT 1),
wal AS (
  SELECT pg_size_bytes(current_setting('wal_segment_size')) AS size, pg_walfile_name(pg_current_wal_lsn()) AS now,
    (SELECT last_archived_wal FROM pg_stat_archiver) AS archived),
places AS (
  SELECT size, ('x' || substr(now, 9, 8))::bit(32)::bigint * (4294967296 / size) + ('x' || substr(now, 17, 8))::bit(32)::bigint AS now,
    ('x' || substr(archived, 9, 8))::bit(32)::bigint * (4294967296 / size) + ('x' || substr(archived, 17, 8))::bit(32)::bigint AS archived
    FROM wal WHERE current_setting('archive_mode') <> 'off' AND archived ~ '^[0-9A-F]{24}$')
SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
  (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()),
  coalesce((SELECT lag FROM slowest), 0)::bigint, (SELECT name FROM slowest),
  coalesce((SELECT greatest(now - archived - 1, 0) * size FROM places), 0),
  (SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid <> ALL ($1::int[])
    AND pg_blocking_pids(pid) && $1::int[]))";

}  // namespace

Signals read_signals(db::Connection& connection, const std::vector<int>& workers) {
  const auto rows = connection.execute_prepared("pgstrata signals", statement,
                                                {fmt::format("{{{}}}", fmt::join(workers, ","))});
  Signals signals;
  signals.transactions = {rows.integer(0, 0), rows.integer(0, 1)};
  signals.lag = static_cast<double>(rows.integer(0, 2));
  signals.replica = rows.text_or(0, 3, "");
  signals.unarchived = static_cast<double>(rows.integer(0, 4));
  signals.waiting = static_cast<int>(rows.integer(0, 5));
  return signals;
}

}  // namespace pgstrata::backfill
