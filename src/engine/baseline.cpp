// baseline: the base schema as it is becomes a version.
#include "engine/commands.hpp"
#include "model/from_catalog.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::engine {

using state::Status;

namespace {

state::VersionRow row_of(const model::Version& version, const std::string& kind) {
  state::VersionRow row;
  row.ordinal = version.ordinal;
  row.name = version.name;
  row.schema = version.schema;
  row.kind = kind;
  return row;
}

bool same_shape(const model::Version& a, const model::Version& b) {
  model::Version left = a, right = b;
  right.ordinal = left.ordinal;
  for (auto* side : {&left, &right})
    for (auto& [name, table] : side->tables) table.inner_view.clear();
  return left.tables == right.tables;
}

// A baseline of that name is live: is it what the tables are?
void check_recorded(Session& session, const History& history, BaselineReport& report) {
  const state::VersionRow& live = history.chain.front();
  model::Version now;
  now.ordinal = live.ordinal;
  now.name = live.name;
  now.schema = live.schema;
  take_tables(session, history, no_dependents, now);
  if (!same_shape(session.model(live), now))
    refuse_state("drift",
                 "version \"" + live.name + "\" is live, and the base schema has changed since",
                 "choose another name to adopt the change");
  report.already = true;
  report.ordinal = live.ordinal;
  report.tables = static_cast<int>(now.tables.size());
}

model::Version next_version(const Session& session, const History& history,
                            const std::string& name) {
  model::Version version;
  version.ordinal = history.next_ordinal();
  version.name = name;
  version.schema = session.version_schema(name, name);
  version.raw_sql = true;  // its boundary makes nothing: everything was there
  return version;
}

BaselineReport publish(Session& session, const History& history, model::Version version) {
  const catalog::Snapshot snapshot = take_tables(session, history, no_dependents, version);
  const plan::Chain live = session.models(history.chain);
  auto steps = plan::plan_publish(session.around(snapshot), live, version);
  state::RunRow run;
  run.command = "baseline";
  run.ordinal = version.ordinal;
  run.detail = "{}";
  journaled(
      session,
      [&] {
        session.store.insert_version(row_of(version, "baseline"));
        replace_model(session, version);
        run.id = session.store.insert_run(run, steps);
      },
      Commit::before_others);
  session.execute(run, 1, 0, -1, when_published(session, run));
  BaselineReport report;
  report.version = version.name;
  report.version_schema = version.schema;
  report.ordinal = version.ordinal;
  report.tables = static_cast<int>(version.tables.size());
  return report;
}

}  // namespace

// Part by part: the whole catalog takes several times the room.
catalog::Snapshot take_tables(Session& session, const History& history,
                              const std::vector<std::string>& dependents_of,
                              model::Version& version) {
  return session.snapshot(history, dependents_of, [&](const auto& tables) {
    if (tables.empty()) version.tables.clear();  // the reading begins anew
    for (const catalog::Table* table : tables)
      version.tables.emplace(table->name, model::table_from_catalog(*table));
  });
}

void finish_baseline(Session& session) {
  auto run = session.store.unfinished_run();
  if (!run || run->command != "baseline") return;
  session.execute(*run, 1, 0, -1, when_published(session, *run));
}

void insert_empty(Session& session) {
  model::Version version;
  version.ordinal = session.history().next_ordinal();
  version.name = empty_name;
  journaled(session, [&] {
    session.store.insert_version(row_of(version, empty_kind));
    replace_model(session, version);
    session.store.set_status(version.ordinal, Status::live);
  });
}

void publish_first_baseline(Session& session) {
  const History history = session.history();
  publish(session, history, next_version(session, history, first_baseline_name));
}

BaselineReport baseline(Session& session, const std::string& name) {
  BaselineReport report;
  report.version = name;
  report.version_schema = session.version_schema(name, name);
  finish_baseline(session);
  History history = session.history();
  if (history.unfinished) refuse_unfinished(history);
  if (history.chain.size() > 1)
    refuse_state("in-flight", "version \"" + history.chain.back().name + "\" is in flight",
                 "complete it or roll it back first");
  if (history.chain.empty()) refuse_foreign_history(session);
  if (!history.chain.empty() && history.chain.front().name == name) {
    check_recorded(session, history, report);
    return report;
  }
  if (const state::VersionRow* known = history.newest_named(name);
      known && known->status == Status::retired)
    refuse_state("applied", "there was a version \"" + name + "\" before", "choose another name");
  model::Version version = next_version(session, history, name);
  refuse_taken_schemas(session, history, version);
  report = publish(session, history, std::move(version));
  if (!history.chain.empty() && history.chain.front().kind != empty_kind)
    report.notes.push_back("version \"" + history.chain.front().name +
                           "\" stays live beside it; `pgstrata complete` retires it");
  return report;
}

}  // namespace pgstrata::engine
