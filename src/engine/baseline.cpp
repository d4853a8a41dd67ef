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
  row.model = model::to_json(version);
  return row;
}

bool same_shape(const model::Version& a, const model::Version& b) {
  model::Version left = a, right = b;
  right.ordinal = left.ordinal;
  for (auto* side : {&left, &right})
    for (auto& [name, table] : side->tables) table.inner_view.clear();
  return left.tables == right.tables;
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
    session.store.set_status(version.ordinal, Status::live);
  });
}

state::VersionRow publish_baseline(Session& session, const std::string& name) {
  History history = session.history();
  catalog::Snapshot snapshot = session.snapshot(history, no_dependents);
  model::Version version = model::version_from_catalog(snapshot, session.store.next_ordinal(), name,
                                                       session.version_schema(name, name));
  version.raw_sql = true;  // its boundary makes nothing: everything was there
  plan::Chain live = session.models(history.chain);
  auto steps = plan::plan_publish(session.around(snapshot), live, version);
  state::VersionRow row = row_of(version, "baseline");
  state::RunRow run;
  run.command = "baseline";
  run.ordinal = row.ordinal;
  run.detail = "{}";
  journaled(
      session,
      [&] {
        session.store.insert_version(row);
        run.id = session.store.insert_run(run, steps);
      },
      Commit::before_others);
  session.execute(run.id, 1, 0, -1, when_published(session, run));
  return row;
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
  catalog::Snapshot snapshot = session.snapshot(history, no_dependents);
  report.tables = static_cast<int>(snapshot.tables.size());
  if (!history.chain.empty()) {
    const state::VersionRow& live = history.chain.front();
    model::Version now =
        model::version_from_catalog(snapshot, live.ordinal, live.name, live.schema);
    if (live.name == name) {
      if (!same_shape(session.model(live), now))
        refuse_state("drift",
                     "version \"" + name + "\" is live, and the base schema has changed since",
                     "choose another name to adopt the change");
      report.already = true;
      report.ordinal = live.ordinal;
      return report;
    }
    report.notes.push_back(live.kind == empty_kind
                               ? ""
                               : "version \"" + live.name +
                                     "\" stays live beside it; `pgstrata complete` retires it");
    if (report.notes.back().empty()) report.notes.pop_back();
  }
  if (const state::VersionRow* known = history.newest_named(name);
      known && known->status == Status::retired)
    refuse_state("applied", "there was a version \"" + name + "\" before", "choose another name");
  model::Version version;
  version.ordinal = history.all.empty() ? 1 : history.all.back().ordinal + 1;
  version.name = name;
  version.schema = report.version_schema;
  refuse_taken_schemas(session, history, version);
  report.ordinal = publish_baseline(session, name).ordinal;
  return report;
}

}  // namespace pgstrata::engine
