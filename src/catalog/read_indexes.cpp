// Indexes: one query for the indexes, one for the keys of all of them.
#include <algorithm>

#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"

namespace pgstrata::catalog {
namespace {

std::string indexes_query(const Reading& reading) {
  const bool distinct_nulls_known = reading.snapshot.server_version >= 150000;
  return sql::format(
             R"sql(
SELECT i.indrelid, i.indexrelid, ic.relname, am.amname, i.indisunique, i.indisvalid, i.indisready, {},
       i.indisreplident, i.indisclustered, ic.reloptions, ts.spcname, con.conname,
       pg_get_indexdef(i.indexrelid), pg_get_expr(i.indpred, i.indrelid)
FROM pg_class c
JOIN pg_index i ON i.indrelid = c.oid
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_am am ON am.oid = ic.relam
LEFT JOIN pg_tablespace ts ON ts.oid = ic.reltablespace
LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid
                           AND con.contype IN ('p', 'u', 'x')
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p')
ORDER BY i.indrelid, ic.relname)sql",
             sql::Sql::trusted(distinct_nulls_known ? "i.indnullsnotdistinct" : "false"),
             reading.schema_oid)
      .str();
}

// Every key, in order. Collation and operator class are named only where they are not what a plain
// CREATE INDEX would take; varchar's operator class is text's, and bpchar's would be another.
constexpr const char* keys_query = R"sql(
SELECT i.indexrelid, k.attnum, k.ord > i.indnkeyatts,
       CASE WHEN k.attnum = 0 THEN pg_get_indexdef(i.indexrelid, k.ord::int, false) END,
       CASE WHEN k.coll <> 0 AND k.coll <> CASE WHEN k.attnum = 0 THEN t.typcollation
                                                ELSE ta.attcollation END
            THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END,
       CASE WHEN NOT oc.opcdefault OR ia.attoptions IS NOT NULL
                 OR oc.opcintype = 'bpchar'::regtype AND ta.atttypid = 'varchar'::regtype
            THEN quote_ident(opn.nspname) || '.' || quote_ident(oc.opcname)
                 || COALESCE(' (' || array_to_string(ia.attoptions, ', ') || ')', '') END,
       k.option & 1 = 1, k.option & 2 = 2, COALESCE(ia.attstattarget, -1)
FROM pg_class c
JOIN pg_index i ON i.indrelid = c.oid
CROSS JOIN LATERAL ROWS FROM (unnest(i.indkey::int2[]), unnest(i.indcollation::oid[]),
                              unnest(i.indclass::oid[]), unnest(i.indoption::int2[]))
     WITH ORDINALITY AS k (attnum, coll, class, option, ord)
JOIN pg_attribute ia ON ia.attrelid = i.indexrelid AND ia.attnum = k.ord
JOIN pg_type t ON t.oid = ia.atttypid
LEFT JOIN pg_attribute ta ON ta.attrelid = i.indrelid AND ta.attnum = k.attnum AND k.attnum <> 0
LEFT JOIN pg_collation co ON co.oid = k.coll
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_opclass oc ON oc.oid = k.class
LEFT JOIN pg_namespace opn ON opn.oid = oc.opcnamespace
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p')
ORDER BY i.indexrelid, k.ord)sql";

Index make_index(db::Result& rows, std::size_t row) {
  Index index;
  index.oid = oid_at(rows, row, 1);
  index.name = rows.text(row, 2);
  index.method = rows.text(row, 3);
  index.unique = rows.boolean(row, 4);
  index.valid = rows.boolean(row, 5);
  index.ready = rows.boolean(row, 6);
  index.nulls_not_distinct = rows.boolean(row, 7);
  index.replica_identity = rows.boolean(row, 8);
  index.clustered = rows.boolean(row, 9);
  index.options = parse_array(rows.rows_[row][10]);
  index.tablespace = rows.text_or(row, 11, "");
  index.constraint = rows.rows_[row][12];
  index.definition = rows.text_or(row, 13, "");
  if (!rows.is_null(row, 14)) index.predicate = PrintedExpression{rows.text(row, 14), {}};
  return index;
}

// Every column of the table: what an expression reads if our grammar cannot say.
using Fallback = std::vector<std::string>;

IndexColumn make_key(const Table& table, const db::Result& rows, std::size_t row,
                     const Fallback& all) {
  IndexColumn key;
  if (rows.is_null(row, 3)) {
    key.column = column_name(table, static_cast<int>(rows.integer(row, 1)));
  } else {
    key.expression = printed_expression(table, rows.text(row, 3), all);
    key.statistics_target = static_cast<int>(rows.integer(row, 8));
  }
  key.collation = rows.text_or(row, 4, "");
  key.opclass = rows.text_or(row, 5, "");
  key.descending = !rows.is_null(row, 6) && rows.boolean(row, 6);
  key.nulls_first = !rows.is_null(row, 7) && rows.boolean(row, 7);
  return key;
}

}  // namespace

void read_indexes(Reading& reading) {
  auto rows = reading.connection.execute(indexes_query(reading));
  std::unordered_map<Oid, Table*> owners;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    table->indexes.push_back(make_index(rows, row));
    owners.emplace(table->indexes.back().oid, table);
  }
  for (auto& [oid, table] : reading.tables) {
    Fallback every_column;
    for (Index& index : table->indexes) {
      reading.indexes.emplace(index.oid, &index);
      if (!index.predicate) continue;
      if (every_column.empty()) {
        for (const Column& column : table->columns) every_column.push_back(column.name);
      }
      index.predicate = printed_expression(*table, index.predicate->text, every_column);
    }
  }
  const auto keys =
      reading.connection.execute(sql::format(keys_query, reading.schema_oid).str());
  for (std::size_t row = 0; row < keys.size(); ++row) {
    const auto index = reading.indexes.find(oid_at(keys, row, 0));
    if (index == reading.indexes.end()) continue;
    const Table& table = *owners.at(index->first);
    Fallback every_column;
    if (!keys.is_null(row, 3)) {
      for (const Column& column : table.columns) every_column.push_back(column.name);
    }
    IndexColumn key = make_key(table, keys, row, every_column);
    if (keys.boolean(row, 2)) {
      if (key.column) index->second->include.push_back(*key.column);
    } else {
      index->second->keys.push_back(std::move(key));
    }
  }
}

}  // namespace pgstrata::catalog
