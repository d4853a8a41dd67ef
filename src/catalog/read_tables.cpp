// Tables of the base schema, and the names of its other relations.
#include <algorithm>

#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"
#include "db/batches.hpp"

namespace pgstrata::catalog {
namespace {

// relacl is NULL until the first GRANT; the default is made here, because exploding it for ten
// thousand tables is not free. Index 5: MAINTAIN came with 17.
std::string default_acl(const std::string& owner, int server_version) {
  std::string quoted;
  for (const char c : owner) {
    if (c == '"' || c == '\\') quoted += c == '"' ? "\\\"\\" : "\\";
    quoted += c;
  }
  return "{\"\\\"" + quoted + "\\\"=arwdDxt" + (server_version >= 170000 ? "m" : "") + "/o\"}";
}

void fill(Table& table, const Reading& reading, const db::Result& rows, std::size_t row) {
  table.oid = oid_at(rows, row, 0);
  table.name = rows.text(row, 1);
  table.kind = rows.text(row, 2)[0];
  table.partition = rows.boolean(row, 3);
  table.inheritance = rows.boolean(row, 4);
  table.row_security = rows.boolean(row, 5);
  table.force_row_security = rows.boolean(row, 6);
  table.has_rules = rows.boolean(row, 7);
  table.unlogged = rows.boolean(row, 8);
  table.owner = rows.text(row, 9);
  table.owned = rows.boolean(row, 10);
  if (!rows.is_null(row, 11))
    table.privileges = parse_privileges(rows.rows_[row][11]);
  else if (!reading.lean || reading.is_of_interest(table.name))
    table.privileges = parse_privileges(default_acl(table.owner, reading.snapshot.server_version));
  table.options = parse_array(rows.rows_[row][12]);
  table.replica_identity = rows.text(row, 13)[0];
  table.attribute_count = static_cast<int>(rows.integer(row, 14));
  table.pages = rows.integer(row, 15);
  table.rows = rows.integer(row, 16);
}

}  // namespace

void read_tables(Reading& reading) {
  // A result holds every field as a string, a kilobyte per row.
  constexpr int rows_at_a_time = 1000;
  auto take = [&](db::Result& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      Table& table = reading.snapshot.tables[rows.text(row, 1)];
      fill(table, reading, rows, row);
      reading.tables.emplace(table.oid, &table);
      reading.present.partitioned |= table.kind == 'p';
      reading.present.triggers |= rows.boolean(row, 17);
    }
  };
  db::read_in_batches(reading.connection,
                      sql::format(R"sql(
SELECT c.oid, c.relname, c.relkind, c.relispartition,
       NOT c.relispartition AND c.oid IN (SELECT inhrelid FROM pg_inherits)
         OR c.relkind = 'r' AND c.oid IN (SELECT inhparent FROM pg_inherits),
       c.relrowsecurity, c.relforcerowsecurity,
       c.relhasrules AND c.oid IN (SELECT ev_class FROM pg_rewrite),
       c.relpersistence = 'u', pg_get_userbyid(c.relowner), pg_has_role(c.relowner, 'USAGE'),
       c.relacl, c.reloptions, c.relreplident, c.relnatts, c.relpages, c.reltuples::bigint,
       c.relhastriggers
FROM pg_class c
WHERE c.relnamespace = {} AND c.relkind IN ('r', 'p'))sql",
                                  reading.schema_oid)
                          .str(),
                      rows_at_a_time, take);
  const auto others = reading.connection.execute(sql::format(R"sql(
SELECT relname, relkind = 'S', false FROM pg_class
WHERE relnamespace = {0} AND relkind NOT IN ('r', 'p')
UNION ALL
SELECT t.typname, false, true FROM pg_type t
WHERE t.typnamespace = {0} AND t.typrelid = 0
  AND NOT EXISTS (SELECT FROM pg_type element WHERE element.oid = t.typelem AND element.typarray = t.oid)
ORDER BY 1)sql",
                                                             reading.schema_oid)
                                                     .str());
  for (std::size_t row = 0; row < others.size(); ++row) {
    const bool type = others.boolean(row, 2);
    (type ? reading.snapshot.other_types : reading.snapshot.other_relations)
        .push_back(others.text(row, 0));
    reading.present.sequences |= others.boolean(row, 1);
  }
}

}  // namespace pgstrata::catalog
