// Views follow what an `onComplete` statement did to the tables under them.
//
// A view that only gains columns is replaced in place: its readers and its grants stay. One that
// lost columns went with them, or shows names that the table has no more, and is made anew.
#include <algorithm>

#include "plan/layers.hpp"
#include "plan/planner.hpp"
#include "plan/step_builder.hpp"
#include "plan/views.hpp"

namespace pgstrata::plan {

using model::Column;
using model::Table;
using model::Version;

namespace {

// The columns that the view shows, in its order, then those that are new. False if one is gone.
bool keep_order(const Table& shown, Table& now) {
  std::vector<Column> columns;
  for (const Column& column : shown.columns) {
    const Column* same = now.column(column.name);
    if (!same || same->type != column.type) return false;
    columns.push_back(*same);
  }
  for (const Column& column : now.columns)
    if (!shown.column(column.name)) columns.push_back(column);
  now.columns = std::move(columns);
  return true;
}

bool looks_the_same(const Table& shown, const Table& now) {
  return shown.comment == now.comment &&
         std::equal(shown.columns.begin(), shown.columns.end(), now.columns.begin(),
                    now.columns.end(), [](const Column& a, const Column& b) {
                      return a.name == b.name && a.default_ == b.default_ && a.comment == b.comment;
                    });
}

Step view_step(const std::string& table) {
  Step step = transaction("show", "show what onComplete SQL left of table " + table,
                          "it belongs to the version whose migration ran it");
  step.lock = "ACCESS EXCLUSIVE on view " + table;
  return step;
}

}  // namespace

std::vector<Step> plan_show(const Surroundings& around, const Version& shown, Version& now) {
  assign_layers(around, {}, now);
  std::vector<Step> steps;
  auto add = [&](const std::string& table, std::vector<std::string> statements) {
    steps.push_back(view_step(table));
    steps.back().statements = std::move(statements);
  };
  for (auto& [logical, table] : shown.tables)
    if (!now.table(logical)) add(logical, drop_views(around, {&table}, shown.schema));
  for (auto& [logical, table] : now.tables) {
    const Table* before = shown.table(logical);
    if (before && keep_order(*before, table)) {
      if (looks_the_same(*before, table)) {
        table.inner_view = before->inner_view;
        table.owner_rights = before->owner_rights;
      } else {
        add(logical, replace_view(around, now, *before, table));
      }
      continue;
    }
    std::vector<std::string> statements;
    if (before) statements = drop_views(around, {before}, shown.schema);
    for (auto& statement : create_views(around, {}, now, table, now.schema))
      statements.push_back(statement);
    add(logical, std::move(statements));
  }
  return steps;
}

}  // namespace pgstrata::plan
