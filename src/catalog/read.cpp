#include "catalog/read.hpp"

#include <algorithm>
#include <future>

#include "catalog/printing.hpp"
#include "catalog/reading.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::catalog {
namespace {

sql::Sql names(const std::vector<std::string>& schemas, const std::string& support_schema) {
  std::vector<sql::Sql> literals = {sql::format("{}", sql::Literal(support_schema))};
  for (const std::string& schema : schemas) {
    literals.push_back(sql::format("{}", sql::Literal(schema)));
  }
  return sql::format("ARRAY[{}]::name[]", sql::join(literals, ", "));
}

// Tables read at a time where somebody looks at them and lets go of them.
constexpr std::size_t part_size = 250;

// Planning a query costs more than finding out that there is nothing to read.
void read_part(Reading& reading, const db::Result& comments) {
  reading.indexes.clear();
  const Present& present = reading.present;
  read_columns(reading);
  if (present.sequences) read_sequences(reading);
  if (present.partitioned) read_partition_keys(reading);
  read_constraints(reading);
  read_indexes(reading);
  if (present.triggers) read_triggers(reading);
  if (present.policies) read_policies(reading);
  if (present.statistics) read_statistics(reading);
  if (present.publications) read_publications(reading);
  add_comments(reading, comments);
}

bool matters(const Reading& reading, const Table& table) {
  auto named = [&](const std::string& name) { return reading.is_of_interest(name); };
  return named(table.name) || std::ranges::any_of(table.indexes, named, &Index::name);
}

void let_go(Table& table) {
  std::vector<Column> granted;
  for (Column& column : table.columns)
    if (!column.privileges.empty()) granted.push_back(std::move(column));
  table.columns = std::move(granted);
  table.indexes = {};
  table.constraints = {};
  table.triggers = {};
  table.dependents = {};
  table.options = {};
  table.policies = {};
  table.statistics = {};
  table.publications = {};
}

// The readers know of no other tables then.
void read_these(Reading& reading, std::vector<Table*> part, const db::Result& comments) {
  reading.tables.clear();
  for (Table* table : part) reading.tables.emplace(table->oid, table);
  reading.part = std::move(part);
  read_part(reading, comments);
}

// All tables; by spans of oids where there are many and somebody looks, who has the part before to
// himself meanwhile.
void read_in_parts(Reading& reading, const db::Result& comments, const Look& look) {
  std::vector<Table*> all;
  for (auto& [name, table] : reading.snapshot.tables) all.push_back(&table);
  const bool parts = reading.lean && all.size() > part_size;
  if (parts) std::ranges::sort(all, {}, &Table::oid);
  std::future<void> looking;  // at the part before, while the next one is read
  const std::size_t step = parts ? part_size : std::max<std::size_t>(1, all.size());
  for (std::size_t first = 0; first < all.size(); first += step) {
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(first + step, all.size()));
    const std::vector<Table*> part(all.begin() + static_cast<std::ptrdiff_t>(first), end);
    if (parts)
      reading.in_part =
          sql::format(" AND c.oid BETWEEN {} AND {}", part.front()->oid, part.back()->oid);
    read_these(reading, part, comments);
    if (!look) continue;
    if (looking.valid()) looking.get();
    looking = std::async(parts ? std::launch::async : std::launch::deferred, [&, part] {
      look({part.begin(), part.end()});
      for (Table* table : parts ? part : std::vector<Table*>{})
        if (!matters(reading, *table)) let_go(*table);
    });
  }
  if (looking.valid()) looking.get();
}

void read_named(Reading& reading, const db::Result& comments) {
  std::vector<Table*> part;
  std::vector<sql::Sql> oids;
  for (auto& [name, table] : reading.snapshot.tables) {
    if (!reading.is_of_interest(name)) continue;
    part.push_back(&table);
    oids.push_back(sql::format("{}", table.oid));
  }
  if (oids.empty()) return;
  reading.in_part = sql::format(" AND c.oid IN ({})", sql::join(oids, ", "));
  read_these(reading, std::move(part), comments);
}

void read_all(Reading& reading, const Look& look) {
  db::Transaction transaction(reading.connection, reading_transaction());
  if (!read_schema(reading)) return;
  read_tables(reading);
  const db::Result comments = read_comments(reading);
  if (reading.named_alone)
    read_named(reading, comments);
  else
    read_in_parts(reading, comments, look);
  for (auto& [name, table] : reading.snapshot.tables) reading.tables.emplace(table.oid, &table);
  std::ranges::sort(reading.snapshot.index_names);
  read_dependents(reading);
  read_functions(reading);
}

// pg_class knows no size before the first ANALYZE. Measuring takes a lock per table, so it comes
// after the transaction, is bounded, and gives up where somebody holds the table.
void measure_unknown_sizes(Reading& reading) {
  constexpr std::size_t most = 200;
  std::vector<sql::Sql> oids;
  for (const auto& [name, table] : reading.snapshot.tables) {
    if (!reading.is_of_interest(name)) continue;
    if (table.kind == 'r' && table.rows < 0 && oids.size() < most) {
      oids.push_back(sql::format("({})", table.oid));
    }
  }
  if (oids.empty()) return;
  try {
    db::Transaction transaction(reading.connection, "SET LOCAL lock_timeout = '20ms'");
    const auto rows = reading.connection.execute(
        sql::format("SELECT t.oid, pg_relation_size(t.oid) / current_setting('block_size')::int"
                    " FROM (VALUES {}) AS t (oid)",
                    sql::join(oids, ", "))
            .str());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      Table* table = reading.table(rows, row, 0);
      if (table != nullptr && !rows.is_null(row, 1)) table->pages = rows.integer(row, 1);
    }
  } catch (const db::SqlError& error) {
    if (error.connection_lost()) throw;
  }
}

}  // namespace

std::string reading_transaction() {
  return std::string(
             "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
             "SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = '1s';"
             "SET LOCAL cursor_tuple_fraction = 1;") +
         unambiguous_printing;
}

namespace {

Snapshot read(db::Connection& connection, const std::string& base_schema,
              const std::string& support_schema, const std::vector<std::string>& our_schemas,
              const std::optional<std::vector<std::string>>& dependents_of, const Look& look,
              bool named_alone) {
  // The printing functions see the catalog as it is now, not as of the snapshot: one whose object
  // has just been dropped reports an internal error, and reading again does not meet that object.
  for (int attempt = 1;; ++attempt) {
    Snapshot snapshot;
    snapshot.schema = base_schema;
    Reading reading{connection, snapshot,     support_schema, names(our_schemas, support_schema),
                    {},         dependents_of};
    if (dependents_of) reading.interesting.insert(dependents_of->begin(), dependents_of->end());
    reading.lean = look && dependents_of;
    reading.named_alone = named_alone;
    try {
      if (look && attempt > 1) look({});
      read_all(reading, look);
      if (!named_alone) measure_unknown_sizes(reading);
      return snapshot;
    } catch (const db::SqlError& error) {
      if (error.sqlstate() != "XX000" || attempt == 3) throw;
    }
  }
}

}  // namespace

Snapshot read(db::Connection& connection, const std::string& base_schema,
              const std::string& support_schema, const std::vector<std::string>& our_schemas,
              const std::optional<std::vector<std::string>>& dependents_of, const Look& look) {
  return read(connection, base_schema, support_schema, our_schemas, dependents_of, look, false);
}

Snapshot read_named(db::Connection& connection, const std::string& base_schema,
                    const std::string& support_schema, const std::vector<std::string>& our_schemas,
                    const std::vector<std::string>& tables) {
  return read(connection, base_schema, support_schema, our_schemas, tables, {}, true);
}

}  // namespace pgstrata::catalog
