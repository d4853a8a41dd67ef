// A version's views as steps: built in a hidden schema, in chunks, they appear at once by its
// renaming, and go the same way.
#include "plan/elements.hpp"
#include "plan/layers.hpp"
#include "plan/planner.hpp"
#include "plan/step_builder.hpp"
#include "plan/views.hpp"

namespace pgstrata::plan {

using model::Version;
using sql::format;

namespace {

// Locks held at once by one transaction stay few, and two connections have the same to do.
std::size_t views_per_step(std::size_t views) {
  constexpr std::size_t most = 200, connections = 2;
  if (views <= most) return most;
  const std::size_t rounds = (views + connections * most - 1) / (connections * most);
  return (views + connections * rounds - 1) / (connections * rounds);
}

Step view_step(const Version& version) {
  return transaction("publish", "build views of " + version.name,
                     "hidden until the last step renames their schema");
}

}  // namespace

std::vector<Step> plan_publish(const Surroundings& around, const Chain& live, Version& next) {
  assign_layers(around, live, next);
  std::vector<Step> steps;
  std::string hidden = hidden_schema_name(around.support_schema, next);
  Step current = view_step(next);
  current.statements = create_version_schema(around, next, hidden);
  const std::size_t chunk = views_per_step(next.tables.size());
  bool chunks = next.tables.size() > chunk;
  std::size_t views = 0;
  for (auto& [logical, table] : next.tables) {
    if (chunks && views++ % chunk == 0) {  // the schema first, then chunks beside each other
      steps.push_back(current);
      current = view_step(next);
      current.beside = true;
    }
    for (auto& statement : create_views(around, live, next, table, hidden))
      current.statements.push_back(statement);
  }
  steps.push_back(std::move(current));
  Step publish = transaction("publish", "publish " + next.schema,
                             "the version appears at once; no table or view is locked");
  publish.kind = StepKind::publish;
  publish.makes = "publish";
  publish.statements.push_back(
      format("ALTER SCHEMA {} RENAME TO {}", Name(hidden), Name(next.schema)).str());
  steps.push_back(std::move(publish));
  return steps;
}

std::vector<Step> drop_version_views(const Surroundings& around, const Version& version,
                                     const std::string& phase, const std::string& views) {
  std::string hidden = hidden_schema_name(around.support_schema, version);
  std::vector<Step> steps;
  std::vector<const model::Table*> chunk;
  auto flush = [&] {
    if (chunk.empty()) return;
    Step step =
        transaction(phase, "drop " + std::to_string(chunk.size()) + " views of " + version.name,
                    "nobody can name them any more");
    step.lock = "ACCESS EXCLUSIVE on " + views;
    step.statements = drop_views(around, chunk, hidden);
    step.beside = true;
    steps.push_back(std::move(step));
    chunk.clear();
  };
  for (auto& [logical, table] : version.tables) {
    chunk.push_back(&table);
    if (chunk.size() == views_per_step(version.tables.size())) flush();
  }
  flush();
  Step step =
      transaction(phase, "drop the empty schema of " + version.name, "nothing is left in it");
  step.statements.push_back(format("DROP SCHEMA IF EXISTS {}", Name(hidden)).str());
  steps.push_back(std::move(step));
  return steps;
}

}  // namespace pgstrata::plan
