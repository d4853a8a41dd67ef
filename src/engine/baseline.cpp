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

// Gives the version the tables as they are, part by part: the whole catalog takes several times the
// room. What the snapshot keeps is enough to publish them.
catalog::Snapshot take_tables(Session& session, const History& history, model::Version& version) {
  return session.snapshot(history, no_dependents, [&](const auto& tables) {
    if (tables.empty()) version.tables.clear();  // the reading begins anew
    for (const catalog::Table* table : tables)
      version.tables.emplace(table->name, model::table_from_catalog(*table));
  });
}

// A baseline of that name is live: is it what the tables are?
void check_recorded(Session& session, const History& history, BaselineReport& report) {
  const state::VersionRow& live = history.chain.front();
  model::Version now;
  now.ordinal = live.ordinal;
  now.name = live.name;
  now.schema = live.schema;
  take_tables(session, history, now);
  if (!same_shape(session.model(live), now))
    refuse_state("drift",
                 "version \"" + live.name + "\" is live, and the base schema has changed since",
                 "choose another name to adopt the change");
  report.already = true;
  report.ordinal = live.ordinal;
  report.tables = static_cast<int>(now.tables.size());
}

}  // namespace

void finish_baseline(Session& session) {
  auto run = session.store.unfinished_run();
  if (!run || run->command != "baseline") return;
  session.execute(run->id, 1, 0, -1, when_published(session, *run));
}

void insert_empty(Session& session) {
  model::Version version;
  version.ordinal = session.store.next_ordinal();
  version.name = empty_name;
  journaled(session, [&] {
    session.store.insert_version(row_of(version, empty_kind));
    replace_model(session, version);
    session.store.set_status(version.ordinal, Status::live);
  });
}

BaselineReport publish_baseline(Session& session, const std::string& name) {
  BaselineReport report;
  report.version = name;
  report.version_schema = session.version_schema(name, name);
  const History history = session.history();
  report.ordinal = session.store.next_ordinal();
  model::Version version;
  version.ordinal = report.ordinal;
  version.name = name;
  version.schema = report.version_schema;
  version.raw_sql = true;  // its boundary makes nothing: everything was there
  catalog::Snapshot snapshot = take_tables(session, history, version);
  report.tables = static_cast<int>(version.tables.size());
  plan::Chain live = session.models(history.chain);
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
  session.execute(run.id, 1, 0, -1, when_published(session, run));
  return report;
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
  model::Version version;
  version.ordinal = history.all.empty() ? 1 : history.all.back().ordinal + 1;
  version.name = name;
  version.schema = report.version_schema;
  refuse_taken_schemas(session, history, version);
  report = publish_baseline(session, name);
  if (!history.chain.empty() && history.chain.front().kind != empty_kind)
    report.notes.push_back("version \"" + history.chain.front().name +
                           "\" stays live beside it; `pgstrata complete` retires it");
  return report;
}

}  // namespace pgstrata::engine
