// What a completion or a rollback changes must be the role's to change: asked before its first
// step, for a completion that has begun can only go on.
#include <nlohmann/json.hpp>
#include <set>

#include "engine/commands.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::engine {

namespace {

// $1: tables; $2: the versions' schemas; $3: the support schema, where all is ours.
constexpr const char* of_others = R"(
WITH objects AS (
  SELECT 'table "' || going.relation || '"' AS what, c.relowner AS owner
  FROM json_to_recordset($1::json) AS going(schema name, relation name)
       JOIN pg_namespace n ON n.nspname = going.schema
       JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = going.relation
  UNION ALL
  SELECT 'schema "' || nspname || '"', nspowner FROM pg_namespace
  WHERE nspname = $3 OR nspname IN (SELECT json_array_elements_text($2::json))
  UNION ALL
  SELECT 'view "' || c.relname || '" in schema "' || n.nspname || '"', c.relowner
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $3 AND c.relkind = 'v'
  UNION ALL
  SELECT 'function "' || p.proname || '" in schema "' || n.nspname || '"', p.proowner
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $3)
SELECT what, pg_get_userbyid(owner), current_user FROM objects WHERE NOT pg_has_role(owner, 'USAGE')
ORDER BY 1 LIMIT 1)";

constexpr const char* may_create = R"(
SELECT current_user, has_database_privilege(current_database(), 'CREATE'),
       has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1)";

[[noreturn]] void refuse_rights(const std::string& what, const std::string& hint) {
  throw Error(Exit::connection, "privilege", what, {}, hint + "; nothing was changed");
}

nlohmann::json tables_of(const std::vector<plan::Step>& steps) {
  std::set<std::pair<std::string, std::string>> tables;
  for (auto& step : steps) {
    // The first is what the step changes; what a foreign key refers to need not be ours.
    if (!step.locks.empty()) tables.emplace(step.locks[0].schema, step.locks[0].table);
    if (step.index) tables.emplace(step.index->schema, step.index->table);
  }
  auto list = nlohmann::json::array();
  for (auto& [schema, table] : tables) list.push_back({{"schema", schema}, {"relation", table}});
  return list;
}

}  // namespace

void refuse_missing_rights(Session& session, const History& history,
                           const std::vector<plan::Step>& steps, bool settles_names) {
  auto may = session.connection.execute(may_create, {session.names.base_schema});
  const std::string role = "role \"" + may.text(0, 0) + "\"";
  if (!may.boolean(0, 1))
    refuse_rights(role + " may not create schemas in this database, and so not rename them",
                  "GRANT CREATE ON DATABASE … TO " + sql::quote_identifier(may.text(0, 0)));
  if (settles_names && !may.boolean(0, 2))
    refuse_rights(role + " may not create in schema \"" + session.names.base_schema + "\"",
                  "GRANT CREATE ON SCHEMA " + sql::quote_identifier(session.names.base_schema) +
                      " TO " + sql::quote_identifier(may.text(0, 0)));
  auto schemas = nlohmann::json::array();
  for (auto& row : history.chain) schemas.push_back(row.schema);
  auto found = session.connection.execute(
      of_others, {tables_of(steps).dump(), schemas.dump(), session.support_schema});
  if (!found.empty())
    refuse_rights(found.text(0, 0) + " belongs to role \"" + found.text(0, 1) +
                      "\", whose rights " + role + " does not have",
                  "run as that role, or give --role");
}

}  // namespace pgstrata::engine
