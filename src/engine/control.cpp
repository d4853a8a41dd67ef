// control: tells a running backfill what to do, by a row that it reads twice a second.
#include "engine/commands.hpp"

namespace pgstrata::engine {

namespace {

FillStatus status_of(const state::FillReport& fill) {
  return {.table = fill.table,
          .rows = fill.rows,
          .pages_done = fill.pages_done,
          .pages_total = fill.pages,
          .rows_per_second = fill.rows_per_second,
          .workers = fill.workers,
          .throttled_by = fill.throttled,
          .age_seconds = fill.age_seconds};
}

}  // namespace

ControlReport control(Session& session, const ControlChange& change) {
  if (!session.initialized())
    refuse_state("no-history", "there is no history yet, so nothing to control",
                 "run `pgstrata start FILE` first");
  if (change.paused || change.max_rate || change.workers) session.store.change_control(change);
  const state::Control control = session.store.control();
  ControlReport report{.paused = control.paused,
                       .max_rate = control.max_rate,
                       .workers = control.workers,
                       .fills = {},
                       .notes = {}};
  const auto run = session.store.unfinished_run();
  if (run)
    for (const auto& fill : session.store.fills(run->id)) report.fills.push_back(status_of(fill));
  if (report.fills.empty())
    report.notes.push_back(
        "no backfill is under way; what is said here holds " +
        (run ? "until the unfinished " + run->command + " ends" : std::string("for the next one")));
  return report;
}

}  // namespace pgstrata::engine
