// Triggers of the tables; those that PostgreSQL makes for constraints are left out.
#include <algorithm>

#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"

namespace pgstrata::catalog {
namespace {

// tgtype's bits, from pg_trigger.h.
constexpr int row_bit = 1, before_bit = 2, insert_bit = 4, delete_bit = 8, update_bit = 16;

// A stored WHEN names OLD's and NEW's columns by attnum, 0 standing for the whole row.
constexpr const char* triggers_query = R"sql(
SELECT g.tgrelid, g.tgname, pg_get_triggerdef(g.oid), g.tgtype, fn.nspname = {}, g.tgenabled, g.tgattr,
       CASE WHEN g.tgqual IS NOT NULL THEN (
         SELECT array_agg(DISTINCT m.v[1]::int)
         FROM regexp_matches(g.tgqual::text, '\{{VAR :varno \d+ :varattno (\d+)', 'g') AS m (v)) END,
       quote_ident(fn.nspname) || '.' || quote_ident(f.proname)
FROM pg_class c
JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
JOIN pg_proc f ON f.oid = g.tgfoid
JOIN pg_namespace fn ON fn.oid = f.pronamespace
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p')
ORDER BY g.tgrelid, g.tgname COLLATE "C")sql";

std::vector<std::string> when_columns(const Table& table, std::vector<int> attnums) {
  if (std::ranges::find(attnums, 0) == attnums.end()) return column_names(table, attnums);
  std::vector<std::string> all;
  for (const Column& column : table.columns) all.push_back(column.name);
  return all;
}

Trigger make_trigger(const Table& table, const db::Result& rows, std::size_t row) {
  Trigger trigger;
  trigger.name = rows.text(row, 1);
  trigger.definition = rows.text_or(row, 2, "");
  const auto type = rows.integer(row, 3);
  trigger.row = (type & row_bit) != 0;
  trigger.before = (type & before_bit) != 0;
  trigger.on_insert = (type & insert_bit) != 0;
  trigger.on_delete = (type & delete_bit) != 0;
  trigger.on_update = (type & update_bit) != 0;
  trigger.ours = rows.boolean(row, 4);
  trigger.enabled = rows.text(row, 5)[0];
  trigger.of_columns = column_names(table, parse_numbers(rows.rows_[row][6]));
  trigger.when_columns = when_columns(table, parse_numbers(rows.rows_[row][7]));
  trigger.function = rows.text(row, 8);
  return trigger;
}

// A user's trigger that names columns depends on them; one that names none does not.
void add_dependent(Table& table, const std::string& schema, const Trigger& trigger) {
  if (trigger.ours || (trigger.of_columns.empty() && trigger.when_columns.empty())) return;
  Dependent dependent;
  dependent.kind = "trigger";
  dependent.name =
      sql::format("{} on {}", sql::Name(trigger.name), sql::Qualified{schema, table.name}).str();
  dependent.columns = trigger.of_columns;
  for (const std::string& column : trigger.when_columns) {
    if (std::ranges::find(dependent.columns, column) == dependent.columns.end()) {
      dependent.columns.push_back(column);
    }
  }
  table.dependents.push_back(std::move(dependent));
}

}  // namespace

void read_triggers(Reading& reading) {
  const auto rows = reading.connection.execute(
      sql::format(triggers_query, sql::Literal(reading.support_schema), reading.schema_oid).str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    table->triggers.push_back(make_trigger(*table, rows, row));
    add_dependent(*table, reading.snapshot.schema, table->triggers.back());
  }
}

}  // namespace pgstrata::catalog
