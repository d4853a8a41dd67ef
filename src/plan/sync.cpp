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

void add_function(std::vector<Sql>& out, const Qualified& name, const std::string& body,
                  const std::string& comment) {
  sync::Code text(0);
  text.note(comment);
  // Runs as the writer and without SET: it must see the writer's own search_path.
  out.push_back(
      sql::format("CREATE OR REPLACE FUNCTION {}()\nRETURNS trigger LANGUAGE plpgsql AS {}", name,
                  sql::dollar_quoted(Sql::trusted(text.str() + body))));
  out.push_back(sql::format("COMMENT ON FUNCTION {}() IS {}", name, Literal(comment)));
  out.push_back(sql::format("GRANT EXECUTE ON FUNCTION {}() TO PUBLIC", name));
}

// An empty `when` fires for every row.
void add_trigger(std::vector<Sql>& out, const std::string& name, const Sql& event, const Sql& when,
                 const Qualified& function, const Qualified& table, const std::string& comment) {
  const Sql condition = when.str().empty() ? Sql::trusted("") : sql::format(" WHEN ({})", when);
  out.push_back(
      sql::format("CREATE OR REPLACE TRIGGER {}\n  BEFORE {} ON {}\n  FOR EACH ROW{}\n  "
                  "EXECUTE FUNCTION {}()",
                  Name(name), event, table, condition, function));
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

// Any update may move such a row to a page that the backfill has passed.
Sql unfilled(const Shape& shape) {
  return sql::format("OLD.{} OPERATOR(pg_catalog.>) -{}", Name(shape.table.marker), shape.newest);
}

Sql update_when(const Shape& shape) {
  const Name marker(shape.table.marker);
  std::string changes = sync::changed_in_when(shape, shape.tracked);
  if (!shape.fill.empty())
    changes = unfilled(shape).str() + (changes.empty() ? "" : "\n    OR " + changes);
  return sql::format("NEW.{} IS NOT DISTINCT FROM OLD.{} AND (\n    {})", marker, marker,
                     Sql::trusted(changes));
}

std::vector<std::string> pair_triggers(const SyncTable& table) {
  return {table.first_trigger + "insert", table.first_trigger + "update",
          table.last_trigger + "insert", table.last_trigger + "update"};
}

void drop_triggers(SyncSql& out, const std::vector<std::string>& names, const Qualified& table) {
  for (const std::string& name : names)
    out.triggers.push_back(sql::format("DROP TRIGGER IF EXISTS {} ON {}", Name(name), table));
  out.drops |= !names.empty();
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
    drop_triggers(out, {names.update_trigger}, table);
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

Sql last_update_when(const Shape& shape) {
  const Name marker(shape.table.marker);
  Sql when = sql::format("NEW.{} OPERATOR(pg_catalog.>=) {}", marker, sync::between);
  if (!shape.fill.empty())
    when += sql::format("\n    OR NEW.{} IS NOT DISTINCT FROM OLD.{} AND {}", marker, marker,
                        unfilled(shape));
  if (!shape.tracked.empty())
    when += sql::format("\n    OR {}", Sql::trusted(sync::changed_in_when(shape, shape.tracked)));
  return when;
}

// The trigger of one event before all of the users' and the one after them.
void compile_pair(SyncSql& out, const Shape& shape, const SyncNames& names) {
  const Qualified table{shape.table.base_schema, shape.table.table};
  const std::string& first = shape.table.first_trigger;
  const std::string& last = shape.table.last_trigger;
  const std::string keeps = " rows in step for versions " + version_list(shape);
  const Sql insert = Sql::trusted("INSERT"), update = Sql::trusted("UPDATE");
  const auto add = [&](const std::string& name, const Sql& event, const Sql& when,
                       const Qualified& function, const std::string& body,
                       const std::string& comment) {
    add_function(out.functions, function, body, comment);
    add_trigger(out.triggers, name, event, when, function, table, comment);
  };
  const auto pair = pair_triggers(shape.table);
  std::vector<std::string> others;
  for (const std::string& name : shape.table.standing)
    if (std::ranges::find(pair, name) == pair.end()) others.push_back(name);
  drop_triggers(out, others, table);
  add(first + "insert", insert, Sql::trusted(""), names.insert_function, sync::insert_body(shape),
      "pgstrata: puts inserted" + keeps + ", before the triggers of users");
  add(last + "insert", insert, Sql::trusted(""), names.last_insert_function,
      sync::last_body(shape, false),
      "pgstrata: keeps inserted" + keeps + ", after the triggers of users");
  if (!shape.has_update) return drop_triggers(out, {first + "update", last + "update"}, table);
  out.update_trigger = true;
  if (!shape.tracked.empty())
    add(first + "update", sql::format("UPDATE OF {}", columns_of(shape.tracked)),
        sql::format("NEW.{} IS NOT DISTINCT FROM OLD.{} AND (\n    {})", Name(shape.table.marker),
                    Name(shape.table.marker),
                    Sql::trusted(sync::changed_in_when(shape, shape.tracked))),
        names.update_function, sync::update_body(shape),
        "pgstrata: puts updated" + keeps + ", before the triggers of users");
  add(last + "update", update, last_update_when(shape), names.last_update_function,
      sync::last_body(shape, true),
      "pgstrata: keeps updated" + keeps + ", after the triggers of users");
}

}  // namespace

// Unique by construction: the prefixes have one length, so no table's name can complete one of them
// to another's; fit_identifier keeps long names apart by a hash.
SyncNames sync_names(const SyncTable& table) {
  const std::string& stem = table.stem.empty() ? table.table : table.stem;
  return {{table.support_schema, sql::fit_identifier("sync_insert_" + stem)},
          {table.support_schema, sql::fit_identifier("sync_update_" + stem)},
          "pgstrata_sync_insert",
          "pgstrata_sync_update",
          {table.support_schema, sql::fit_identifier("last_insert_" + stem)},
          {table.support_schema, sql::fit_identifier("last_update_" + stem)}};
}

SyncSql compile_sync(const SyncTable& table) {
  SyncSql out;
  if (table.links.empty() && table.rules.empty()) return out;
  Shape shape(table);
  const SyncNames names = sync_names(table);
  out.needed = true;
  if (table.pair) {
    shape.pair = true;
    compile_pair(out, shape, names);
    return out;
  }
  compile_insert(out, shape, names);
  compile_update(out, shape, names);
  return out;
}

std::vector<sql::Sql> drop_sync(const SyncTable& table) {
  const SyncNames names = sync_names(table);
  const Qualified on{table.base_schema, table.table};
  std::vector<std::string> triggers{names.insert_trigger, names.update_trigger};
  for (const std::string& name : table.standing)
    if (std::ranges::find(triggers, name) == triggers.end()) triggers.push_back(name);
  std::vector<Qualified> functions{names.insert_function, names.update_function};
  if (table.pair) {
    for (const std::string& name : pair_triggers(table))
      if (std::ranges::find(triggers, name) == triggers.end()) triggers.push_back(name);
    functions.push_back(names.last_insert_function);
    functions.push_back(names.last_update_function);
  }
  std::vector<Sql> out;
  for (const auto& trigger : triggers)
    out.push_back(sql::format("DROP TRIGGER IF EXISTS {} ON {}", Name(trigger), on));
  for (const auto& function : functions)
    out.push_back(sql::format("DROP FUNCTION IF EXISTS {}()", function));
  return out;
}

}  // namespace pgstrata::plan
