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

constexpr std::size_t views_per_step = 200;  // locks held at once by one transaction stay few

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
  bool chunks = next.tables.size() > views_per_step;
  std::size_t views = 0;
  for (auto& [logical, table] : next.tables) {
    if (chunks &&
        views++ % views_per_step == 0) {  // the schema first, then chunks beside each other
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
    if (chunk.size() == views_per_step) flush();
  }
  flush();
  Step step =
      transaction(phase, "drop the empty schema of " + version.name, "nothing is left in it");
  step.statements.push_back(format("DROP SCHEMA IF EXISTS {}", Name(hidden)).str());
  steps.push_back(std::move(step));
  return steps;
}

}  // namespace pgstrata::plan
