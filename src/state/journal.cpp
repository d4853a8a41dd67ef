// Runs and their steps.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"
#include "state/store.hpp"

namespace pgstrata::state {
namespace {

const char* word(RunStatus status) {
  switch (status) {
    case RunStatus::running:
      return "running";
    case RunStatus::done:
      return "done";
    case RunStatus::undone:
      return "undone";
  }
  throw Error(Exit::failure, "unknown-status", "a run has a status without a name");
}

RunStatus run_status_from(const std::string& text) {
  for (const auto status : {RunStatus::running, RunStatus::done, RunStatus::undone})
    if (text == word(status)) return status;
  throw Error(Exit::failure, "unreadable-state", "a run has the unknown status \"" + text + "\"");
}

constexpr const char* step_fields =
    "step ->> 'phase', step ->> 'kind', coalesce(step ->> 'title', ''), step";

// The steps from `next` on, at most about a quarter of a megabyte; `next` is left behind the last.
std::string steps_json(const std::vector<plan::Step>& steps, std::size_t& next) {
  constexpr std::size_t enough = 250'000;
  std::string list = "[";
  for (; next < steps.size() && list.size() < enough; ++next) {
    if (list.size() > 1) list += ',';
    list += plan::to_json(steps[next]);
  }
  return list + "]";
}

std::optional<RunRow> newest_run(db::Connection& connection, const Names& names,
                                 const char* condition) {
  const auto rows = connection.execute(
      fmt::format("SELECT id, command, ordinal, status FROM {} WHERE base_schema = $1 AND {} "
                  "ORDER BY id DESC LIMIT 1",
                  state_object(names, "runs"), condition),
      {names.base_schema});
  if (rows.empty()) return {};
  return RunRow{rows.integer(0, 0),
                rows.text(0, 1),
                static_cast<int>(rows.integer(0, 2)),
                run_status_from(rows.text(0, 3)),
                {}};
}

}  // namespace

std::optional<RunRow> Store::unfinished_run() const {
  return newest_run(connection_, names_, "status = 'running'");
}

std::optional<RunRow> Store::last_finished_run() const {
  return newest_run(connection_, names_, "status <> 'running'");
}

std::vector<StepRow> Store::steps(std::int64_t run) const {
  const auto rows = connection_.execute(
      fmt::format("SELECT sequence, CASE WHEN sum(length(step::text)) OVER (ORDER BY sequence) < "
                  "1000000 THEN step ELSE json_build_object('format', step -> 'format', 'phase', "
                  "phase, 'kind', kind, 'title', title, 'makes', coalesce(step ->> 'makes', ''), "
                  "'beside', coalesce(step ->> 'beside', 'false')::boolean, 'lock', "
                  "coalesce(step ->> 'lock', '')) END, "
                  "done_at IS NOT NULL, sum(length(step::text)) OVER (ORDER BY sequence) < "
                  "1000000, {}, {} FROM {} "
                  "WHERE run = $1 ORDER BY sequence",
                  installed() < 2 ? "NULL" : "error", installed() < 4 ? "NULL" : "begun",
                  state_object(names_, "steps")),
      {std::to_string(run)});
  std::vector<StepRow> steps;
  steps.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    steps.push_back({static_cast<int>(rows.integer(row, 0)),
                     plan::step_from_json(rows.text(row, 1)), rows.boolean(row, 2),
                     rows.text_or(row, 4, ""), rows.boolean(row, 3), rows.text_or(row, 5, "")});
  return steps;
}

StepRow Store::load_step(db::Connection& connection, std::int64_t run, const StepRow& row) const {
  const auto rows =
      connection.execute(fmt::format("SELECT step FROM {} WHERE run = $1 AND sequence = $2",
                                     state_object(names_, "steps")),
                         {std::to_string(run), std::to_string(row.sequence)});
  return {row.sequence, plan::step_from_json(rows.text(0, 0)), row.done, row.error, true,
          row.begun};
}

// Run and steps in one statement, if they are not very many.
std::int64_t Store::insert_run(const RunRow& row, const std::vector<plan::Step>& steps) {
  std::size_t next = 0;
  const std::string first = steps_json(steps, next);
  const auto rows = connection_.execute(
      fmt::format("WITH r AS (INSERT INTO {} (base_schema, command, ordinal, status, detail) "
                  "VALUES ($1, $2, $3, $4, $5) RETURNING id), "
                  "s AS (INSERT INTO {} (run, sequence, phase, kind, title, step) "
                  "SELECT r.id, n, {} FROM r, json_array_elements($6::json) WITH ORDINALITY AS "
                  "s(step, n)) SELECT id FROM r",
                  state_object(names_, "runs"), state_object(names_, "steps"), step_fields),
      {names_.base_schema, row.command, std::to_string(row.ordinal), word(row.status),
       row.detail.empty() ? std::nullopt : std::optional(row.detail), first});
  const std::int64_t run = rows.integer(0, 0);
  append_from(run, steps, next);
  return run;
}

void Store::append_steps(std::int64_t run, const std::vector<plan::Step>& steps) {
  append_from(run, steps, 0);
}

void Store::append_from(std::int64_t run, const std::vector<plan::Step>& steps, std::size_t next) {
  while (next < steps.size())
    connection_.execute(
        fmt::format("INSERT INTO {0} (run, sequence, phase, kind, title, step) "
                    "SELECT $1::bigint, n + (SELECT coalesce(max(sequence), 0) FROM {0} WHERE run "
                    "= $1::bigint), {1} "
                    "FROM json_array_elements($2::json) WITH ORDINALITY AS s(step, n)",
                    state_object(names_, "steps"), step_fields),
        {std::to_string(run), steps_json(steps, next)});
}

// What was asked of its backfill is not meant for the next one.
std::string Store::finish_run_sql(std::int64_t run, RunStatus status) const {
  return fmt::format(
      "WITH obeyed AS (DELETE FROM {} WHERE base_schema = {}\n"
      "  AND EXISTS (SELECT FROM {} WHERE run = {}))\n"
      "UPDATE {} SET status = {}, ended_at = pg_catalog.clock_timestamp() WHERE id = {}",
      state_object(names_, "control"), sql::quote_literal(names_.base_schema),
      state_object(names_, "backfills"), run, state_object(names_, "runs"),
      sql::quote_literal(word(status)), run);
}

void Store::set_error(std::int64_t run, int sequence, const std::string& error) {
  connection_.execute(fmt::format("UPDATE {} SET error = $1 WHERE run = $2 AND sequence = $3",
                                  state_object(names_, "steps")),
                      {error, std::to_string(run), std::to_string(sequence)});
}

void Store::set_begun(std::int64_t run, int sequence, const std::string& begun) {
  connection_.execute(fmt::format("UPDATE {} SET begun = $1 WHERE run = $2 AND sequence = $3",
                                  state_object(names_, "steps")),
                      {begun, std::to_string(run), std::to_string(sequence)});
}

void Store::skip_step(std::int64_t run, int sequence) {
  connection_.execute(fmt::format("UPDATE {} SET done_at = clock_timestamp(), skipped_at = "
                                  "clock_timestamp() WHERE run = $1 AND sequence = $2",
                                  state_object(names_, "steps")),
                      {std::to_string(run), std::to_string(sequence)});
}

void Store::finish_run(std::int64_t run, RunStatus status) {
  connection_.execute(finish_run_sql(run, status));
}

}  // namespace pgstrata::state
