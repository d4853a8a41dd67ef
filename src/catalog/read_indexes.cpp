// Indexes: one query for all of them, and one for the keys of those that a plain CREATE INDEX ON t
// (columns) would not make. That is the small minority, and their keys need five joins each.
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
       {}, pg_get_expr(i.indpred, i.indrelid),
       i.indkey, i.indoption, i.indcollation, i.indnkeyatts,
       i.indexprs IS NULL AND am.amname IN ('btree', 'hash')
         AND i.indclass::oid[] <@ (SELECT array_agg(oc.oid) FROM pg_opclass oc
                                   WHERE oc.opcdefault AND oc.opcintype <> 'bpchar'::regtype)
FROM pg_class c
JOIN pg_index i ON i.indrelid = c.oid
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_am am ON am.oid = ic.relam
LEFT JOIN pg_tablespace ts ON ts.oid = ic.reltablespace
LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid
                           AND con.contype IN ('p', 'u', 'x')
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'){}
ORDER BY i.indrelid, ic.relname)sql",
             sql::Sql::trusted(distinct_nulls_known ? "i.indnullsnotdistinct" : "false"),
             // Printing is dear, and only a fingerprint, of the whole schema, needs it.
             sql::Sql::trusted(reading.dependents_of ? "NULL" : "pg_get_indexdef(i.indexrelid)"),
             reading.schema_oid, reading.in_part)
      .str();
}

// Every key, in order; varchar and text share an operator class, bpchar's is another. Collation and
// operator class are named only where they are not what a plain CREATE INDEX would take.
constexpr const char* keys_query = R"sql(
SELECT i.indexrelid, k.attnum, k.ord > i.indnkeyatts,
       CASE WHEN k.attnum = 0 THEN pg_get_indexdef(i.indexrelid, k.ord::int, false) END,
       CASE WHEN k.coll <> 0 AND CASE WHEN k.attnum <> 0 THEN k.coll <> ta.attcollation
              -- an expression's own collation is known to the printer alone
              ELSE strpos(pg_get_indexdef(i.indexrelid), pg_get_indexdef(i.indexrelid, k.ord::int, false) || ' COLLATE ') > 0 END
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
LEFT JOIN pg_attribute ta ON ta.attrelid = i.indrelid AND ta.attnum = k.attnum AND k.attnum <> 0
LEFT JOIN pg_collation co ON co.oid = k.coll
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_opclass oc ON oc.oid = k.class
LEFT JOIN pg_namespace opn ON opn.oid = oc.opcnamespace
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p') AND i.indexrelid IN ({})
ORDER BY i.indexrelid, k.ord)sql";

// What an expression reads if our grammar cannot say.
std::vector<std::string> every_column(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

Index make_index(const Table& table, const db::Result& rows, std::size_t row) {
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
  if (!rows.is_null(row, 14)) {
    index.predicate = printed_expression(table, rows.text(row, 14), every_column(table));
  }
  return index;
}

// Is every key's collation its column's? 100 is the oid of the database's own on every server.
bool plain_collations(const Reading& reading, Oid table, const db::Result& rows, std::size_t row) {
  constexpr int database_collation = 100;
  const auto attnums = parse_numbers(rows.rows_[row][15]);
  const auto collations = parse_numbers(rows.rows_[row][17]);
  for (std::size_t i = 0; i < collations.size(); ++i) {
    if (collations[i] == 0) continue;
    if (collations[i] != database_collation ||
        reading.own_collations.contains({table, attnums[i]})) {
      return false;
    }
  }
  return true;
}

void add_plain_keys(Index& index, const Table& table, const db::Result& rows, std::size_t row) {
  const auto attnums = parse_numbers(rows.rows_[row][15]);
  const auto options = parse_numbers(rows.rows_[row][16]);
  const auto keys = static_cast<std::size_t>(rows.integer(row, 18));
  for (std::size_t i = 0; i < attnums.size(); ++i) {
    if (i >= keys) {
      index.include.push_back(column_name(table, attnums[i]));
      continue;
    }
    IndexColumn key;
    key.column = column_name(table, attnums[i]);
    key.descending = (options[i] & 1) != 0;
    key.nulls_first = (options[i] & 2) != 0;
    index.keys.push_back(std::move(key));
  }
}

IndexColumn make_key(const Table& table, const db::Result& rows, std::size_t row) {
  IndexColumn key;
  if (rows.is_null(row, 3)) {
    key.column = column_name(table, static_cast<int>(rows.integer(row, 1)));
  } else {
    key.expression = printed_expression(table, rows.text(row, 3), every_column(table));
    key.statistics_target = static_cast<int>(rows.integer(row, 8));
  }
  key.collation = rows.text_or(row, 4, "");
  key.opclass = rows.text_or(row, 5, "");
  key.descending = !rows.is_null(row, 6) && rows.boolean(row, 6);
  key.nulls_first = !rows.is_null(row, 7) && rows.boolean(row, 7);
  return key;
}

void read_keys(Reading& reading, const std::unordered_map<Oid, Table*>& owners,
               const std::vector<sql::Sql>& oids) {
  if (oids.empty()) return;
  const auto rows = reading.connection.execute(
      sql::format(keys_query, reading.schema_oid, sql::join(oids, ", ")).str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Index& index = *reading.indexes.at(oid_at(rows, row, 0));
    const Table& table = *owners.at(index.oid);
    IndexColumn key = make_key(table, rows, row);
    if (!rows.boolean(row, 2)) {
      index.keys.push_back(std::move(key));
    } else if (key.column) {
      index.include.push_back(*key.column);
    }
  }
}

}  // namespace

void read_indexes(Reading& reading) {
  auto rows = reading.connection.execute(indexes_query(reading));
  std::unordered_map<Oid, Table*> owners;
  std::vector<sql::Sql> not_plain;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Table* table = reading.table(rows, row, 0);
    if (table == nullptr) continue;
    table->indexes.push_back(make_index(*table, rows, row));
    Index& index = table->indexes.back();
    reading.snapshot.index_names.push_back(index.name);
    owners.emplace(index.oid, table);
    if (rows.boolean(row, 19) && plain_collations(reading, table->oid, rows, row)) {
      add_plain_keys(index, *table, rows, row);
    } else {
      not_plain.push_back(sql::format("{}", index.oid));
    }
  }
  for (Table* table : reading.part) {
    for (Index& index : table->indexes) reading.indexes.emplace(index.oid, &index);
  }
  read_keys(reading, owners, not_plain);
}

}  // namespace pgstrata::catalog
