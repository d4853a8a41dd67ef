// Runs and their steps.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "pgstrata/error.hpp"
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

std::optional<RunRow> newest_run(db::Connection& connection, const Names& names,
                                 const char* condition) {
  const auto rows = connection.execute(
      fmt::format(
          "SELECT id, command, ordinal, status, detail FROM {} WHERE base_schema = $1 AND {} "
          "ORDER BY id DESC LIMIT 1",
          state_object(names, "runs"), condition),
      {names.base_schema});
  if (rows.empty()) return {};
  return RunRow{rows.integer(0, 0), rows.text(0, 1), static_cast<int>(rows.integer(0, 2)),
                run_status_from(rows.text(0, 3)), rows.text_or(0, 4, "")};
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
      fmt::format(
          "SELECT sequence, step, done_at IS NOT NULL FROM {} WHERE run = $1 ORDER BY sequence",
          state_object(names_, "steps")),
      {std::to_string(run)});
  std::vector<StepRow> steps;
  steps.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    steps.push_back({static_cast<int>(rows.integer(row, 0)),
                     plan::step_from_json(rows.text(row, 1)), rows.boolean(row, 2)});
  return steps;
}

std::int64_t Store::insert_run(const RunRow& row, const std::vector<plan::Step>& steps) {
  const auto rows = connection_.execute(
      fmt::format("INSERT INTO {} (base_schema, command, ordinal, status, detail) VALUES ($1, $2, "
                  "$3, $4, $5) "
                  "RETURNING id",
                  state_object(names_, "runs")),
      {names_.base_schema, row.command, std::to_string(row.ordinal), word(row.status),
       row.detail.empty() ? std::nullopt : std::optional(row.detail)});
  const auto id = rows.integer(0, 0);
  append_steps(id, steps);
  return id;
}

// One statement whatever the number of steps: a run over 1,000 tables writes thousands.
void Store::append_steps(std::int64_t run, const std::vector<plan::Step>& steps) {
  if (steps.empty()) return;
  std::string list;
  for (const auto& step : steps) list += (list.empty() ? '[' : ',') + plan::to_json(step);
  connection_.execute(
      fmt::format("INSERT INTO {0} (run, sequence, phase, kind, title, step) "
                  "SELECT $1::bigint, n + (SELECT coalesce(max(sequence), 0) FROM {0} WHERE run = "
                  "$1::bigint), "
                  "step ->> 'phase', step ->> 'kind', coalesce(step ->> 'title', ''), step "
                  "FROM json_array_elements($2::json) WITH ORDINALITY AS s(step, n)",
                  state_object(names_, "steps")),
      {std::to_string(run), list + "]"});
}

void Store::finish_run(std::int64_t run, RunStatus status) {
  connection_.execute(
      fmt::format("UPDATE {} SET status = $1, ended_at = clock_timestamp() WHERE id = $2",
                  state_object(names_, "runs")),
      {word(status), std::to_string(run)});
}

}  // namespace pgstrata::state
