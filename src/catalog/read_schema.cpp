// The base schema itself, and the settings of the server that planning depends on.
#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"

namespace pgstrata::catalog {
namespace {

// May the role set session_replication_role? It could be granted from PostgreSQL 15 on.
sql::Sql may_silence(db::Connection& connection) {
  return sql::Sql::trusted(connection.server_version() >= 150000
                               ? "has_parameter_privilege('session_replication_role', 'SET')"
                               : "current_setting('is_superuser')::bool");
}

}  // namespace

bool read_schema(Reading& reading) {
  Snapshot& snapshot = reading.snapshot;
  const auto rows = reading.connection.execute(sql::format(R"sql(
SELECT n.oid,
       current_user,
       has_database_privilege(current_database(), 'CREATE'),
       COALESCE(has_schema_privilege(n.oid, 'CREATE'), false),
       COALESCE(n.nspacl, acldefault('n', n.nspowner))::text,
       (extract(epoch FROM current_setting('deadlock_timeout')::interval) * 1000)::int,
       (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()),
       current_setting('max_locks_per_transaction')::int
         * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int),
       EXISTS (SELECT FROM pg_policy), EXISTS (SELECT FROM pg_statistic_ext),
       EXISTS (SELECT FROM pg_publication_rel), EXISTS (SELECT FROM pg_default_acl),
       {}
FROM (VALUES ({}::name)) AS wanted (nspname)
LEFT JOIN pg_namespace n USING (nspname))sql",
                                                           may_silence(reading.connection),
                                                           sql::Literal(snapshot.schema))
                                                   .str());
  snapshot.server_version = reading.connection.server_version();
  snapshot.can_silence_triggers = rows.boolean(0, 12);
  snapshot.role = rows.text(0, 1);
  snapshot.can_create_in_database = rows.boolean(0, 2);
  snapshot.can_create_in_schema = rows.boolean(0, 3);
  snapshot.deadlock_timeout_ms = static_cast<int>(rows.integer(0, 5));
  snapshot.prepared_transactions = static_cast<int>(rows.integer(0, 6));
  snapshot.lock_slots = static_cast<int>(rows.integer(0, 7));
  snapshot.schema_exists = !rows.is_null(0, 0);
  if (!snapshot.schema_exists) return false;
  snapshot.schema_privileges = parse_privileges(rows.rows_[0][4]);
  reading.schema_oid = sql::format("{}", oid_at(rows, 0, 0));
  reading.present.policies = rows.boolean(0, 8);
  reading.present.statistics = rows.boolean(0, 9);
  reading.present.publications = rows.boolean(0, 10);
  if (!rows.boolean(0, 11)) return true;
  const auto grantees = reading.connection.execute(R"sql(
SELECT DISTINCT COALESCE(r.rolname, '')
FROM pg_default_acl d
CROSS JOIN LATERAL aclexplode(d.defaclacl) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE d.defaclobjtype = 'r' AND d.defaclnamespace = 0 AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  AND a.grantee <> d.defaclrole)sql");
  for (std::size_t row = 0; row < grantees.size(); ++row)
    snapshot.default_grantees.push_back(grantees.text(row, 0));
  return true;
}

}  // namespace pgstrata::catalog
