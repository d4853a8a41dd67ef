#include "plan/layers.hpp"

#include <algorithm>

#include "model/names.hpp"
#include "plan/elements.hpp"
#include "plan/step_builder.hpp"
#include "plan/views.hpp"

namespace pgstrata::plan {

using model::Column;
using model::Table;
using model::Version;
using sql::format;

namespace {

bool fills_by_down(const Version& version, const Table& table, const Column& column) {
  return std::any_of(
      version.translations.begin(), version.translations.end(), [&](const auto& link) {
        return !link.up && link.table == table.physical && link.output == column.physical;
      });
}

// The base column's default, now or once its version is the oldest, is worth keeping from newer
// writers: a sequence value would be spent, and the right to it asked for.
bool is_costly(const Column& column) {
  auto is_volatile = [](const std::optional<sql::Expression>& e) {
    return e && e->volatility == sql::Volatility::volatile_;
  };
  return !column.identity && (is_volatile(column.default_) || is_volatile(column.physical_default));
}

std::string free_name(const Table& table, const std::string& wanted) {
  std::string name = model::with_suffix(wanted, "");
  while (table.column(name)) name = model::with_suffix(name, "_");
  return name;
}

// Columns that only older versions show, that a `down` between fills, and whose default is costly.
std::vector<model::Spared> spared_columns(const Chain& live, const Version& next,
                                          const Table& table) {
  std::vector<model::Spared> spared;
  for (std::size_t i = 0; i < live.size(); ++i) {
    const Table* before = live[i].physical_table(table.physical);
    if (!before) continue;
    for (const Column& column : before->columns) {
      bool filled = fills_by_down(next, table, column);
      for (std::size_t newer = i + 1; newer < live.size(); ++newer)
        filled |= fills_by_down(live[newer], table, column);
      bool listed = std::any_of(spared.begin(), spared.end(),
                                [&](auto& other) { return other.physical == column.physical; });
      if (filled && !listed && is_costly(column) && !table.physical_column(column.physical))
        spared.push_back({.name = free_name(table, "_old_" + column.physical),
                          .physical = column.physical,
                          .type = column.type,
                          .collation = column.collation});
    }
  }
  return spared;
}

// A view runs with its caller's rights, so that row-level security sees the caller. PostgreSQL then
// wants SELECT on every column the view lists, which holders of column grants do not have: for a
// table with such grants, and without row-level security, the view runs with its owner's rights and
// its own column grants.
bool runs_as_caller(const Surroundings& around, const Table& table) {
  const catalog::Table* base = around.snapshot.table(table.physical);
  if (!base || base->row_security) return true;
  return std::all_of(base->columns.begin(), base->columns.end(),
                     [](auto& column) { return column.privileges.empty(); });
}

Step view_step(const std::string& view, const std::string& title, const std::string& reason) {
  Step step = transaction("flatten", title, reason);
  step.lock = "ACCESS EXCLUSIVE on view " + view;
  return step;
}

bool hides_any_default(std::span<const Version> older, const Table& table) {
  // Nearly every table: its columns are those of all live versions, with the same defaults.
  auto same = [&](const Version& version) {
    const Table* before = version.physical_table(table.physical);
    return before && before->columns.shares(table.columns);
  };
  if (!older.empty() && std::all_of(older.begin(), older.end(), same)) return false;
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [&](const Column& column) { return hides_default(older, table, column); });
}

}  // namespace

bool hides_default(std::span<const Version> older, const Table& table, const Column& column) {
  if (column.default_ || column.generated || column.identity) return false;
  auto shown_by = [&](const Version& version) {
    const Table* before = version.physical_table(table.physical);
    return before ? before->physical_column(column.physical) : nullptr;
  };
  // What the oldest version does not show keeps the default that it was added with.
  if (column.physical_default && (older.empty() || !shown_by(older.front()))) return true;
  return std::any_of(older.begin(), older.end(), [&](const Version& version) {
    const Column* shown = shown_by(version);
    return shown && shown->default_;
  });
}

bool hides_default(const Chain& chain, std::size_t version, const std::string& physical) {
  const Table* shown = chain[version].physical_table(physical);
  return version > 0 && shown && hides_any_default(std::span(chain).first(version), *shown);
}

// What lies below the oldest version is no boundary any more.
bool has_links(std::span<const model::Version> chain, const std::string& physical) {
  return std::any_of(chain.begin() + 1, chain.end(),
                     [&](const Version& version) { return version.has_links(physical); });
}

void assign_layers(const Surroundings& around, const Chain& live, Version& next) {
  for (auto& [logical, table] : next.tables) {
    const Table* before = live.empty() ? nullptr : live.back().physical_table(table.physical);
    table.marked =
        next.has_links(table.physical) || (!live.empty() && has_links(live, table.physical));
    table.owner_rights = !runs_as_caller(around, table);
    table.inner_view.clear();
    table.spared.clear();
    if (table.marked || hides_any_default(live, table)) {
      table.inner_view = model::with_suffix(table.name, "_v" + std::to_string(next.ordinal));
      table.spared = spared_columns(live, next, table);
    }
    if (!table.marked)
      table.sync.clear();
    else if (before && before->marked)
      table.sync = before->sync;
    else
      table.sync = model::with_suffix(table.physical, "_" + std::to_string(next.ordinal));
  }
}

std::vector<Step> shed_layers(const Surroundings& around, const Version& version, Table& table,
                              std::vector<std::string> gone, bool unmarked, bool keeps) {
  std::vector<Step> steps;
  if (table.inner_view.empty()) return steps;
  if (!keeps && (unmarked || !table.marked)) {
    if (!around.dropped_views.contains({version.schema, table.name})) {
      Step step =
          view_step(table.name,
                    "put view " + table.name + " of " + version.name + " back on the table itself",
                    "no boundary left translates it");
      step.statements = flatten_view(around, version, table);
      steps.push_back(std::move(step));
    }
    Step inner = view_step(table.inner_view, "drop inner view " + table.inner_view,
                           "nothing reads it any more");
    inner.statements.push_back(
        format("DROP VIEW IF EXISTS {}", Qualified{around.support_schema, table.inner_view}).str());
    steps.push_back(std::move(inner));
    table.inner_view.clear();
    table.spared.clear();
    return steps;
  }
  if (unmarked && table.marked) {
    gone.push_back(model::marker);
    table.spared.push_back(
        {.name = model::marker, .physical = {}, .type = "smallint", .collation = {}});
    table.marked = false;
  }
  if (gone.empty() || around.dropped_views.contains({around.support_schema, table.inner_view}))
    return steps;
  Step step = view_step(table.inner_view, "take what goes out of inner view " + table.inner_view,
                        "a column that a view shows cannot be dropped");
  step.statements = prune_inner_view(around, table, gone);
  steps.push_back(std::move(step));
  return steps;
}

}  // namespace pgstrata::plan
