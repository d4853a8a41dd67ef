// What `onComplete` SQL left belongs to the version whose migration ran it: the catalog is read
// again, and the version's views follow, in the same run.
#include <algorithm>

#include "engine/commands.hpp"
#include "model/from_catalog.hpp"

namespace pgstrata::engine {
namespace {

bool has_phase(const std::vector<state::StepRow>& steps, const std::string& phase) {
  return std::any_of(steps.begin(), steps.end(),
                     [&](auto& row) { return row.step.phase == phase; });
}

// Newer versions were started before the SQL ran: with any of them live, the views stay, and the
// next start says what is not part of its version.
void plan_what_sql_left(Session& session, const state::RunRow& run) {
  History history = session.history();
  std::vector<const state::VersionRow*> survivors;
  for (auto& row : history.chain)
    if (row.ordinal != run.ordinal) survivors.push_back(&row);
  if (survivors.size() != 1) return;
  const state::VersionRow& row = *survivors.front();
  catalog::Snapshot snapshot = session.snapshot(history);
  model::Version now = model::version_from_catalog(snapshot, row.ordinal, row.name, row.schema);
  now.raw_sql = false;
  auto steps = plan::plan_show(session.around(snapshot), session.model(row), now);
  journaled(
      session,
      [&] {
        replace_model(session, now);
        session.store.append_steps(run.id, steps);
      },
      Commit::before_others);
}

}  // namespace

bool runs_on_complete(Session& session, const state::RunRow& run) {
  return has_phase(session.store.steps(run.id), "onComplete");
}

void execute_with_on_complete(Session& session, const state::RunRow& run, int kill_after_step) {
  session.execute(run, 1, 0, kill_after_step, {});
  if (!has_phase(session.store.steps(run.id), "show")) {
    journaled(
        session, [&] { session.connection.execute(session.store.adopt_models_sql(run.id)); },
        Commit::before_others);
    plan_what_sql_left(session, run);
  }
  session.execute(run, 1, 0, kill_after_step,
                  {session.store.set_status_sql(run.ordinal, state::Status::retired),
                   session.store.finish_run_sql(run.id, state::RunStatus::done)});
}

}  // namespace pgstrata::engine
