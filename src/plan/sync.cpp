// Statements around the bodies: functions, triggers, comments, grants, and their removal.
#include "plan/sync.hpp"

#include <algorithm>

#include "plan/sync_parts.hpp"

namespace pgstrata::plan {
namespace {

using sql::Literal;
using sql::Name;
using sql::Qualified;
using sql::Sql;
using sync::Shape;

std::string version_list(const Shape& shape) {
  std::string list;
  for (const SyncVersion& v : shape.table.versions)
    list += (list.empty() ? "" : ", ") + v.name + " (" + std::to_string(v.ordinal) + ")";
  return list + (shape.table.filling ? ", the last one not yet published" : "");
}

Sql dollar_quoted(const std::string& body) {
  std::string tag = "$pgstrata$";
  while (body.find(tag) != std::string::npos) tag.insert(tag.size() - 1, "_");
  return Sql::trusted(tag + "\n" + body + "\n" + tag);
}

void add_function(std::vector<Sql>& out, const Qualified& name, const std::string& body,
                  const std::string& comment) {
  sync::Code text(0);
  text.note(comment);
  // Runs as the writer and without SET: it must see the writer's own search_path.
  out.push_back(
      sql::format("CREATE OR REPLACE FUNCTION {}()\nRETURNS trigger LANGUAGE plpgsql AS {}", name,
                  dollar_quoted(text.str() + body)));
  out.push_back(sql::format("COMMENT ON FUNCTION {}() IS {}", name, Literal(comment)));
  out.push_back(sql::format("GRANT EXECUTE ON FUNCTION {}() TO PUBLIC", name));
}

void add_trigger(std::vector<Sql>& out, const std::string& name, const Sql& event, const Sql& when,
                 const Qualified& function, const Qualified& table, const std::string& comment) {
  out.push_back(
      sql::format("CREATE OR REPLACE TRIGGER {}\n  BEFORE {} ON {}\n  FOR EACH ROW WHEN ({})\n  "
                  "EXECUTE FUNCTION {}()",
                  Name(name), event, table, when, function));
  // A re-issued trigger is back in its default state, which session_replication_role can silence.
  out.push_back(sql::format("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}", table, Name(name)));
  out.push_back(
      sql::format("COMMENT ON TRIGGER {} ON {} IS {}", Name(name), table, Literal(comment)));
}

Sql columns_of(const sync::Columns& names) {
  std::vector<Sql> parts;
  for (const auto& name : names) parts.push_back(sql::format("{}", Name(name)));
  return sql::join(parts, ", ");
}

Sql update_event(const Shape& shape) {
  // UPDATE OF misses rows that need filling, and is only exact while nobody else's trigger writes.
  if (!shape.fill.empty()) return Sql::trusted("UPDATE");
  return sql::format("UPDATE OF {}", columns_of(shape.tracked));
}

Sql update_when(const Shape& shape) {
  const Name marker(shape.table.marker);
  std::string changes = sync::changed_in_when(shape, shape.tracked);
  if (!shape.fill.empty()) {
    const Sql unfilled = sql::format("OLD.{} OPERATOR(pg_catalog.>) -{}", marker, shape.newest);
    changes = unfilled.str() + (changes.empty() ? "" : "\n    OR " + changes);
  }
  return sql::format("NEW.{} IS NOT DISTINCT FROM OLD.{} AND (\n    {})", marker, marker,
                     Sql::trusted(changes));
}

void compile_insert(SyncSql& out, const Shape& shape, const SyncNames& names) {
  const Qualified table{shape.table.base_schema, shape.table.table};
  const std::string keeps = "in step for versions " + version_list(shape);
  add_function(out.functions, names.insert_function, sync::insert_body(shape),
               "pgstrata: keeps inserted rows " + keeps);
  add_trigger(out.triggers, names.insert_trigger, Sql::trusted("INSERT"),
              sql::format("NEW.{} IS DISTINCT FROM -{}", Name(shape.table.marker), shape.newest),
              names.insert_function, table, "pgstrata: keeps inserted rows " + keeps);
}

void compile_update(SyncSql& out, const Shape& shape, const SyncNames& names) {
  const Qualified table{shape.table.base_schema, shape.table.table};
  if (!shape.has_update) {
    out.triggers.push_back(
        sql::format("DROP TRIGGER IF EXISTS {} ON {}", Name(names.update_trigger), table));
    out.triggers.push_back(sql::format("DROP FUNCTION IF EXISTS {}()", names.update_function));
    return;
  }
  out.update_trigger = true;
  const std::string keeps = "in step for versions " + version_list(shape);
  add_function(out.functions, names.update_function, sync::update_body(shape),
               "pgstrata: keeps updated rows " + keeps);
  add_trigger(out.triggers, names.update_trigger, update_event(shape), update_when(shape),
              names.update_function, table, "pgstrata: keeps updated rows " + keeps);
}

}  // namespace

// Unique by construction: the prefixes have one length, so no table's name can complete one of them
// to another's; fit_identifier keeps long names apart by a hash.
SyncNames sync_names(const SyncTable& table) {
  return {{table.support_schema, sql::fit_identifier("sync_insert_" + table.table)},
          {table.support_schema, sql::fit_identifier("sync_update_" + table.table)},
          "pgstrata_sync_insert",
          "pgstrata_sync_update"};
}

SyncSql compile_sync(const SyncTable& table) {
  SyncSql out;
  if (table.links.empty() && table.rules.empty()) return out;
  const Shape shape(table);
  const SyncNames names = sync_names(table);
  out.needed = true;
  compile_insert(out, shape, names);
  compile_update(out, shape, names);
  return out;
}

std::vector<sql::Sql> drop_sync(const SyncTable& table) {
  const SyncNames names = sync_names(table);
  const Qualified on{table.base_schema, table.table};
  return {sql::format("DROP TRIGGER IF EXISTS {} ON {}", Name(names.insert_trigger), on),
          sql::format("DROP TRIGGER IF EXISTS {} ON {}", Name(names.update_trigger), on),
          sql::format("DROP FUNCTION IF EXISTS {}()", names.insert_function),
          sql::format("DROP FUNCTION IF EXISTS {}()", names.update_function)};
}

}  // namespace pgstrata::plan
