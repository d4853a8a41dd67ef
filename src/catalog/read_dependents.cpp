// Dependents: what PostgreSQL would refuse to lose, or would drop, with a table or a column.
//
// pg_depend has one row per object and column; a row without a column stands for the whole table
// only if the object has no other.
#include <algorithm>
#include <map>
#include <tuple>

#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"
#include "sql/references.hpp"

namespace pgstrata::catalog {
namespace {

// Row types: a function that takes or returns rows of the table, a column of that type elsewhere.
constexpr const char* depending = R"sql(
WITH base AS MATERIALIZED (
  SELECT c.oid, c.reltype, t.typarray
  FROM pg_class c LEFT JOIN pg_type t ON t.oid = c.reltype
  WHERE c.relnamespace = {0} AND c.relkind IN ('r', 'p'){1}),
d AS MATERIALIZED (
  SELECT d.classid, d.objid, d.objsubid, d.refobjid AS relid, d.refobjsubid AS attnum
  FROM base JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = base.oid
  WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass,
                      'pg_proc'::regclass)
  UNION ALL
  SELECT d.classid, d.objid, d.objsubid, base.oid, 0
  FROM base JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass
                            AND d.refobjid IN (base.reltype, base.typarray) AND d.refobjid <> 0
  WHERE d.classid = 'pg_proc'::regclass OR d.classid = 'pg_class'::regclass AND d.objsubid > 0))sql";

// Nearly always our own views are all there is, and planning the next query takes three times as
// long.
constexpr const char* any_but_ours = R"sql(
SELECT EXISTS (
  SELECT FROM d
  LEFT JOIN (pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace n ON n.oid = v.relnamespace)
         ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  WHERE n.oid IS NULL OR n.nspname <> ALL ({}))
)sql";

constexpr const char* dependents_query = R"sql(
SELECT d.relid, d.attnum,
       CASE v.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'rule' END,
       CASE WHEN v.relkind IN ('v', 'm') THEN v.oid::regclass::text
            ELSE quote_ident(r.rulename) || ' on ' || v.oid::regclass END
FROM d
JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_class v ON v.oid = r.ev_class
JOIN pg_namespace n ON n.oid = v.relnamespace AND n.nspname <> ALL ({0})
UNION ALL
SELECT d.relid, d.attnum, 'policy', quote_ident(p.polname) || ' on ' || p.polrelid::regclass
FROM d JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
UNION ALL
SELECT d.relid, d.attnum, 'statistics', quote_ident(n.nspname) || '.' || quote_ident(s.stxname)
FROM d
JOIN pg_statistic_ext s ON d.classid = 'pg_statistic_ext'::regclass AND s.oid = d.objid
JOIN pg_namespace n ON n.oid = s.stxnamespace
UNION ALL
SELECT d.relid, d.attnum, 'function', p.oid::regprocedure::text
FROM d
JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname <> ALL ({0})
UNION ALL
SELECT d.relid, d.attnum, CASE WHEN c.relkind IN ('r', 'p', 'm') THEN 'column' ELSE 'attribute' END,
       c.oid::regclass || '.' || quote_ident(a.attname)
FROM d
JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> ALL ({0})
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid)sql";

constexpr const char* inbound_query = R"sql(
SELECT con.confrelid, con.confkey, quote_ident(con.conname) || ' on ' || con.conrelid::regclass
FROM pg_class c
JOIN pg_constraint con ON con.confrelid = c.oid AND con.contype = 'f'
                      AND con.conrelid <> con.confrelid AND con.conparentid = 0
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'){}
ORDER BY 1, 3)sql";

sql::Sql tables_filter(const Reading& reading) {
  if (!reading.dependents_of) return {};
  std::vector<sql::Sql> names;
  for (const std::string& name : *reading.dependents_of)
    names.push_back(sql::format("{}", sql::Literal(name)));
  return sql::format(R"sql(
  AND (c.relname = ANY (ARRAY[{0}]::name[])
       OR c.oid IN (SELECT i.indrelid FROM pg_class ic JOIN pg_index i ON i.indexrelid = ic.oid
                    WHERE ic.relnamespace = {1} AND ic.relname = ANY (ARRAY[{0}]::name[]))))sql",
                     sql::join(names, ", "), reading.schema_oid);
}

void read_recorded(Reading& reading) {
  const sql::Sql known = sql::format(depending, reading.schema_oid, tables_filter(reading));
  auto ask = [&](const char* query) {
    return reading.connection.execute(known.str() + sql::format(query, reading.our_schemas).str());
  };
  if (!ask(any_but_ours).boolean(0, 0)) return;
  const auto rows = ask(dependents_query);
  std::map<std::tuple<Table*, std::string, std::string>, std::vector<int>> found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    auto& attnums = found[{table, rows.text(row, 2), rows.text(row, 3)}];
    const auto attnum = static_cast<int>(rows.integer(row, 1));
    if (attnum > 0) attnums.push_back(attnum);
  }
  for (auto& [key, attnums] : found) {
    auto& [table, kind, name] = key;
    std::ranges::sort(attnums);
    attnums.erase(std::ranges::unique(attnums).begin(), attnums.end());
    table->dependents.push_back({kind, name, column_names(*table, attnums)});
  }
}

// From the printed text rather than pg_depend, which files them differently before and since 15.
void add_generated_columns(Reading& reading) {
  for (auto& [name, table] : reading.snapshot.tables) {
    for (const Column& column : table.columns) {
      if (column.generated == 0 || !column.default_) continue;
      auto inputs = sql::find_bare_columns(*column.default_);
      table.dependents.push_back(
          {"generated column",
           sql::format("{}.{}", sql::Qualified{reading.snapshot.schema, name},
                       sql::Name(column.name))
               .str(),
           inputs ? std::move(*inputs) : std::vector<std::string>()});
    }
  }
}

}  // namespace

void read_dependents(Reading& reading) {
  read_recorded(reading);
  const auto inbound = reading.connection.execute(
      sql::format(inbound_query, reading.schema_oid, tables_filter(reading)).str());
  for (std::size_t row = 0; row < inbound.size(); ++row) {
    if (Table* table = reading.table(inbound, row, 0)) {
      table->dependents.push_back({"foreign key", inbound.text(row, 2),
                                   column_names(*table, parse_numbers(inbound.rows_[row][1]))});
    }
  }
  add_generated_columns(reading);
}

}  // namespace pgstrata::catalog
