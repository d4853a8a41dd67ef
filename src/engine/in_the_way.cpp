#include "engine/in_the_way.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/commands.hpp"

namespace pgstrata::engine {

using model::Table;
using model::Version;

namespace {

// PostgreSQL drops along what depends on a dropped object internally or automatically, and refuses
// while anything else depends on any of it. Sequences ($2) of columns that stay do not go.
constexpr const char* blocking = R"(
WITH RECURSIVE staying AS (
  SELECT to_regclass(name)::oid AS oid FROM json_array_elements_text($2::json) AS name
  WHERE to_regclass(name) IS NOT NULL),
along AS (
  SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, COALESCE(a.attnum, 0)::int AS objsubid
  FROM json_to_recordset($1::json) AS going(schema name, relation name, col name)
       JOIN pg_namespace n ON n.nspname = going.schema
       JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = going.relation
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = going.col
  WHERE going.col = '' OR a.attnum IS NOT NULL
  UNION
  SELECT d.classid, d.objid, d.objsubid
  FROM along JOIN pg_depend d ON d.refclassid = along.classid AND d.refobjid = along.objid
                             AND (along.objsubid = 0 OR d.refobjsubid = along.objsubid)
  WHERE d.deptype IN ('a', 'i', 'P', 'S')
    AND (d.classid <> 'pg_class'::regclass OR d.objid NOT IN (SELECT oid FROM staying)))
SELECT json_agg(blocking) FROM (
  SELECT DISTINCT d.classid, d.objid, d.objsubid, along.classid AS refclassid, along.objid AS refobjid,
         along.objsubid AS refobjsubid
  FROM along JOIN pg_depend d ON d.refclassid = along.classid AND d.refobjid = along.objid
                             AND (along.objsubid = 0 OR d.refobjsubid = along.objsubid)
  WHERE d.deptype = 'n'
    -- hashed, where NOT EXISTS would compare each with each
    AND (d.classid, d.objid) NOT IN (SELECT classid, objid FROM along WHERE objsubid = 0)
    AND (d.classid, d.objid, d.objsubid) NOT IN (SELECT classid, objid, objsubid FROM along)
    -- the plan sees to the columns that the table's own triggers name
    AND NOT EXISTS (SELECT FROM pg_trigger g WHERE d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
                      AND d.refclassid = 'pg_class'::regclass AND g.tgrelid = d.refobjid)) blocking)";

// Nearly always nothing blocks, and planning this takes longer than finding that out.
constexpr const char* describe_blocking = R"(
SELECT CASE WHEN v.oid IS NOT NULL THEN pg_describe_object('pg_class'::regclass, v.oid, 0)
            ELSE pg_describe_object(b.classid, b.objid, b.objsubid) END,
       pg_describe_object(b.refclassid, b.refobjid, b.refobjsubid),
       n.nspname, COALESCE(v.relname, k.conname), t.relname
FROM json_to_recordset($1::json) AS b(classid oid, objid oid, objsubid int,
                                      refclassid oid, refobjid oid, refobjsubid int)
     LEFT JOIN pg_rewrite r ON b.classid = 'pg_rewrite'::regclass AND r.oid = b.objid
     LEFT JOIN pg_attrdef e ON b.classid = 'pg_attrdef'::regclass AND e.oid = b.objid
     -- what a view's query or a default of its columns names, the view names
     LEFT JOIN pg_class v ON v.oid = r.ev_class OR v.oid = e.adrelid AND v.relkind = 'v'
     LEFT JOIN pg_constraint k ON b.classid = 'pg_constraint'::regclass AND k.oid = b.objid
     LEFT JOIN pg_class t ON t.oid = k.conrelid
     LEFT JOIN pg_trigger g ON b.classid = 'pg_trigger'::regclass AND g.oid = b.objid
     LEFT JOIN pg_proc p ON b.classid = 'pg_proc'::regclass AND p.oid = b.objid OR p.oid = g.tgfoid
     LEFT JOIN pg_namespace n ON n.oid = COALESCE(v.relnamespace, t.relnamespace, p.pronamespace)
ORDER BY 1, 2)";

constexpr const char* inside_schema = R"(
SELECT pg_describe_object(d.classid, d.objid, d.objsubid), c.relname
FROM pg_namespace n
     JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.deptype = 'n'
     LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
WHERE n.nspname = $1
ORDER BY 1)";

using Versions = std::span<const Version>;

bool is_shown(Versions chain, const std::string& table, const std::string& column) {
  return std::ranges::any_of(chain, [&](const Version& version) {
    const Table* shown = version.physical_table(table);
    return shown && shown->physical_column(column);
  });
}

template <typename Element>
bool has(const Table& table, model::List<Element> Table::*member, const std::string& physical) {
  return std::ranges::any_of(table.*member,
                             [&](auto& element) { return element.physical == physical; });
}

bool has_index(Versions chain, const std::string& table, const std::string& index) {
  return std::ranges::any_of(chain, [&](const Version& version) {
    const Table* shown = version.physical_table(table);
    return shown && has(*shown, &Table::indexes, index);
  });
}

void add_views(std::vector<Going>& going, const Session& session, const Version& version,
               const std::string& schema) {
  for (auto& [logical, table] : version.tables) {
    if (!schema.empty()) going.push_back({schema, logical, {}});
    if (!table.inner_view.empty()) going.push_back({session.support_schema, table.inner_view, {}});
  }
}

// What `goes` has and none of the versions that stay.
void add_parts(std::vector<Going>& going, const std::string& base_schema, Versions stay,
               const Version& goes, auto made) {
  for (auto& [logical, table] : goes.tables) {
    if (const Table* same = stay.front().physical_table(table.physical); same && *same == table)
      continue;
    if (std::ranges::none_of(stay, [&](auto& version) {
          return version.physical_table(table.physical) != nullptr;
        })) {
      if (made("table " + table.physical)) going.push_back({base_schema, table.physical, {}});
      continue;
    }
    for (auto& column : table.columns)
      if (made("expand " + table.physical) && !is_shown(stay, table.physical, column.physical))
        going.push_back({base_schema, table.physical, column.physical});
    for (auto& index : table.indexes)
      if (made("index " + index.physical) && !has_index(stay, table.physical, index.physical))
        going.push_back({base_schema, index.physical, {}});
  }
}

// Published, hidden, or hidden by an older release.
std::vector<std::string> schemas_of(const Session& session, const Version& version) {
  return {version.schema, plan::hidden_schema_name(session.support_schema, version),
          older_hidden_schema_name(session, version)};
}

// Our own views, functions, triggers and the versions' foreign keys: the plan sees to them.
bool is_ours(const Session& session, const plan::Chain& chain, const std::string& schema,
             const std::string& name, const std::string& table) {
  if (schema == session.support_schema || schema == session.names.state_schema) return true;
  return std::ranges::any_of(chain, [&](const Version& version) {
    if (table.empty())
      return !name.empty() && version.table(name) &&
             std::ranges::count(schemas_of(session, version), schema) > 0;
    const Table* shown =
        schema == session.names.base_schema ? version.physical_table(table) : nullptr;
    return shown && has(*shown, &Table::foreign_keys, name);
  });
}

nlohmann::json sequences_that_stay(const plan::Chain& chain, const Version& goes) {
  auto names = nlohmann::json::array();
  for (const Version& version : chain) {
    if (version.ordinal == goes.ordinal) continue;
    for (auto& [logical, table] : version.tables)
      for (const model::Column& column : table.columns)
        if (column.owned_sequence && column.identity_of.empty())
          names.push_back(*column.owned_sequence);
  }
  return names;
}

// Views below those of versions that stay, which read their tables without them afterwards.
std::vector<Going> shed_views(const Session& session, const plan::Chain& chain,
                              const plan::Chain& survivors) {
  std::vector<Going> going;
  for (const Version& version : chain) {
    const auto later = std::ranges::find(survivors, version.ordinal, &Version::ordinal);
    if (later == survivors.end()) continue;
    for (auto& [logical, table] : version.tables) {
      if (table.inner_view.empty()) continue;
      const Table* kept = later->table(logical);
      if (kept && kept->inner_view.empty())
        going.push_back({session.support_schema, table.inner_view, {}});
    }
  }
  return going;
}

}  // namespace

std::vector<Going> going_with_oldest(const Session& session, const plan::Chain& chain) {
  std::vector<Going> going;
  const Versions stay(chain.begin() + 1, chain.end());
  add_views(going, session, chain.front(), chain.front().schema);
  if (!stay.front().raw_sql)
    add_parts(going, session.names.base_schema, stay, chain.front(),
              [](const std::string&) { return true; });
  return going;
}

std::vector<Going> going_with_newest(const Session& session, const plan::Chain& chain,
                                     const plan::Made& made, const std::string& schema) {
  std::vector<Going> going;
  const Versions stay(chain.begin(), chain.end() - 1);
  add_views(going, session, chain.back(), schema);
  if (!chain.back().raw_sql)
    add_parts(going, session.names.base_schema, stay, chain.back(),
              [&](const std::string& what) { return !made || made->count(what) > 0; });
  return going;
}

void refuse_dependents(Session& session, const plan::Chain& chain, const Version& goes,
                       const std::string& schema, const std::vector<Going>& going) {
  auto list = nlohmann::json::array();
  for (auto& each : going)
    list.push_back({{"schema", each.schema}, {"relation", each.relation}, {"col", each.column}});
  db::Transaction transaction(session.connection, "SET LOCAL search_path = pg_catalog");
  std::vector<std::string> found;
  const auto blockers =
      session.connection.execute(blocking, {list.dump(), sequences_that_stay(chain, goes).dump()});
  if (!blockers.is_null(0, 0)) {
    const auto rows = session.connection.execute(describe_blocking, {blockers.text(0, 0)});
    for (std::size_t row = 0; row < rows.size(); ++row)
      if (!rows.is_null(row, 0) &&  // else gone meanwhile
          !is_ours(session, chain, rows.text_or(row, 2, ""), rows.text_or(row, 3, ""),
                   rows.text_or(row, 4, "")))
        found.push_back(rows.text(row, 0) + " depends on " + rows.text_or(row, 1, "it"));
  }
  const auto inside = session.connection.execute(inside_schema, {schema});
  for (std::size_t row = 0; row < inside.size(); ++row)
    if (!goes.table(inside.text_or(row, 1, "")))
      found.push_back(inside.text(row, 0) + " stands in schema " + schema);
  transaction.rollback();
  if (found.empty()) return;
  refuse_state(
      "dependent",
      fmt::format("{}: what goes with version \"{}\" is needed there", fmt::join(found, "; "),
                  goes.name),
      "drop or move it first, or give it its name back where it is a version's own view; then run "
      "the same command again");
}

void refuse_dependents_of_layers(Session& session, const plan::Chain& chain, const Version& goes,
                                 const plan::Chain& survivors) {
  const auto going = shed_views(session, chain, survivors);
  if (!going.empty()) refuse_dependents(session, chain, goes, {}, going);
}

}  // namespace pgstrata::engine
