// What the other live versions' models say once a version is gone: planned with the run, kept when
// it ends.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/commands.hpp"

namespace pgstrata::engine {

namespace {

bool is_kept(const std::vector<state::VersionRow>& chain, int ordinal, const std::string& model) {
  return std::any_of(chain.begin(), chain.end(), [&](const state::VersionRow& row) {
    return row.ordinal == ordinal && row.model == model;
  });
}

}  // namespace

std::string survivors_json(const plan::Chain& survivors,
                           const std::vector<state::VersionRow>& chain) {
  auto list = nlohmann::json::array();
  for (auto& version : survivors)
    if (auto model = model::to_json(version); !is_kept(chain, version.ordinal, model))
      list.push_back({{"ordinal", version.ordinal}, {"model", std::move(model)}});
  return nlohmann::json{{"survivors", std::move(list)}}.dump();
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
