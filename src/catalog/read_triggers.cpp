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
SELECT g.tgrelid, c.relname, g.tgname, pg_get_triggerdef(g.oid), g.tgtype, fn.nspname = {},
       g.tgconstraint <> 0, g.tgenabled,
       ARRAY(SELECT a.attname FROM unnest(g.tgattr) WITH ORDINALITY AS o (n, place)
             JOIN pg_attribute a ON a.attrelid = g.tgrelid AND a.attnum = o.n ORDER BY o.place),
       CASE WHEN g.tgqual IS NOT NULL THEN ARRAY(
         SELECT coalesce(a.attname, '')
         FROM (SELECT DISTINCT m.v[1]::int AS n
               FROM regexp_matches(g.tgqual::text, '\{{VAR :varno \d+ :varattno (\d+)', 'g') AS m (v)) w
         LEFT JOIN pg_attribute a ON a.attrelid = g.tgrelid AND a.attnum = w.n ORDER BY w.n) END,
       quote_ident(fn.nspname) || '.' || quote_ident(f.proname), obj_description(g.oid, 'pg_trigger')
FROM pg_class c
JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
JOIN pg_proc f ON f.oid = g.tgfoid
JOIN pg_namespace fn ON fn.oid = f.pronamespace
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'){}
ORDER BY g.tgrelid, g.tgname COLLATE "C")sql";

Trigger make_trigger(const db::Result& rows, std::size_t row) {
  Trigger trigger;
  trigger.name = rows.text(row, 2);
  trigger.definition = rows.text_or(row, 3, "");
  const auto type = rows.integer(row, 4);
  trigger.row = (type & row_bit) != 0;
  trigger.before = (type & before_bit) != 0;
  trigger.on_insert = (type & insert_bit) != 0;
  trigger.on_delete = (type & delete_bit) != 0;
  trigger.on_update = (type & update_bit) != 0;
  trigger.ours = rows.boolean(row, 5);
  trigger.constraint = rows.boolean(row, 6);
  trigger.enabled = rows.text(row, 7)[0];
  trigger.of_columns = parse_array(rows.rows_[row][8]);
  trigger.when_columns = parse_array(rows.rows_[row][9]);
  trigger.when_row = std::erase(trigger.when_columns, "") > 0;
  trigger.function = rows.text(row, 10);
  if (!rows.is_null(row, 11)) trigger.comment = rows.text(row, 11);
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
  const auto rows =
      reading.connection.execute(sql::format(triggers_query, sql::Literal(reading.support_schema),
                                             reading.schema_oid, reading.in_part)
                                     .str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    table->triggers.push_back(make_trigger(rows, row));
    add_dependent(*table, reading.snapshot.schema, table->triggers.back());
  }
}

Triggers read_triggers(db::Connection& connection, const std::string& base_schema,
                       const std::string& support_schema) {
  db::Transaction transaction(connection, reading_transaction());
  const sql::Sql schema =
      sql::format("(SELECT oid FROM pg_namespace WHERE nspname = {})", sql::Literal(base_schema));
  const auto rows = connection.execute(
      sql::format(triggers_query, sql::Literal(support_schema), schema, sql::Sql()).str());
  Triggers found;
  for (std::size_t row = 0; row < rows.size(); ++row)
    found[rows.text(row, 1)].push_back(make_trigger(rows, row));
  return found;
}

}  // namespace pgstrata::catalog
