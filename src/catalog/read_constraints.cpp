// Constraints. The rows that PostgreSQL keeps for its own use on partitions of a referenced table
// are left out; NOT NULL is read from the column on every server version.
#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"

namespace pgstrata::catalog {
namespace {

std::string constraints_query(const Reading& reading) {
  const bool set_columns = reading.snapshot.server_version >= 150000;
  return sql::format(
             R"sql(
SELECT con.conrelid, con.conname, con.oid, con.contype, pg_get_constraintdef(con.oid), con.conkey,
       CASE WHEN con.contype = 'c' THEN pg_get_expr(con.conbin, con.conrelid) END,
       fn.nspname, f.relname,
       CASE WHEN con.contype = 'f' THEN (
         SELECT array_agg(a.attname ORDER BY k.ord)
         FROM unnest(con.confkey) WITH ORDINALITY AS k (attnum, ord)
         JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.attnum) END,
       con.confdeltype, con.confupdtype, con.confmatchtype, {},
       con.condeferrable, con.condeferred, con.convalidated, con.connoinherit, con.coninhcount > 0,
       i.relname
FROM pg_class c
JOIN pg_constraint con ON con.conrelid = c.oid AND con.contype IN ('c', 'f', 'p', 'u', 'x', 't')
LEFT JOIN pg_class f ON f.oid = con.confrelid
LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
LEFT JOIN pg_class i ON i.oid = con.conindid AND con.contype IN ('p', 'u', 'x')
LEFT JOIN pg_constraint parent ON parent.oid = con.conparentid
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'){}
  AND parent.conrelid IS DISTINCT FROM con.conrelid
ORDER BY con.conrelid, con.conname)sql",
             sql::Sql::trusted(set_columns ? "con.confdelsetcols" : "NULL"), reading.schema_oid,
             reading.in_part)
      .str();
}

char letter(const db::Result& rows, std::size_t row, std::size_t column, char otherwise) {
  const std::string text = rows.text_or(row, column, "");
  return text.empty() || text[0] == ' ' ? otherwise : text[0];
}

Constraint make_constraint(const Table& table, const db::Result& rows, std::size_t row) {
  Constraint constraint;
  constraint.name = rows.text(row, 1);
  constraint.oid = oid_at(rows, row, 2);
  constraint.type = rows.text(row, 3)[0];
  constraint.definition = rows.text_or(row, 4, "");
  constraint.columns = column_names(table, parse_numbers(rows.rows_[row][5]));
  if (!rows.is_null(row, 6)) {
    constraint.check = printed_expression(table, rows.text(row, 6), constraint.columns);
  }
  constraint.referenced_schema = rows.text_or(row, 7, "");
  constraint.referenced_table = rows.text_or(row, 8, "");
  constraint.referenced_columns = parse_array(rows.rows_[row][9]);
  constraint.on_delete = letter(rows, row, 10, 'a');
  constraint.on_update = letter(rows, row, 11, 'a');
  constraint.match = letter(rows, row, 12, 's');
  constraint.set_columns = column_names(table, parse_numbers(rows.rows_[row][13]));
  constraint.deferrable = rows.boolean(row, 14);
  constraint.deferred = rows.boolean(row, 15);
  constraint.validated = rows.boolean(row, 16);
  constraint.no_inherit = rows.boolean(row, 17);
  constraint.inherited = rows.boolean(row, 18);
  constraint.index = rows.rows_[row][19];
  return constraint;
}

}  // namespace

void read_constraints(Reading& reading) {
  const auto rows = reading.connection.execute(constraints_query(reading));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    table->constraints.push_back(make_constraint(*table, rows, row));
  }
}

}  // namespace pgstrata::catalog
