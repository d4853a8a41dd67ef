// What a running backfill obeys, and what it says of itself.
#include <fmt/format.h>

#include <charconv>

#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"
#include "state/store.hpp"

namespace pgstrata::state {

namespace {

// Like std::stod, which throws where a number is nearer to 0 than most are.
double real(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Control Store::control() const {
  const auto rows = connection_.execute(
      fmt::format("SELECT paused, max_rate, {} FROM {} WHERE base_schema = $1",
                  installed() < 3 ? "NULL" : "workers", state_object(names_, "control")),
      {names_.base_schema});
  if (rows.empty()) return {};
  Control control{rows.boolean(0, 0), std::nullopt, std::nullopt};
  if (!rows.is_null(0, 1)) control.max_rate = real(rows.text(0, 1));
  if (!rows.is_null(0, 2)) control.workers = static_cast<int>(rows.integer(0, 2));
  return control;
}

// One statement, as others may give their orders at the same time.
void Store::change_control(const ControlChange& change) {
  if (change.workers && installed() < 3)
    throw Error(Exit::state, "older-state-schema",
                "the state schema is of an older release, whose backfills take no such order",
                names_.state_schema, "`pgstrata init` upgrades it while no command is at work");
  const auto number = [](const auto& value) {
    return value ? std::optional(fmt::format("{}", *value)) : std::nullopt;
  };
  const auto text = [&](const char* statement) {
    return fmt::format(fmt::runtime(statement), state_object(names_, "control"));
  };
  connection_.execute(text("INSERT INTO {} AS c (base_schema, paused, max_rate) "
                           "VALUES ($1, coalesce($2, false), $3) ON CONFLICT (base_schema) DO "
                           "UPDATE SET paused = coalesce($2, c.paused), "
                           "max_rate = coalesce($3, c.max_rate), changed_at = now()"),
                      {names_.base_schema, number(change.paused), number(change.max_rate)});
  if (change.workers)
    connection_.execute(text("UPDATE {} SET workers = $2 WHERE base_schema = $1"),
                        {names_.base_schema, number(change.workers)});
}

std::string Store::report_fill_sql(std::int64_t run, int sequence, double rows_per_second,
                                   int workers, const std::string& throttled) const {
  return fmt::format(
      "UPDATE {} SET rows_per_second = {}, workers = {}, throttled = {}, "
      "reported_at = pg_catalog.clock_timestamp() WHERE run = {} AND sequence = {}",
      state_object(names_, "backfills"), rows_per_second, workers, sql::quote_literal(throttled),
      run, sequence);
}

std::vector<FillReport> Store::fills(std::int64_t run) const {
  if (installed() < 3) return {};  // an older release's start says nothing of itself
  const auto rows = connection_.execute(
      fmt::format(
          "SELECT b.schema_name, b.table_name, b.pages, "
          "b.pages - coalesce(sum(c.end_page - c.next_page), 0), coalesce(sum(c.filled), 0), "
          "coalesce(b.rows_per_second, 0), coalesce(b.workers, 0), coalesce(b.throttled, ''), "
          "coalesce(extract(epoch FROM clock_timestamp() - b.reported_at), -1)::float8 "
          "FROM {} b JOIN {} s USING (run, sequence) LEFT JOIN {} c USING (run, sequence) "
          "WHERE run = $1 AND s.done_at IS NULL GROUP BY b.run, b.sequence ORDER BY b.sequence",
          state_object(names_, "backfills"), state_object(names_, "steps"),
          state_object(names_, "backfill_chunks")),
      {std::to_string(run)});
  std::vector<FillReport> fills;
  for (std::size_t row = 0; row < rows.size(); ++row)
    fills.push_back({rows.text(row, 0), rows.text(row, 1), rows.integer(row, 2),
                     rows.integer(row, 3), rows.integer(row, 4), real(rows.text(row, 5)),
                     static_cast<int>(rows.integer(row, 6)), rows.text(row, 7),
                     real(rows.text(row, 8))});
  return fills;
}

}  // namespace pgstrata::state
