// What the readers of catalog families share: the snapshot being filled, its tables by oid.
//
// Private to src/catalog. Each reader is one or two queries over all tables of the base schema,
// joined here by oid. They run in one transaction under search_path = pg_catalog, in the order
// below.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "catalog/snapshot.hpp"
#include "db/connection.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::catalog {

// What this schema, or the whole database where that is cheaper to ask, has any of.
struct Present {
  bool sequences = false, partitioned = false, triggers = false;    // in the schema
  bool policies = false, statistics = false, publications = false;  // anywhere
};

// Opens the transaction in which readers ask. The printing functions look at relations for a
// moment; a client's ACCESS EXCLUSIVE must not hold us.
std::string reading_transaction();

struct Reading {
  db::Connection& connection;
  Snapshot& snapshot;
  std::string support_schema;
  sql::Sql our_schemas;  // array of names, the support schema included
  sql::Sql schema_oid;   // of the base schema
  const std::optional<std::vector<std::string>>& dependents_of;
  std::unordered_map<Oid, Table*> tables = {};   // of this part, while one is read
  std::unordered_map<Oid, Index*> indexes = {};  // of this part
  std::vector<Table*> part = {};                 // the tables that are read now
  sql::Sql in_part = {};                         // " AND …" of their pg_class row c; empty: all
  bool lean = false;         // somebody looks, and lets go of what is not in dependents_of
  bool named_alone = false;  // what is not in dependents_of is not read
  Present present = {};
  std::unordered_set<std::string_view> interesting = {};  // what dependents_of names
  std::set<std::pair<Oid, int>> own_collations = {};  // table, attnum: not the database's collation

  // Of a table or an index: always, where nobody said which are.
  bool is_of_interest(const std::string& name) const;
  Table* table(const db::Result& rows, std::size_t row, std::size_t column) const;
};

Oid oid_at(const db::Result& rows, std::size_t row, std::size_t column);
// The column of `table` with this attnum; "" if there is none (system columns, expressions).
std::string column_name(const Table& table, int attnum);
std::vector<std::string> column_names(const Table& table, const std::vector<int>& attnums);
// Columns of the table that a printed expression reads, in attnum order; `fallback` where our
// grammar cannot read the text.
PrintedExpression printed_expression(const Table& table, std::string text,
                                     const std::vector<std::string>& fallback);

bool read_schema(Reading& reading);  // false: there is no such schema
void read_tables(Reading& reading);
void read_columns(Reading& reading);
void read_sequences(Reading& reading);
void read_partition_keys(Reading& reading);
void read_constraints(Reading& reading);
void read_indexes(Reading& reading);
void read_triggers(Reading& reading);
void read_policies(Reading& reading);
void read_statistics(Reading& reading);
void read_publications(Reading& reading);
db::Result read_comments(Reading& reading);
void add_comments(Reading& reading, const db::Result& comments);
void read_dependents(Reading& reading);
void read_functions(Reading& reading);

}  // namespace pgstrata::catalog
