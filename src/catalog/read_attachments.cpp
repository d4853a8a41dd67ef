// What hangs on tables without being part of them: policies, extended statistics, publications,
// comments.
#include <fmt/format.h>

#include <algorithm>

#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"

namespace pgstrata::catalog {
namespace {

void append_each(const Reading& reading, const sql::Sql& query,
                 std::vector<std::string> Table::*list) {
  const auto rows = reading.connection.execute(query.str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (Table* table = reading.table(rows, row, 0)) (table->*list).push_back(rows.text(row, 1));
  }
}

}  // namespace

void read_policies(Reading& reading) {
  append_each(reading,
              sql::format(R"sql(
SELECT p.polrelid,
       format('POLICY %I AS %s FOR %s TO %s%s%s', p.polname,
              CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
              CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
              (SELECT string_agg(CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END,
                                 ', ' ORDER BY CASE WHEN r.oid <> 0 THEN pg_get_userbyid(r.oid) END)
               FROM unnest(p.polroles) AS r (oid)),
              ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
              ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
FROM pg_class c
JOIN pg_policy p ON p.polrelid = c.oid
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'){}
ORDER BY p.polrelid, p.polname COLLATE "C")sql",
                          reading.schema_oid, reading.in_part),
              &Table::policies);
}

void read_statistics(Reading& reading) {
  append_each(reading,
              sql::format(R"sql(
SELECT s.stxrelid,
       pg_get_statisticsobjdef(s.oid)
       || COALESCE(' TARGET ' || NULLIF(s.stxstattarget, -1), '')
       || COALESCE(' COMMENT ' || quote_literal(obj_description(s.oid, 'pg_statistic_ext')), '')
FROM pg_class c
JOIN pg_statistic_ext s ON s.stxrelid = c.oid
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'){}
ORDER BY s.stxrelid, s.stxname COLLATE "C")sql",
                          reading.schema_oid, reading.in_part),
              &Table::statistics);
}

// Column lists and row filters came with 15. Both bind the publication to columns.
void read_publications(Reading& reading) {
  const bool filters = reading.snapshot.server_version >= 150000;
  const auto rows = reading.connection.execute(
      sql::format(R"sql(
SELECT r.prrelid, quote_ident(p.pubname), {}
FROM pg_class c
JOIN pg_publication_rel r ON r.prrelid = c.oid
JOIN pg_publication p ON p.oid = r.prpubid
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'){}
ORDER BY r.prrelid, p.pubname COLLATE "C")sql",
                  sql::Sql::trusted(
                      filters ? "r.prattrs, pg_get_expr(r.prqual, r.prrelid),"
                                " (SELECT array_agg(DISTINCT d.refobjsubid) FROM pg_depend d"
                                "  WHERE r.prqual IS NOT NULL"
                                "    AND d.classid = 'pg_publication_rel'::regclass"
                                "    AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass"
                                "    AND d.refobjid = r.prrelid AND d.refobjsubid > 0)"
                              : "NULL, NULL, NULL"),
                  reading.schema_oid, reading.in_part)
          .str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    std::vector<std::string> columns = column_names(*table, parse_numbers(rows.rows_[row][2]));
    std::string text = rows.text(row, 1);
    if (!columns.empty()) text += fmt::format(" ({})", fmt::join(columns, ", "));
    if (!rows.is_null(row, 3)) text += " WHERE " + rows.text(row, 3);
    table->publications.push_back(text);
    for (const auto& name : column_names(*table, parse_numbers(rows.rows_[row][4]))) {
      if (std::ranges::find(columns, name) == columns.end()) columns.push_back(name);
    }
    if (columns.empty() && rows.is_null(row, 3)) continue;
    table->dependents.push_back({"publication", rows.text(row, 1), std::move(columns)});
  }
}

// Of all tables at once: there are few, or they are worth their space.
db::Result read_comments(Reading& reading) {
  return reading.connection.execute(sql::format(R"sql(
SELECT 0, d.objoid, d.objsubid, d.description
FROM pg_class c
JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid
WHERE c.relnamespace = {0}
UNION ALL
SELECT con.conrelid, d.objoid, 0, d.description
FROM pg_constraint con
JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = con.oid
WHERE con.connamespace = {0} AND con.conrelid <> 0)sql",
                                                reading.schema_oid)
                                        .str());
}

void add_comments(Reading& reading, const db::Result& rows) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Oid object = oid_at(rows, row, 1);
    const std::string& text = rows.text(row, 3);
    if (Table* owner = reading.table(rows, row, 0)) {
      const auto constraint = std::ranges::find(owner->constraints, object, &Constraint::oid);
      if (constraint != owner->constraints.end()) constraint->comment = text;
    } else if (Table* table = reading.table(rows, row, 1)) {
      const auto attnum = static_cast<int>(rows.integer(row, 2));
      const auto column = std::ranges::find(table->columns, attnum, &Column::attnum);
      if (attnum == 0) table->comment = text;
      if (column != table->columns.end()) column->comment = text;
    } else if (const auto index = reading.indexes.find(object); index != reading.indexes.end()) {
      index->second->comment = text;
    }
  }
}

}  // namespace pgstrata::catalog
