// The schemas that a run makes: a version's own, the hidden one it is built in and goes through,
// and the support schema. Each is looked for before anything changes, so that none meets somebody
// else's or another base schema's.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/commands.hpp"
#include "model/names.hpp"
#include "plan/views.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

namespace {

// A schema's comment; none: there is no such schema.
std::optional<std::string> comment_of(Session& session, const std::string& schema) {
  auto found = session.connection.execute(
      "SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE "
      "nspname = $1",
      {schema});
  if (found.empty()) return {};
  return found.text_or(0, 0, "");
}

[[noreturn]] void refuse_schema(const std::string& schema, const std::string& whose,
                                const std::string& hint) {
  refuse_state(schema_taken, "a schema named \"" + schema + "\" already exists and is not " + whose,
               hint);
}

// Versions that other base schemas show, or are about to: those have no schema yet.
void refuse_version_of_another(Session& session, const std::string& schema) {
  if (!session.store.exists()) return;
  auto found = session.connection.execute(
      "SELECT base_schema, name FROM " + state::state_object(session.names, "versions") +
          " WHERE schema = $1 AND base_schema <> $2 AND status NOT IN ('retired', 'rolled_back')",
      {schema, session.names.base_schema});
  if (!found.empty())
    refuse_state(schema_taken,
                 "the schema \"" + schema + "\" belongs to version \"" + found.text(0, 1) +
                     "\" of base schema \"" + found.text(0, 0) + "\"",
                 "give the migration another name");
}

// Of versions, at least one: 's1', 's2' for IN (…).
sql::Sql schemas_of(std::span<const model::Version> versions) {
  std::vector<sql::Sql> schemas;
  for (auto& version : versions) schemas.push_back(sql::format("{}", sql::Literal(version.schema)));
  return sql::join(schemas, ", ");
}

// State schemas in this database that we may read, but for our own.
std::vector<std::string> other_state_schemas(Session& session) {
  auto rows = session.connection.execute(
      "SELECT n.nspname FROM pg_catalog.pg_class m JOIN pg_catalog.pg_namespace n ON n.oid = "
      "m.relnamespace JOIN pg_catalog.pg_class v ON v.relnamespace = n.oid AND v.relname = "
      "'versions' AND v.relkind = 'r' WHERE m.relname = 'meta' AND m.relkind = 'r' AND n.nspname "
      "<> $1 AND pg_catalog.obj_description(m.oid, 'pg_class') LIKE 'pgstrata: %' AND "
      "pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND "
      "pg_catalog.has_table_privilege(v.oid, 'SELECT') ORDER BY 1",
      {session.names.state_schema});
  std::vector<std::string> found;
  for (std::size_t row = 0; row < rows.size(); ++row) found.push_back(rows.text(row, 0));
  return found;
}

}  // namespace

void refuse_foreign_history(Session& session) {
  const std::string& base = session.names.base_schema;
  const bool of_server = base == "information_schema" || base.starts_with("pg_");
  if (of_server || base == session.names.state_schema ||
      plan::is_our_schema_comment(comment_of(session, base).value_or("")))
    refuse_state(
        "not-a-base-schema",
        "schema \"" + base + "\" is " + (of_server ? "PostgreSQL's" : "pgstrata's") + " own",
        "name the one that holds your tables with --schema");
  for (const std::string& other : other_state_schemas(session)) {
    auto live = session.connection.execute(
        "SELECT name FROM " + sql::format("{}", sql::Qualified{other, "versions"}).str() +
            " WHERE base_schema = $1 AND status NOT IN ('retired', 'rolled_back') ORDER BY "
            "ordinal DESC LIMIT 1",
        {base});
    if (!live.empty())
      refuse_state("other-state-schema",
                   "the history of schema \"" + base + "\" is kept in state schema \"" + other +
                       "\": its newest version is \"" + live.text(0, 0) + "\"",
                   "give --state-schema " + other + ", or set PGSTRATA_STATE_SCHEMA");
  }
}

void refuse_taken_hidden_schema(Session& session, const model::Version& version) {
  const std::string hidden = plan::hidden_schema_name(session.support_schema, version);
  if (session.schema_exists(hidden))
    refuse_schema(hidden, "pgstrata's, which needs the name for version \"" + version.name + "\"",
                  "rename it or drop it");
}

void refuse_taken_schemas(Session& session, const History& history, const model::Version& version) {
  for (auto& row : history.chain)
    if (row.schema == version.schema) return;
  refuse_version_of_another(session, version.schema);
  if (session.schema_exists(version.schema))
    refuse_schema(version.schema, "a version of pgstrata",
                  "rename it, or give the migration another name");
  refuse_taken_hidden_schema(session, version);
  auto support = comment_of(session, session.support_schema);
  if (support && *support != plan::support_schema_comment(session.names.base_schema))
    refuse_schema(session.support_schema,
                  "the support schema of \"" + session.names.base_schema + "\"",
                  "rename it, or give another --state-schema");
}

std::vector<const model::Version*> without_schema(Session& session,
                                                  std::span<const model::Version> versions) {
  const auto there = session.connection.execute(
      sql::format("SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ({})",
                  schemas_of(versions))
          .str());
  std::vector<const model::Version*> missing;
  for (auto& version : versions)
    if (!version.schema.empty() &&
        std::ranges::none_of(there.rows_, [&](auto& row) { return *row[0] == version.schema; }))
      missing.push_back(&version);
  return missing;
}

namespace {

// Of SQL texts of names.
std::string lacks_view(const char* schema, const char* name) {
  return fmt::format(
      "NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
      "ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND n.nspname = {} AND c.relname = {})",
      schema, name);
}

}  // namespace

std::vector<std::string> dropped_views(Session& session, const History& history) {
  std::vector<std::string> notes;
  for (auto& row : history.chain) {
    if (row.schema.empty()) continue;
    const auto gone = session.connection.execute(
        "SELECT t.key FROM " + session.store.tables_sql(row.ordinal) + " t WHERE " +
            lacks_view("$1", "t.key") + " ORDER BY t.key COLLATE \"C\"",
        {row.schema});
    if (gone.empty()) continue;
    const bool several = gone.size() > 1;
    notes.push_back("view \"" + gone.text(0, 0) + "\"" +
                    (several ? fmt::format(" and {} more", gone.size() - 1) : "") +
                    " of version \"" + row.name + "\" " + (several ? "are" : "is") +
                    " gone: clients get 42P01; a view that is made again needs its grants again");
  }
  return notes;
}

std::set<sql::Qualified> dropped_layers(Session& session,
                                        std::span<const model::Version> versions) {
  auto layers = nlohmann::json::array();
  for (auto& version : versions)
    for (auto& [logical, table] : version.tables) {
      if (table.inner_view.empty()) continue;
      layers.push_back({{"schema", version.schema}, {"name", table.name}});
      layers.push_back({{"schema", session.support_schema}, {"name", table.inner_view}});
    }
  std::set<sql::Qualified> dropped;
  if (layers.empty()) return dropped;
  const auto gone = session.connection.execute(
      "SELECT v.schema, v.name FROM json_to_recordset($1) AS v(schema text, name text) WHERE " +
          lacks_view("v.schema", "v.name"),
      {layers.dump()});
  for (std::size_t row = 0; row < gone.size(); ++row) {
    dropped.insert({gone.text(row, 0), gone.text(row, 1)});
    session.progress.note(
        sql::format("view {} of a version that stays is gone: it was dropped by hand",
                    sql::Qualified{gone.text(row, 0), gone.text(row, 1)})
            .str());
  }
  return dropped;
}

void restore_dropped_schema(Session& session, const model::Version& version) {
  session.connection.execute(sql::format("CREATE SCHEMA {}", sql::Name(version.schema)).str());
  session.progress.note("schema \"" + version.schema + "\" of version \"" + version.name +
                        "\" was dropped by hand");
}

void refuse_dropped_schema(const model::Version& version) {
  throw Error(Exit::state, "schema-gone",
              "schema \"" + version.schema + "\" of version \"" + version.name +
                  "\", which stays, was dropped by hand",
              version.schema, "roll \"" + version.name + "\" back and start it again");
}

std::string older_hidden_schema_name(const Session& session, const model::Version& version) {
  return model::with_suffix(session.support_schema, "_v" + std::to_string(version.ordinal));
}

void find_hidden_schema(Session& session, const model::Version& version) {
  const std::string now = plan::hidden_schema_name(session.support_schema, version);
  const std::string older = older_hidden_schema_name(session, version);
  if (session.schema_exists(now) ||
      comment_of(session, older) !=
          plan::version_schema_comment(version.name, session.names.base_schema))
    return;
  session.connection.execute(
      sql::format("ALTER SCHEMA {} RENAME TO {}", sql::Name(older), sql::Name(now)).str());
}

}  // namespace pgstrata::engine
