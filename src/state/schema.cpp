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
// is not ours would make it somebody else's.
void create_or_adopt_schema(db::Connection& connection, const Names& names) {
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
    throw Error(Exit::state, "foreign-state-schema", "the schema exists and holds other tables",
                names.state_schema, "name another one with --state-schema");
  }
}

}  // namespace

void refuse_newer(int installed, const Names& names) {
  if (installed <= current_schema_version()) return;
  throw Error(
      Exit::state, "newer-state-schema",
      fmt::format("state schema version {} was installed by a newer release; this one knows {}",
                  installed, current_schema_version()),
      names.state_schema, "use that release of pgstrata");
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
  try {
    const int before = installed_schema_version(connection, names);
    refuse_newer(before, names);
    if (before == current_schema_version()) return false;

    db::Transaction transaction(connection);
    // Two first commands at once: the second waits here and then finds everything done.
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                       {"pgstrata schema " + sql::quote_identifier(names.state_schema)});
    const int installed = installed_schema_version(connection, names);
    refuse_newer(installed, names);
    if (installed == 0) create_or_adopt_schema(connection, names);
    for (int version = installed + 1; version <= current_schema_version(); ++version) {
      connection.execute(rendered(files[version - 1], names));
      connection.execute(fmt::format("INSERT INTO {} (version) VALUES ({})",
                                     state_object(names, "meta"), version));
    }
    transaction.commit();
    return installed != current_schema_version();
  } catch (const db::SqlError& error) {
    if (error.sqlstate() != "42501") throw;
    throw Error(Exit::connection, "privilege",
                "cannot create or read the state schema: " + error.fields().message,
                names.state_schema,
                "the role needs CREATE on the database, or the schema made for it");
  }
}

}  // namespace pgstrata::state
