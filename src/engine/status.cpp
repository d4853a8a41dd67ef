// status: what is live, what is unfinished, what to run next.
#include "engine/commands.hpp"

namespace pgstrata::engine {

namespace {

double age_seconds(Session& session, const std::string& published) {
  if (published.empty()) return -1;
  auto age = session.connection.execute(
      "SELECT extract(epoch FROM pg_catalog.clock_timestamp() - $1::timestamptz)::float8",
      {published});
  return std::stod(age.text(0, 0));
}

void add_unfinished(Session& session, const History& history, StatusReport& report) {
  if (!history.unfinished) return;
  const state::RunRow& run = *history.unfinished;
  UnfinishedRun unfinished{.command = run.command, .version = {}};
  for (auto& row : history.all)
    if (row.ordinal == run.ordinal) unfinished.version = row.name;
  for (auto& step : session.store.steps(run.id)) {
    ++unfinished.total;
    unfinished.done += step.done;
  }
  report.notes.push_back("a " + run.command + " of \"" + unfinished.version +
                         "\" is unfinished: run `pgstrata " + run.command + "` again to finish it" +
                         (run.command == "start" ? ", or `pgstrata rollback` to undo it" : ""));
  report.unfinished = unfinished;
}

}  // namespace

StatusReport status(Session& session) {
  StatusReport report;
  report.schema = session.names.base_schema;
  report.initialized = session.initialized();
  if (!report.initialized) {
    report.notes.push_back(
        "no history yet: `pgstrata start FILE` records the schema as it is and publishes the first "
        "migration");
    return report;
  }
  History history = session.history();
  for (auto& row : history.all) {
    if (row.kind == empty_kind) continue;
    report.versions.push_back({.name = row.name,
                               .schema = row.schema,
                               .ordinal = row.ordinal,
                               .status = state::to_string(row.status),
                               .kind = row.kind,
                               .age_seconds = age_seconds(session, row.published_at)});
  }
  add_unfinished(session, history, report);
  report.in_flight = history.unfinished || history.chain.size() > 1;
  if (!history.unfinished && history.chain.size() > 1)
    report.notes.push_back(
        "\"" + history.chain.back().name + "\" is in flight: `pgstrata complete` retires " +
        (history.chain.front().kind == empty_kind ? std::string("the empty shape before it")
                                                  : "\"" + history.chain.front().name + "\"") +
        ", `pgstrata rollback` removes \"" + history.chain.back().name + "\"");
  return report;
}

}  // namespace pgstrata::engine
