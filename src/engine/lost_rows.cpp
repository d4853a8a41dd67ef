// What a rollback loses: rows whose values only the newest version can hold.
#include <algorithm>

#include "engine/commands.hpp"
#include "engine/long_read.hpp"
#include "plan/elements.hpp"
#include "plan/translations.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::engine {

using sql::format;
using sql::Sql;

namespace {

// A row loses what its older columns, translated up again, would not give back.
Sql loss(const plan::Surroundings& around, const model::Version& newest, const model::Table& table,
         const model::Column& column) {
  for (auto& link : newest.translations)
    if (link.up && link.table == table.physical && link.output == column.physical &&
        link.expression.volatility != sql::Volatility::volatile_)
      return format("pg_catalog.record_image_ne(ROW({}), ROW({}::{}))", sql::Name(column.physical),
                    plan::call_translation(around, link), Sql::trusted(column.type));
  if (column.physical_default)
    return format("pg_catalog.record_image_ne(ROW({}), ROW(({})::{}))", sql::Name(column.physical),
                  Sql::trusted(column.physical_default->text), Sql::trusted(column.type));
  return format("{} IS NOT NULL", sql::Name(column.physical));
}

// `up` may raise on what `down` made of a newer value: that must not keep anybody from rolling
// back.
std::int64_t count(Session& session, const std::string& table, const std::string& column,
                   const Sql& query) {
  try {
    return read_long(session, table, query.str()).integer(0, 0);
  } catch (const db::SqlError& error) {
    if (error.connection_lost() || error.canceled()) throw;
    session.progress.note("how many rows of " + table + "." + column +
                          " only the newest version can hold is not known: `up` fails on some (" +
                          error.fields().message + ")");
    return 0;
  }
}

}  // namespace

std::vector<LostRows> lost_rows(Session& session, const plan::Chain& chain) {
  std::vector<LostRows> lost;
  const model::Version& newest = chain.back();
  if (newest.raw_sql) return lost;
  catalog::Snapshot none;
  plan::Surroundings around{.base_schema = session.names.base_schema,
                            .support_schema = session.support_schema,
                            .snapshot = none,
                            .user_path = {}};
  for (auto& [logical, table] : newest.tables) {
    sql::Qualified relation{session.names.base_schema, table.physical};
    const model::Table* before = chain[chain.size() - 2].physical_table(table.physical);
    std::vector<std::string> columns;
    std::vector<Sql> counts;
    if (!before && !newest.raw_sql) {
      columns.push_back("*");
      counts.push_back(Sql::trusted("pg_catalog.count(*)"));
    }
    for (auto& column : before ? table.columns : std::vector<model::Column>{}) {
      if (before->physical_column(column.physical)) continue;
      columns.push_back(column.name);
      counts.push_back(
          format("pg_catalog.count(*) FILTER (WHERE {})", loss(around, newest, table, column)));
    }
    if (counts.empty()) continue;
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (auto rows =
              count(session, logical, columns[i], format("SELECT {} FROM {}", counts[i], relation));
          rows > 0)
        lost.push_back(
            {.table = logical, .column = columns[i], .rows = rows, .version = newest.name});
  }
  return lost;
}

}  // namespace pgstrata::engine
