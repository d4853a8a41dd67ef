#include "state/schema.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::state {
namespace {

// schemas/state/*.sql in order of their numbers.
constexpr std::string_view files[] = {
#include "state_schema.inc"
};

std::string rendered(std::string_view file, const Names& names) {
  constexpr std::string_view placeholder = "@state@";
  const std::string schema = sql::quote_identifier(names.state_schema);
  std::string text(file);
  for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos;
       at += schema.size())
    text.replace(at, placeholder.size(), schema);
  return text;
}

// A schema of that name may be there already, made by an administrator for us; anything in it that
// is not ours would make it somebody else's. True if it is made here.
bool create_or_adopt_schema(db::Connection& connection, const Names& names) {
  if (names.state_schema.empty() || names.state_schema.starts_with("pg_"))
    throw Error(Exit::usage, "state-schema-name",
                "no state schema can have the name \"" + names.state_schema + "\"", {},
                "name another one with --state-schema");
  const auto found = connection.execute(
      "SELECT (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid) FROM pg_namespace n "
      "WHERE n.nspname = $1",
      {names.state_schema});
  if (found.empty()) {
    connection.execute("CREATE SCHEMA " + sql::quote_identifier(names.state_schema));
    connection.execute(fmt::format(
        "COMMENT ON SCHEMA {} IS 'pgstrata: versions, journal and cursors of its migrations'",
        sql::quote_identifier(names.state_schema)));
  } else if (found.integer(0, 0) != 0) {
    throw Error(Exit::state, "foreign-state-schema",
                "schema \"" + names.state_schema + "\" exists and holds other tables", {},
                "name another one with --state-schema");
  }
  return found.empty();
}

// Who may write the journal decides what our role runs: default privileges are not for it. What an
// administrator grants later stays, and on a schema that was made for us.
void keep_private(db::Connection& connection, const Names& names, bool and_schema) {
  const sql::Literal schema(names.state_schema);
  const auto body = sql::format(
      R"(DECLARE item record;
BEGIN
  FOR item IN
    WITH ours AS (
      SELECT 'SCHEMA ' || pg_catalog.quote_ident(nspname) AS name, nspacl AS acl, nspowner AS owner
      FROM pg_catalog.pg_namespace WHERE nspname = {} AND {}
      UNION ALL
      SELECT pg_catalog.format('%s %I.%I', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                               nspname, relname), relacl, relowner
      FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
      WHERE nspname = {} AND relkind IN ('r', 'S'))
    SELECT DISTINCT ours.name, g.rolname
    FROM ours CROSS JOIN LATERAL pg_catalog.aclexplode(ours.acl) a
         LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
    WHERE ours.owner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
      AND a.grantee <> ours.owner
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s', item.name,
      COALESCE(pg_catalog.quote_ident(item.rolname), 'PUBLIC'));
  END LOOP;
END)",
      schema, sql::Sql::trusted(and_schema ? "true" : "false"), schema);
  connection.execute(sql::format("DO {}", sql::dollar_quoted(body)).str());
}

}  // namespace

std::string upgrade_key(const Names& names) {
  return "pgstrata schema " + sql::quote_identifier(names.state_schema);
}

void refuse_newer(int installed, const Names& names) {
  if (installed <= current_schema_version()) return;
  throw Error(
      Exit::state, "newer-state-schema",
      fmt::format(
          "version {} of the state schema \"{}\" was installed by a newer release; this one "
          "knows {}",
          installed, names.state_schema, current_schema_version()),
      {}, "use that release of pgstrata");
}

int current_schema_version() {
  return static_cast<int>(std::size(files));
}

int installed_schema_version(db::Connection& connection, const Names& names) {
  const auto found = connection.execute(
      "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = $1 AND c.relname = 'meta' AND c.relkind = 'r'",
      {names.state_schema});
  if (found.empty()) return 0;
  const auto version =
      connection.execute("SELECT max(version) FROM " + state_object(names, "meta"));
  return version.is_null(0, 0) ? 0 : static_cast<int>(version.integer(0, 0));
}

bool install_schema(db::Connection& connection, const Names& names) {
  int before = 0;
  try {
    before = installed_schema_version(connection, names);
    refuse_newer(before, names);
    if (before == current_schema_version()) return false;

    // One whose host is gone does not hold the others up for ever.
    db::Transaction transaction(connection,
                                "SET LOCAL idle_in_transaction_session_timeout = '60s'; "
                                "SET LOCAL lock_timeout = '120s'");
    // Two first commands at once: the second waits here and then finds everything done.
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                       {upgrade_key(names)});
    connection.execute("SET LOCAL lock_timeout = '10s'");
    const int installed = installed_schema_version(connection, names);
    refuse_newer(installed, names);
    if (installed == current_schema_version()) return false;
    const bool made = installed == 0 && create_or_adopt_schema(connection, names);
    if (installed != 0) keep_runners_out(connection, names);
    for (int version = installed + 1; version <= current_schema_version(); ++version) {
      connection.execute(rendered(files[version - 1], names));
      connection.execute(fmt::format("INSERT INTO {} (version) VALUES ({})",
                                     state_object(names, "meta"), version));
    }
    if (installed == 0) keep_private(connection, names, made);
    transaction.commit();
    return true;
  } catch (const db::SqlError& error) {
    if (error.lock_not_available())
      throw Error(Exit::locks, "lock-budget",
                  "the state schema \"" + names.state_schema +
                      "\" could not be made or upgraded: " + error.fields().message,
                  {},
                  "another command upgrades it, or a session holds its tables (pg_locks shows "
                  "which): run the same command again once that has ended");
    if (error.sqlstate() != "42501") throw;
    throw Error(Exit::connection, "privilege",
                "cannot create, upgrade or read the state schema \"" + names.state_schema +
                    "\": " + error.fields().message,
                {},
                before == 0
                    ? "the role needs CREATE on the database, or the schema made for it"
                    : "an upgrade takes the role that owns it: run `pgstrata init` as that");
  }
}

}  // namespace pgstrata::state
