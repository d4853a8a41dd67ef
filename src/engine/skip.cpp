// The way out of a run whose next step is SQL of the migration's own that keeps failing: the user
// asks for it to be left out. Only what has failed, one step at a time, and the journal tells.
#include <fmt/format.h>

#include <algorithm>

#include "engine/commands.hpp"

namespace pgstrata::engine {

std::string skip_failed_sql(Session& session, const std::optional<state::RunRow>& unfinished,
                            const std::string& command, const std::string& phase,
                            const std::string& flag) {
  const auto refuse = [&](const std::string& why) {
    refuse_state("nothing-to-skip", why, "run `pgstrata " + command + "` without " + flag);
  };
  if (!unfinished || unfinished->command != command)
    refuse("no unfinished " + command + " is there, so nothing has failed that could be left out");
  const auto steps = session.store.steps(unfinished->id);
  const auto next = std::ranges::find_if(steps, [](const auto& row) { return !row.done; });
  if (next == steps.end() || next->step.kind != plan::StepKind::user_sql ||
      next->step.phase != phase || next->error.empty())
    refuse("the SQL that " + flag + " leaves out has not failed");
  journaled(session, [&] { session.store.skip_step(unfinished->id, next->sequence); });
  return fmt::format("this SQL was not run, as {} asks: {}; it had failed: {}", flag,
                     next->step.statements.back(), next->error);
}

}  // namespace pgstrata::engine
