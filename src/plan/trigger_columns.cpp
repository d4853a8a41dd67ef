#include "plan/trigger_columns.hpp"

#include <algorithm>
#include <map>

#include "catalog/printing.hpp"
#include "model/names.hpp"
#include "pgstrata/error.hpp"
#include "plan/user_triggers.hpp"
#include "sql/trigger_definition.hpp"

namespace pgstrata::plan {

using catalog::Trigger;
using model::contains;
using model::Table;
using sql::format;
using sql::Literal;
using sql::Name;
using sql::Qualified;
using sql::Sql;

namespace {

using Columns = std::vector<std::string>;
using Names = std::map<std::string, std::string>;
using Line = std::vector<const model::Version*>;  // adjacent versions of one table, oldest first

void add(Columns& list, const std::string& name) {
  if (!contains(list, name)) list.push_back(name);
}

bool shows(const model::Version& version, const std::string& table, const std::string& column) {
  const Table* shown = version.physical_table(table);
  return shown && shown->physical_column(column);
}

bool shown_from(const Line& chain, std::size_t first, const std::string& table,
                const std::string& column) {
  return std::any_of(chain.begin() + static_cast<std::ptrdiff_t>(first), chain.end(),
                     [&](auto* version) { return shows(*version, table, column); });
}

// The table's versions from the oldest that shows it up to where it goes.
Line showing(const Chain& live, const std::string& table) {
  Line chain;
  for (const model::Version& version : live)
    if (version.physical_table(table))
      chain.push_back(&version);
    else if (!chain.empty())
      break;
  return chain;
}

// What the newer side of a boundary alone has of the inputs that give `column` its value.
Columns sources(const Line& chain, std::size_t boundary, const std::string& table,
                const std::string& column) {
  Columns found;
  for (const model::Translation& link : chain[boundary]->translations)
    if (!link.up && link.table == table && link.output == column)
      for (const std::string& input : link.inputs)
        if (!shows(*chain[boundary - 1], table, input)) add(found, input);
  return found;
}

void add_with_sources(const Line& chain, const std::string& table, const std::string& column,
                      Columns& list) {
  if (contains(list, column)) return;
  list.push_back(column);
  for (std::size_t boundary = 1; boundary < chain.size(); ++boundary)
    for (const std::string& source : sources(chain, boundary, table, column))
      add_with_sources(chain, table, source, list);
}

// As the user wrote it: without the columns that only newer versions show.
Columns written(const Line& chain, const std::string& table, const Columns& list) {
  Columns found;
  for (const std::string& column : list)
    if (shows(*chain.front(), table, column) || !shown_from(chain, 0, table, column))
      found.push_back(column);
  return found.empty() ? list : found;
}

Columns widened(const Line& chain, const std::string& table, const Columns& list) {
  Columns found;
  for (const std::string& column : list) add_with_sources(chain, table, column, found);
  return found;
}

bool dies(const Line& chain, const std::string& table, const std::string& column) {
  return shows(*chain.front(), table, column) && !shown_from(chain, 1, table, column);
}

// The lineage's column in the version after the oldest; empty if it ends there.
std::string heir(const Line& chain, const std::string& table, const std::string& column) {
  for (const model::Column& other : chain[1]->physical_table(table)->columns)
    if (other.privileges_of == column) return other.physical;
  return {};
}

// The list once the oldest version has retired; empty if nothing of it is left.
Columns inherited(const Line& chain, const std::string& table, const Columns& list) {
  Columns found;
  for (const std::string& column : list) {
    if (!dies(chain, table, column)) {
      add(found, column);
    } else if (const std::string next = heir(chain, table, column); !next.empty()) {
      add(found, next);
    } else {
      for (const std::string& source : sources(chain, 1, table, column)) add(found, source);
    }
  }
  return found;
}

Line without_oldest(const Line& chain) {
  return {chain.begin() + 1, chain.end()};
}

// Of the columns in its WHEN clause: those that end with the oldest version, and their heirs.
Names renamed_in_when(const Line& chain, const std::string& table, const Trigger& trigger) {
  Names names;
  for (const std::string& column : trigger.when_columns)
    if (dies(chain, table, column)) names[column] = heir(chain, table, column);
  return names;
}

std::string replacing(const std::string& definition) {
  return "CREATE OR REPLACE" + definition.substr(std::string_view("CREATE").size());
}

// Issued again it is enabled and, where PostgreSQL cannot replace it, bare of its comment: both are
// carried over as they are at that moment. One that somebody has changed since this was planned
// must not be set back to what it was.
std::string reissue(const Trigger& trigger, const Qualified& table,
                    const sql::TriggerChanges& changes) {
  const std::string was = sql::changed_trigger(trigger.definition, {.table = table});
  const std::string now = sql::changed_trigger(was, changes);
  const Name name(trigger.name);
  Sql make = trigger.constraint
                 ? format("DROP TRIGGER {} ON {};\n  {}", name, table, Sql::trusted(now))
                 : Sql::trusted(replacing(now));
  if (trigger.constraint)
    make += format(R"(;
  IF standing.comment IS NOT NULL THEN
    EXECUTE pg_catalog.format({}, standing.comment);
  END IF)",
                   Literal(format("COMMENT ON TRIGGER {} ON {} IS %L", name, table).str()));
  const Sql body = format(R"(DECLARE standing record;
BEGIN
  {}
  SELECT g.tgenabled, pg_catalog.pg_get_triggerdef(g.oid) AS definition,
         pg_catalog.obj_description(g.oid, 'pg_trigger') AS comment
  INTO standing FROM pg_catalog.pg_trigger g
  WHERE g.tgrelid = {}::pg_catalog.regclass AND g.tgname = {} AND NOT g.tgisinternal;
  IF NOT FOUND THEN RETURN; END IF;
  IF standing.definition <> {} THEN
    RAISE EXCEPTION USING ERRCODE = '55000', TABLE = 'pg_trigger', MESSAGE = {}, HINT = {};
  END IF;
  {};
  EXECUTE {} || CASE standing.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS'
    WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END || {};
END)",
                          Sql::trusted(catalog::unambiguous_printing),
                          Literal(format("{}", table).str()), Literal(trigger.name), Literal(was),
                          Literal("trigger \"" + trigger.name + "\" of table \"" + table.name +
                                  "\" was changed while this command was under way"),
                          Literal("put it back, and run the same command again: " + was), make,
                          Literal(format("ALTER TABLE {} ", table).str()),
                          Literal(format(" TRIGGER {}", name).str()));
  return format("DO {}", sql::dollar_quoted(body)).str();
}

[[noreturn]] void refuse(const Table& table, const Trigger& trigger, const std::string& column,
                         const std::string& what) {
  throw Error(Exit::migration, "not-supported",
              "column \"" + column + "\" cannot go while trigger \"" + trigger.name +
                  "\" names it in its " + what,
              table.name + "." + column,
              "drop the trigger first, and create it again without that column");
}

// One trigger through all the completions that lie before it.
void refuse_trigger(Line chain, const std::string& physical, const Trigger& trigger) {
  Trigger now = trigger;
  now.of_columns = written(chain, physical, trigger.of_columns);
  for (; chain.size() > 1; chain = without_oldest(chain)) {
    const Table& table = *chain.front()->physical_table(physical);
    for (auto& [column, next] : renamed_in_when(chain, physical, now))
      if (next.empty()) refuse(table, trigger, table.physical_column(column)->name, "WHEN clause");
    const Columns left = inherited(chain, physical, now.of_columns);
    if (left.empty() && !now.of_columns.empty())
      refuse(table, trigger, table.physical_column(now.of_columns.front())->name, "OF list");
    for (std::string& column : now.when_columns)
      if (dies(chain, physical, column)) column = heir(chain, physical, column);
    now.of_columns = left;
  }
}

}  // namespace

std::vector<std::string> of_list(const Chain& live, const std::string& physical,
                                 const Columns& list) {
  const Line chain = showing(live, physical);
  if (list.empty() || chain.empty()) return list;
  return widened(chain, physical, written(chain, physical, list));
}

std::vector<std::string> reissue_for(const Surroundings& around, const Chain& was,
                                     const Chain& live, const std::string& physical) {
  std::vector<std::string> out;
  for (const Trigger& trigger : triggers_of(around, physical)) {
    if (trigger.ours || trigger.of_columns.empty()) continue;
    const Columns own = written(showing(was, physical), physical, trigger.of_columns);
    const Columns list = widened(showing(live, physical), physical, own);
    if (list != trigger.of_columns)
      out.push_back(reissue(trigger, {around.base_schema, physical}, {.of_columns = list}));
  }
  return out;
}

std::vector<std::string> reissue_for_retirement(const Surroundings& around, const Chain& live,
                                                const std::string& physical, const Qualified& now) {
  std::vector<std::string> out;
  const Line chain = showing(live, physical);
  if (chain.size() < 2 || !live.front().physical_table(physical)) return out;
  for (const Trigger& trigger : triggers_of(around, physical)) {
    if (trigger.ours) continue;
    const Columns own = written(chain, physical, trigger.of_columns);
    const Columns list = widened(without_oldest(chain), physical, inherited(chain, physical, own));
    const Names names = renamed_in_when(chain, physical, trigger);
    if (list != trigger.of_columns || !names.empty())
      out.push_back(reissue(trigger, now, {.of_columns = list, .when_columns = names}));
  }
  return out;
}

void refuse_triggers(const Surroundings& around, const Chain& chain) {
  for (auto& [logical, table] : chain.back().tables)
    for (const Trigger& trigger : triggers_of(around, table.physical))
      if (!trigger.ours && !(trigger.of_columns.empty() && trigger.when_columns.empty()))
        refuse_trigger(showing(chain, table.physical), table.physical, trigger);
}

void refuse_triggers_over(const Surroundings& around, const std::string& physical,
                          const std::vector<const model::Column*>& going) {
  for (const Trigger& trigger : triggers_of(around, physical))
    for (const model::Column* column : going)
      if (!trigger.ours && contains(trigger.when_columns, column->physical))
        throw Error(Exit::state, "trigger",
                    "the WHEN clause of trigger \"" + trigger.name + "\" reads column \"" +
                        column->physical + "\", which goes with its version",
                    physical, "drop the trigger; it was made while the migration was in flight");
}

std::vector<std::string> trigger_trials(const Surroundings& around, const Chain& live,
                                        const std::string& physical, const Qualified& trial) {
  std::vector<std::string> out;
  for (const Trigger& trigger : triggers_of(around, physical)) {
    if (trigger.ours || trigger.when_columns.empty()) continue;
    Line chain = showing(live, physical);
    Names last;
    Trigger now = trigger;
    now.of_columns = written(chain, physical, trigger.of_columns);
    for (; chain.size() > 1; chain = without_oldest(chain)) {
      now.of_columns = inherited(chain, physical, now.of_columns);
      for (std::size_t i = 0; i < now.when_columns.size(); ++i)
        if (std::string& column = now.when_columns[i]; dies(chain, physical, column))
          last[trigger.when_columns[i]] = column = heir(chain, physical, column);
    }
    if (!last.empty())
      out.push_back(sql::changed_trigger(
          trigger.definition,
          {.of_columns = now.of_columns, .when_columns = last, .table = trial}));
  }
  return out;
}

std::vector<std::string> describe_columns(const Chain& live, const std::string& physical,
                                          const Trigger& trigger) {
  std::vector<std::string> texts;
  const Line chain = showing(live, physical);
  if (trigger.ours || chain.size() < 2) return texts;
  auto words = [](const Columns& columns) {
    std::vector<Sql> names;
    for (const std::string& column : columns) names.push_back(format("{}", Name(column)));
    return sql::join(names, ", ").str();
  };
  const Columns own = written(chain, physical, trigger.of_columns);
  const Columns now = widened(chain, physical, own);
  const Columns later = inherited(chain, physical, own);
  if (now != trigger.of_columns || later != own)
    texts.push_back("its OF list (" + words(own) + ") is (" + words(now) +
                    ") while both versions are live, and names what takes these columns' place "
                    "once they go");
  const Names names = renamed_in_when(chain, physical, trigger);
  if (!names.empty())
    texts.push_back("its WHEN clause reads the shape of version \"" + chain.front()->name +
                    "\", whoever writes, until its completion, and the same words over the next "
                    "version's columns from then on: " +
                    sql::when_clause(trigger.definition));
  return texts;
}

}  // namespace pgstrata::plan
