// Models of versions. A version of 10,000 tables has a model of ten megabytes and differs from the
// one before in a few tables: each table is a row, and what does not change is copied by the
// server.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "db/batches.hpp"
#include "sql/identifier.hpp"
#include "state/store.hpp"

namespace pgstrata::state {

void Store::replace_model(int ordinal, const std::string& head, const std::string& tables) {
  connection_.execute(fmt::format("DELETE FROM {} WHERE base_schema = $1 AND ordinal = $2::integer",
                                  state_object(names_, "models")),
                      {names_.base_schema, std::to_string(ordinal)});
  change_model(ordinal, ordinal, head, tables, {});
}

void Store::change_model(int ordinal, int from, const std::string& head, const std::string& tables,
                         const std::vector<std::string>& gone) {
  connection_.execute(
      fmt::format("WITH head AS (UPDATE {0} SET model = $3::json\n"
                  "              WHERE base_schema = $1 AND ordinal = $2::integer),\n"
                  "changed AS MATERIALIZED (SELECT key, value FROM json_each($4::json)),\n"
                  "gone AS MATERIALIZED (SELECT json_array_elements_text($5::json) AS key),\n"
                  "deleted AS (DELETE FROM {1} WHERE base_schema = $1 AND ordinal = $2::integer\n"
                  "            AND table_name IN (SELECT key FROM gone))\n"
                  "INSERT INTO {1} (base_schema, ordinal, table_name, model)\n"
                  "SELECT $1, $2::integer, key, value FROM changed\n"
                  "UNION ALL\n"
                  "SELECT base_schema, $2::integer, table_name, model FROM {1}\n"
                  "WHERE base_schema = $1 AND ordinal = $6::integer AND ordinal <> $2::integer\n"
                  "  AND table_name NOT IN (SELECT key FROM changed)\n"
                  "  AND table_name NOT IN (SELECT key FROM gone)\n"
                  "ON CONFLICT (base_schema, ordinal, table_name) DO UPDATE SET model = "
                  "excluded.model",
                  state_object(names_, "versions"), state_object(names_, "models")),
      {names_.base_schema, std::to_string(ordinal), head, tables, nlohmann::json(gone).dump(),
       std::to_string(from)});
}

// Of a completion or a rollback, as the run's detail has them.
std::string Store::adopt_models_sql(std::int64_t run) const {
  const std::string models = state_object(names_, "models");
  const std::string base = sql::quote_literal(names_.base_schema);
  const std::string survivors =
      fmt::format("{} AS r, pg_catalog.json_array_elements(r.detail -> 'survivors') AS s",
                  state_object(names_, "runs"));
  return fmt::format(
      "UPDATE {0} AS v SET model = (s ->> 'head')::json FROM {2}\n"
      "  WHERE r.id = {3} AND v.base_schema = {4} AND v.ordinal = (s ->> 'ordinal')::int\n;\n"
      "DELETE FROM {1} AS m\n"
      "  USING {2}, pg_catalog.json_array_elements_text(s -> 'gone') AS gone\n"
      "  WHERE r.id = {3} AND m.base_schema = {4} AND m.ordinal = (s ->> 'ordinal')::int\n"
      "    AND m.table_name = gone\n;\n"
      "INSERT INTO {1} (base_schema, ordinal, table_name, model)\n"
      "  SELECT {4}, (s ->> 'ordinal')::int, t.key, t.value\n"
      "  FROM {2}, pg_catalog.json_each(s -> 'tables') AS t WHERE r.id = {3}\n"
      "  ON CONFLICT (base_schema, ordinal, table_name) DO UPDATE SET model = excluded.model",
      state_object(names_, "versions"), models, survivors, run, base);
}

// Older state schemas have a model in one piece.
std::string Store::tables_sql(int ordinal) const {
  const std::string base = sql::quote_literal(names_.base_schema);
  if (installed() < 5)
    return fmt::format(
        "(SELECT e.key, e.value FROM {} v, json_each(v.model -> 'tables') e\n"
        " WHERE v.base_schema = {} AND v.ordinal = {})",
        state_object(names_, "versions"), base, ordinal);
  return fmt::format(
      "(SELECT table_name AS key, model AS value FROM {}\n"
      " WHERE base_schema = {} AND ordinal = {})",
      state_object(names_, "models"), base, ordinal);
}

void Store::read_tables(int ordinal, int like, const TakeTable& take) const {
  constexpr int tables_at_a_time = 200;
  // Without statistics, which nobody has made yet, each side is taken for a single row.
  db::Transaction transaction(connection_,
                              "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
                              "SET LOCAL enable_nestloop = off");
  db::read_in_batches(
      connection_,
      fmt::format(
          "SELECT t.key, CASE WHEN p.value::text = t.value::text THEN NULL ELSE t.value END\n"
          "FROM {} t LEFT JOIN {} p USING (key)",
          tables_sql(ordinal), tables_sql(like)),
      tables_at_a_time, [&](db::Result& rows) {
        for (std::size_t row = 0; row < rows.size(); ++row)
          take(rows.text(row, 0), rows.rows_[row][1]);
      });
}

bool Store::ended_since(const std::vector<VersionRow>& rows) const {
  auto ordinals = nlohmann::json::array();
  for (const VersionRow& row : rows) ordinals.push_back(row.ordinal);
  return !connection_
              .execute(fmt::format("SELECT FROM {} WHERE base_schema = $1 AND status IN "
                                   "('retired', 'rolled_back') AND ordinal::text IN "
                                   "(SELECT json_array_elements_text($2::json)) LIMIT 1",
                                   state_object(names_, "versions")),
                       {names_.base_schema, ordinals.dump()})
              .empty();
}

}  // namespace pgstrata::state
