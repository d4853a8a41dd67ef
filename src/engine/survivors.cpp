// What models of versions become: this one's, and the other live ones' once a version is gone,
// which is planned with the run and kept when it ends.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/commands.hpp"

namespace pgstrata::engine {

std::string survivors_json(const plan::Chain& survivors, const plan::Chain& recorded) {
  std::string list;
  for (auto& version : survivors) {
    const auto before = std::find_if(recorded.begin(), recorded.end(),
                                     [&](auto& other) { return other.ordinal == version.ordinal; });
    const model::ModelChange change = model::change_of(version, *before);
    if (change.empty) continue;
    if (!list.empty()) list += ',';
    list += R"({"ordinal":)" + std::to_string(version.ordinal) + R"(,"head":)" +
            nlohmann::json(change.head).dump() + R"(,"tables":)" + change.tables + R"(,"gone":)" +
            nlohmann::json(change.gone).dump() + "}";
  }
  return R"({"survivors":[)" + list + "]}";
}

void replace_model(Session& session, const model::Version& version) {
  const model::ModelChange whole = model::change_of(version, {});
  session.store.replace_model(version.ordinal, whole.head, whole.tables);
}

std::vector<std::string> when_published(const Session& session, const state::RunRow& run) {
  return {session.store.set_status_sql(run.ordinal, state::Status::live),
          session.store.finish_run_sql(run.id, state::RunStatus::done)};
}

std::vector<std::string> when_gone(const Session& session, const state::RunRow& run,
                                   state::Status status) {
  return {session.store.set_status_sql(run.ordinal, status), session.store.adopt_models_sql(run.id),
          session.store.finish_run_sql(run.id, state::RunStatus::done)};
}

std::string how_to_finish(const std::string& command, const std::string& version) {
  if (command == "start")
    return "run `pgstrata start` again to finish it, or `pgstrata rollback " + version +
           "` to undo it";
  return "run `pgstrata " + command + (command == "baseline" ? "" : " " + version) +
         "` again to finish it";
}

void refuse_unfinished(const History& history) {
  const std::string& command = history.unfinished->command;
  const std::string& version = history.at(history.unfinished->ordinal).name;
  refuse_state("unfinished", "a " + command + " of version \"" + version + "\" is unfinished",
               how_to_finish(command, version));
}

}  // namespace pgstrata::engine
