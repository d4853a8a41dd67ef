#include "catalog/read.hpp"

#include <algorithm>

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

void read_all(Reading& reading) {
  db::Transaction transaction(reading.connection, reading_transaction());
  if (!read_schema(reading)) return;
  read_tables(reading);
  read_columns(reading);
  // Planning a query costs more than finding out that there is nothing to read.
  const Present& present = reading.present;
  if (present.sequences) read_sequences(reading);
  if (present.partitioned) read_partition_keys(reading);
  read_constraints(reading);
  read_indexes(reading);
  if (present.triggers) read_triggers(reading);
  if (present.policies) read_policies(reading);
  if (present.statistics) read_statistics(reading);
  if (present.publications) read_publications(reading);
  read_comments(reading);
  read_dependents(reading);
  read_functions(reading);
}

// pg_class knows no size before the first ANALYZE. Measuring takes a lock per table, so it comes
// after the transaction, is bounded, and gives up where somebody holds the table.
void measure_unknown_sizes(Reading& reading) {
  constexpr std::size_t most = 200;
  std::vector<sql::Sql> oids;
  for (const auto& [name, table] : reading.snapshot.tables) {
    const auto& wanted = reading.dependents_of;
    if (wanted && std::find(wanted->begin(), wanted->end(), name) == wanted->end()) continue;
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

Snapshot read(db::Connection& connection, const std::string& base_schema,
              const std::string& support_schema, const std::vector<std::string>& our_schemas,
              const std::optional<std::vector<std::string>>& dependents_of) {
  // The printing functions see the catalog as it is now, not as of the snapshot: one whose object
  // has just been dropped reports an internal error, and reading again does not meet that object.
  for (int attempt = 1;; ++attempt) {
    Snapshot snapshot;
    snapshot.schema = base_schema;
    Reading reading{connection, snapshot,     support_schema, names(our_schemas, support_schema),
                    {},         dependents_of};
    try {
      read_all(reading);
      measure_unknown_sizes(reading);
      return snapshot;
    } catch (const db::SqlError& error) {
      if (error.sqlstate() != "XX000" || attempt == 3) throw;
    }
  }
}

}  // namespace pgstrata::catalog
