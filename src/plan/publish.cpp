// publish: the views are built in a hidden schema, in chunks, and appear at once by its renaming.
#include "plan/elements.hpp"
#include "plan/planner.hpp"
#include "plan/step_builder.hpp"
#include "plan/views.hpp"

namespace pgstrata::plan {

using model::Version;
using sql::format;

namespace {

constexpr std::size_t views_per_step = 200;  // locks held at once by one transaction stay few

}  // namespace

std::vector<Step> plan_publish(const Surroundings& around, const Chain& live, Version& next) {
  assign_layers(around, live, next);
  std::vector<Step> steps;
  std::string hidden = hidden_schema_name(around.support_schema, next);
  Step current = transaction("publish", "build the views of " + next.name,
                             "hidden until the last step renames their schema");
  current.statements = create_version_schema(around, next, hidden);
  std::size_t views = 0;
  for (auto& [logical, table] : next.tables) {
    if (views > 0 && views % views_per_step == 0) {
      steps.push_back(current);
      current.statements.clear();
    }
    for (auto& statement : create_views(around, live, next, table, hidden))
      current.statements.push_back(statement);
    ++views;
  }
  steps.push_back(std::move(current));
  Step publish = transaction("publish", "publish " + next.schema,
                             "the version appears at once; no table or view is locked");
  publish.kind = StepKind::publish;
  publish.statements.push_back(
      format("ALTER SCHEMA {} RENAME TO {}", Name(hidden), Name(next.schema)).str());
  steps.push_back(std::move(publish));
  return steps;
}

}  // namespace pgstrata::plan
