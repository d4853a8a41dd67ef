// status: what is live and what it holds, what is unfinished, what to run next.
#include <map>
#include <nlohmann/json.hpp>

#include "engine/commands.hpp"
#include "engine/user_triggers.hpp"

namespace pgstrata::engine {

namespace {

using state::Status;

// Of all versions at once: seconds since they were published, by ordinal.
std::map<int, double> ages(Session& session) {
  auto rows = session.connection.execute(
      "SELECT ordinal, extract(epoch FROM pg_catalog.clock_timestamp() - published_at)::float8 "
      "FROM " +
          state::state_object(session.names, "versions") +
          " WHERE base_schema = $1 AND published_at IS NOT NULL",
      {session.names.base_schema});
  std::map<int, double> found;
  for (std::size_t row = 0; row < rows.size(); ++row)
    found[static_cast<int>(rows.integer(row, 0))] = std::stod(rows.text(row, 1));
  return found;
}

VersionStatus* version_of(StatusReport& report, int ordinal) {
  for (VersionStatus& version : report.versions)
    if (version.ordinal == ordinal) return &version;
  return nullptr;
}

// What goes with each version: by the rule of completion for the oldest, of rollback for others.
void add_columns(StatusReport& report, const plan::Chain& chain) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    VersionStatus* version = version_of(report, chain[i].ordinal);
    if (!version) continue;
    const model::Version& neighbour = chain[i > 0 ? i - 1 : 1];
    for (auto& [logical, table] : chain[i].tables) {
      const model::Table* other = neighbour.physical_table(table.physical);
      for (auto& column : table.columns)
        if (!other || !other->physical_column(column.physical))
          version->holds.push_back(
              {.table = logical, .column = column.name, .physical = column.physical});
    }
    for (auto& link : i > 0 ? chain[i].translations : std::vector<model::Translation>{})
      if (link.loses_values) version->lossy.push_back(link.title);
  }
}

// Of the fills of an unfinished start: by table, the share of its pages that is still to do.
std::map<std::string, double> unfilled_shares(Session& session, const History& history) {
  std::map<std::string, double> shares;
  if (!history.unfinished || history.unfinished->command != "start") return shares;
  auto object = [&](const char* name) { return state::state_object(session.names, name); };
  auto rows = session.connection.execute(
      "SELECT s.step #>> '{fill,table}', CASE WHEN s.done_at IS NOT NULL THEN 0 ELSE "
      "coalesce(c.left_pages::float8 / greatest(b.pages, 1), 1) END FROM " +
          object("steps") + " s LEFT JOIN " + object("backfills") +
          " b USING (run, sequence) LEFT JOIN (SELECT run, sequence, "
          "pg_catalog.sum(end_page - next_page) AS left_pages FROM " +
          object("backfill_chunks") +
          " GROUP BY run, sequence) c USING (run, sequence) "
          "WHERE s.run = $1 AND s.kind = 'backfill'",
      {std::to_string(history.unfinished->id)});
  for (std::size_t row = 0; row < rows.size(); ++row)
    shares[rows.text_or(row, 0, "")] = std::stod(rows.text(row, 1));
  return shares;
}

// Sizes of all held columns in one query.
void add_sizes(Session& session, const History& history, const plan::Chain& chain,
               StatusReport& report) {
  struct Asked {
    HeldColumn* held;
    std::string table;  // physical
    bool filling;
  };
  std::vector<Asked> asked;
  auto list = nlohmann::json::array();
  for (const model::Version& version : chain)
    if (VersionStatus* status = version_of(report, version.ordinal))
      for (HeldColumn& held : status->holds) {
        const bool filling = history.unfinished && history.unfinished->ordinal == version.ordinal;
        asked.push_back({&held, version.table(held.table)->physical, filling});
        list.push_back({{"t", asked.back().table}, {"c", held.physical}});
      }
  if (asked.empty()) return;
  auto rows = session.connection.execute(
      "SELECT a.n, c.reltuples::bigint, "
      "(c.reltuples * s.avg_width * (1 - s.null_frac))::bigint "
      "FROM json_array_elements($2::json) WITH ORDINALITY AS a(item, n) "
      "JOIN pg_catalog.pg_namespace n ON n.nspname = $1 "
      "JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = a.item ->> 't' "
      "LEFT JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname "
      "AND s.attname = a.item ->> 'c' AND NOT s.inherited",
      {session.names.base_schema, list.dump()});
  const auto shares = unfilled_shares(session, history);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto& [held, table, filling] = asked[static_cast<std::size_t>(rows.integer(row, 0)) - 1];
    const std::int64_t tuples = rows.integer(row, 1);
    if (tuples >= 0 && !rows.is_null(row, 2)) held->bytes = rows.integer(row, 2);
    const auto share = shares.find(table);
    if (!filling || share == shares.end())
      held->unfilled = 0;
    else if (tuples >= 0)
      held->unfilled = static_cast<std::int64_t>(share->second * static_cast<double>(tuples));
  }
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
                         "\" is unfinished: " + how_to_finish(run.command, unfinished.version));
  report.unfinished = unfinished;
}

void add_next_commands(const History& history, StatusReport& report) {
  if (history.unfinished || history.chain.size() < 2) return;
  const state::VersionRow &oldest = history.chain.front(), &newest = history.chain.back();
  const bool several = history.chain.size() > 2;
  report.notes.push_back("\"" + newest.name + "\" is in flight: `pgstrata complete" +
                         (several ? " '" + oldest.name + "'" : "") + "` retires " +
                         (oldest.kind == empty_kind ? std::string("the empty shape before it")
                                                    : "\"" + oldest.name + "\"") +
                         ", `pgstrata rollback" + (several ? " '" + newest.name + "'" : "") +
                         "` removes \"" + newest.name + "\"");
}

}  // namespace

StatusReport status(Session& session) {
  StatusReport report;
  report.schema = session.names.base_schema;
  session.require_schema();
  report.initialized = session.initialized();
  if (!report.initialized) {
    report.notes.push_back(
        "no history yet: `pgstrata start FILE` records the schema as it is and publishes the first "
        "migration");
    return report;
  }
  const History history = session.history();
  const auto age = ages(session);
  std::vector<std::string> schemas;
  for (auto& row : history.all) {
    if (row.kind == empty_kind) continue;
    report.versions.push_back({.name = row.name,
                               .schema = row.schema,
                               .ordinal = row.ordinal,
                               .status = state::to_string(row.status),
                               .kind = row.kind,
                               .age_seconds = age.count(row.ordinal) ? age.at(row.ordinal) : -1});
    if (!state::is_ended(row.status)) schemas.push_back(row.schema);
  }
  if (!history.unfinished)
    for (auto& line : dropped_views(session, history)) report.notes.push_back(line);
  if (history.chain.size() > 1) {
    const plan::Chain chain = session.models(history.chain);
    add_columns(report, chain);
    add_sizes(session, history, chain, report);
    if (!history.unfinished)
      for (auto& line : trigger_disorder(session, chain)) report.notes.push_back(line);
  }
  for (auto& [schema, dependent] : dependents_of_views(session, schemas))
    for (VersionStatus& version : report.versions)
      if (version.schema == schema && (version.status == "live" || version.status == "retiring"))
        version.dependents.push_back(dependent);
  add_unfinished(session, history, report);
  report.in_flight = history.unfinished || history.chain.size() > 1;
  add_next_commands(history, report);
  return report;
}

}  // namespace pgstrata::engine
