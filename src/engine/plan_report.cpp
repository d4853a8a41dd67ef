// plan: what start, complete and rollback of a migration would do, and what to know beforehand.
#include <algorithm>

#include "engine/commands.hpp"
#include "engine/plan_rules.hpp"
#include "engine/user_triggers.hpp"
#include "migration/document.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::engine {

namespace {

const char* kind_name(plan::StepKind kind) {
  switch (kind) {
    case plan::StepKind::transaction:
      return "transaction";
    case plan::StepKind::attempt:
      return "attempt";
    case plan::StepKind::concurrently:
      return "concurrently";
    case plan::StepKind::validate:
      return "validate";
    case plan::StepKind::backfill:
      return "backfill";
    case plan::StepKind::user_sql:
      return "sql";
    case plan::StepKind::publish:
      return "publish";
  }
  return "transaction";
}

void add_steps(PlanReport& report, const std::string& command,
               const std::vector<plan::Step>& steps) {
  for (auto& step : steps)
    report.steps.push_back({.command = command,
                            .phase = step.phase,
                            .kind = kind_name(step.kind),
                            .title = step.title,
                            .reason = step.reason,
                            .lock = step.lock,
                            .scans = step.scans,
                            .rewrites = step.rewrites,
                            .statements = step.statements});
}

void add_translations(PlanReport& report, const Prepared& prepared) {
  for (auto& link : prepared.next.translations) {
    if (link.loses_values)
      report.lossy.push_back(
          {link.title, std::string(link.up ? "up" : "down") +
                           " may lose values: the older and the newer value need not be equal"});
    if (link.can_raise)
      report.raising.push_back(
          {link.title, link.up
                           ? "up can raise an error, which then fails an older version's write"
                           : "down can raise an error, which then fails a newer version's write"});
    if (link.expression.needs_definer())
      report.warnings.push_back({link.title,
                                 "reads other tables or calls your functions: runs with the table "
                                 "owner's rights and a pinned search_path, every role may call it, "
                                 "and is not computed again when those change"});
  }
}

// Twins double the updated part of a row at worst; WAL per row as measured on a 120-byte row, see
// README.
void add_estimates(PlanReport& report, const Prepared& prepared) {
  constexpr std::int64_t page = 8192, wal_bytes_per_row_over_size = 150;
  for (auto& step : prepared.steps) {
    if (!step.fill) continue;
    const catalog::Table* base = prepared.snapshot.table(step.fill->table);
    if (!base) continue;
    std::int64_t bytes = base->pages * page;
    std::int64_t row_bytes = base->rows > 0 ? bytes / base->rows : 0;
    report.estimates.push_back(
        {.table = step.fill->table,
         .rows = base->rows,
         .table_bytes = bytes,
         .disk_bytes = base->rows >= 0 ? bytes + base->rows * 8 : -1,
         .wal_bytes =
             base->rows >= 0 ? base->rows * (2 * row_bytes + wal_bytes_per_row_over_size) : -1});
  }
}

// A backfill waits for replicas, as far as the role can see them.
void add_hidden_signals(PlanReport& report, Session& session, const Prepared& prepared) {
  if (std::ranges::none_of(prepared.steps, [](auto& step) { return step.fill.has_value(); }))
    return;
  const auto hidden = session.connection.execute(
      "SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE state IS NULL");
  if (hidden.integer(0, 0) > 0)
    report.warnings.push_back(
        {"replicas",
         "the role is not shown how far they are behind (it lacks pg_monitor): the backfill sees "
         "only what those with a replication slot have received"});
}

// What complete and rollback would do right after the start.
void add_later_commands(PlanReport& report, Session& session, const Prepared& prepared) {
  if (prepared.next.raw_sql) {
    report.notes.push_back(
        "complete and rollback follow from what the SQL leaves; they cannot be planned before it "
        "has run");
    return;
  }
  plan::Chain chain = prepared.live;
  chain.push_back(prepared.next);
  auto around = session.around(prepared.snapshot);
  add_steps(report, "complete", plan::plan_complete(around, chain).steps);
  add_steps(report, "rollback", plan::plan_rollback(around, chain, std::nullopt).steps);
}

}  // namespace

PlanReport plan_report(Session& session, const std::string& file) {
  Documents documents{migration::read_file(file)};
  History history = session.history();
  const state::VersionRow* newest = history.newest_named(documents.back().name);
  if (history.unfinished && (history.unfinished->command == "complete" ||
                             (newest && newest->ordinal == history.unfinished->ordinal)))
    refuse_unfinished(history);
  PlanReport report;
  if (const Applied applied = find_applied(session, history, documents); applied.row) {
    report.version = applied.row->name;
    report.version_schema = applied.row->schema;
    report.notes.push_back(applied.note.empty() ? "version \"" + applied.row->name +
                                                      "\" is live already: start does nothing"
                                                : applied.note);
    return report;
  }
  Prepared prepared = prepare(session, std::move(history), documents, true);
  report.version = prepared.next.name;
  report.version_schema = prepared.next.schema;
  report.records_baseline = prepared.records_baseline;
  if (!prepared.records_baseline && !prepared.records_empty &&
      prepared.live.back().name != empty_name)
    report.from = prepared.live.back().name;
  add_steps(report, "start", prepared.steps);
  add_later_commands(report, session, prepared);
  for (auto& remark :
       plan::path_dependent_writes(session.around(prepared.snapshot), prepared.live, prepared.next))
    report.path_dependent.push_back({remark.object, remark.text});
  add_translations(report, prepared);
  add_rules(report, prepared.live.back(), prepared.next);
  add_estimates(report, prepared);
  add_hidden_signals(report, session, prepared);
  for (auto& function : prepared.functions)
    report.warnings.push_back({"functions", function + "; start needs --accept-functions"});
  add_triggers(report, session, prepared);
  for (auto& line : prepared.drift) report.notes.push_back(line);
  for (auto& line : prepared.notes) report.notes.push_back(line);
  if (prepared.history.unfinished)
    report.warnings.push_back({prepared.history.chain.back().name,
                               "a " + prepared.history.unfinished->command +
                                   " is unfinished: start is refused until it is finished"});
  if (prepared.live.size() > 1)
    report.notes.push_back("it would stack on " + std::to_string(prepared.live.size()) +
                           " live versions; `complete` then retires \"" +
                           prepared.live.front().name + "\" first");
  try {
    for (auto& finding : check_before(session, prepared))
      report.findings.push_back({finding.object, finding.text});
  } catch (const Error& error) {
    if (error.exit() == Exit::interrupted || error.exit() == Exit::migration) throw;
    report.findings.push_back({error.where(), error.message() + "; start would stop here"});
  }
  return report;
}

}  // namespace pgstrata::engine
