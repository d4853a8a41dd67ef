// start: expand, fill, index, validate, steady, publish. The order is the one that keeps old
// contracts (law 5): nothing is enforced on a twin before its trigger exists and its rows are
// filled.
#include <algorithm>
#include <set>

#include "plan/difference.hpp"
#include "plan/elements.hpp"
#include "plan/grants.hpp"
#include "plan/layers.hpp"
#include "plan/planner.hpp"
#include "plan/step_builder.hpp"
#include "plan/sync_parts.hpp"
#include "plan/translations.hpp"
#include "plan/trigger_columns.hpp"
#include "plan/user_triggers.hpp"
#include "plan/views.hpp"

namespace pgstrata::plan {

using model::Column;
using model::Table;
using model::Version;
using sql::format;

namespace {

Sql storage_name(char storage) {
  switch (storage) {
    case 'p':
      return Sql::trusted("PLAIN");
    case 'e':
      return Sql::trusted("EXTERNAL");
    case 'm':
      return Sql::trusted("MAIN");
    default:
      return Sql::trusted("EXTENDED");
  }
}

// One carried-over table: what the new version has that the base table does not.
struct Growth {
  const Table& before;
  const Table& after;
  std::vector<const Column*> columns;  // new physical columns
  std::vector<const model::Index*> indexes;
  std::vector<const model::Check*> checks;  // native ones; rules are the trigger's
  std::vector<const model::ForeignKey*> keys;
  std::vector<const model::Translation*> fills;  // up links of this boundary
  bool linked = false;                           // translations or rules of this boundary
};

Growth growth_of(const Version& next, const Table& before, const Table& after) {
  Growth growth{before, after, {}, {}, {}, {}, {}};
  growth.columns = without(after.columns, before.columns);
  growth.indexes = without(after.indexes, before.indexes);
  growth.keys = without(after.foreign_keys, before.foreign_keys);
  for (const model::Check* check : without(after.checks, before.checks))
    if (std::none_of(next.rules.begin(), next.rules.end(), [&](const model::Rule& rule) {
          return rule.table == after.physical && rule.helper == check->physical;
        }))
      growth.checks.push_back(check);
  for (const model::Translation& link : next.translations)
    if (link.up && link.table == after.physical) growth.fills.push_back(&link);
  growth.linked = next.has_links(after.physical);
  return growth;
}

// Nearly no table does.
bool grows(const Version& next, const Table& before, const Table& after) {
  return next.has_links(after.physical) || !before.columns.shares(after.columns) ||
         before.indexes != after.indexes || before.checks != after.checks ||
         before.foreign_keys != after.foreign_keys;
}

class StartPlan {
 public:
  StartPlan(const Surroundings& around, const Chain& live, Version& next)
      : around_(around), live_(live), next_(next), chain_(live) {
    assign_layers(around, live, next);
    assign_pairs(around, live, next);
    chain_.push_back(next);
    refuse_triggers(around, chain_);
    for (auto& [logical, table] : next.tables)
      if (const Table* before = live.back().physical_table(table.physical)) {
        if (grows(next, *before, table)) growths_.push_back(growth_of(next, *before, table));
      } else {
        created_.push_back(&table);
      }
  }

  std::vector<Step> run() {
    translations();
    create_tables();
    for (const Growth& growth : growths_) expand(growth);
    for (const Growth& growth : growths_) fill(growth);
    for (const Growth& growth : growths_) build_indexes(growth);
    for (const Growth& growth : growths_) constrain(growth);
    foreign_keys();
    for (const Growth& growth : growths_) analyze(growth);
    steady();
    append(steps_, plan_publish(around_, live_, next_));
    return std::move(steps_);
  }

 private:
  Qualified relation(const Table& table) const { return {around_.base_schema, table.physical}; }

  bool is_filled(const Growth& growth, const Column& column) const {
    return std::any_of(growth.fills.begin(), growth.fills.end(),
                       [&](auto* link) { return link->output == column.physical; });
  }

  void translations() {
    Step step = transaction(
        "expand", "create the translations of " + next_.name,
        "triggers and backfill call them; bound by OID, so no caller's search_path matters");
    step.makes = "translations";
    if (std::any_of(next_.tables.begin(), next_.tables.end(),
                    [](auto& entry) { return !entry.second.inner_view.empty(); }))
      step.statements = create_support_schema(around_);
    for (const Growth& growth : growths_)
      for (const Column* column : growth.columns)
        if (brings_sequence(live_.back(), growth.after, *column))
          step.statements.push_back(format("CREATE SEQUENCE {} AS {}",
                                           Sql::trusted(*column->owned_sequence),
                                           Sql::trusted(column->type))
                                        .str());
    for (const model::Translation& link : next_.translations)
      for (auto& statement : create_translation(around_, next_, live_.back(), link))
        step.statements.push_back(statement);
    for (const model::Rule& rule : next_.rules)
      if (!rule.function.empty())
        for (auto& statement : create_rule(around_, next_, rule))
          step.statements.push_back(statement);
    if (!step.statements.empty()) steps_.push_back(std::move(step));
  }

  void create_tables() {
    for (const Table* table : created_) {
      Step step = transaction("expand", "create table " + table->physical,
                              "only version " + next_.name + " shows it");
      step.makes = "table " + table->physical;
      step.statements = create_table(around_.base_schema, *table);
      steps_.push_back(std::move(step));
    }
  }

  void add_columns(const Growth& growth, std::vector<std::string>& out) {
    Qualified table = relation(growth.after);
    for (const Column* column : growth.columns) {
      bool filled = is_filled(growth, *column);
      out.push_back(format("ALTER TABLE {} ADD COLUMN {}", table,
                           column_definition(*column, !filled, !filled))
                        .str());
      if (brings_sequence(live_.back(), growth.after, *column))
        out.push_back(format("ALTER SEQUENCE {} OWNED BY {}.{}",
                             Sql::trusted(*column->owned_sequence), table, Name(column->physical))
                          .str());
      if (column->comment && !growth.linked)
        out.push_back(format("COMMENT ON COLUMN {}.{} IS {}", table, Name(column->physical),
                             Literal(*column->comment))
                          .str());
      if (!column->privileges_of.empty())
        out.push_back(format("COMMENT ON COLUMN {}.{} IS {}", table, Name(column->physical),
                             Literal(twin_comment(next_, growth.after, *column)))
                          .str());
    }
  }

  // PostgreSQL copies none of this to a new column; a completed change must not lose it (law 9).
  void copy_column_settings(const Growth& growth, std::vector<std::string>& out) {
    const catalog::Table* base = around_.snapshot.table(growth.before.physical);
    for (const Column* column : growth.columns) {
      const catalog::Column* source = base ? base->column(column->privileges_of) : nullptr;
      if (!source) continue;
      auto alter = [&](const Sql& what) {
        out.push_back(format("ALTER TABLE {} ALTER COLUMN {} {}", relation(growth.after),
                             Name(column->physical), what)
                          .str());
      };
      if (source->statistics_target >= 0)
        alter(format("SET STATISTICS {}", source->statistics_target));
      // ALTER COLUMN TYPE sets these two back to what the type has.
      if (source->type == column->type && source->storage)
        alter(format("SET STORAGE {}", storage_name(source->storage)));
      if (source->type == column->type && !source->compression.empty())
        alter(format("SET COMPRESSION {}", Sql::trusted(source->compression)));
      if (!source->options.empty()) {
        std::vector<Sql> options;
        for (auto& option : source->options) options.push_back(Sql::trusted(option));
        alter(format("SET ({})", sql::join(options, ", ")));
      }
    }
  }

  void expand(const Growth& growth) {
    bool needs_marker = growth.linked && !growth.before.marked;
    if (growth.columns.empty() && !growth.linked) return;
    const std::size_t columns = growth.columns.size();
    std::string what = columns == 0   ? ""
                       : columns == 1 ? "1 column"
                                      : std::to_string(columns) + " columns";
    if (growth.linked) what += (what.empty() ? "" : " and ") + std::string("the filling trigger");
    Step step = attempt(around_, growth.after, "ACCESS EXCLUSIVE", "expand",
                        "add " + what + " to " + growth.after.physical,
                        "catalog only: no row is read or written");
    step.makes = "expand " + growth.after.physical;
    // Before the twins: two bytes that fit into the gap before an aligned one.
    if (needs_marker) {
      Qualified table = relation(growth.after);
      step.statements.push_back(
          format("ALTER TABLE {} ADD COLUMN {} smallint DEFAULT 0", table, Name(model::marker))
              .str());
      step.statements.push_back(
          format("ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT", table, Name(model::marker)).str());
      step.statements.push_back(
          format("COMMENT ON COLUMN {}.{} IS {}", table, Name(model::marker),
                 Literal("pgstrata: which version wrote the row; see docs, \"marker\""))
              .str());
    }
    add_columns(growth, step.statements);
    copy_column_settings(growth, step.statements);
    grant_on_twins(around_, growth.after, growth.columns, needs_marker, step.statements);
    if (growth.linked && growth.after.paired && !growth.before.paired)
      append(step.statements, add_pair_column(relation(growth.after)));
    // From the same moment on, or rows written in between would carry no mark.
    if (growth.linked) append_sync(step, sync_table(around_, chain_, growth.after.physical, true));
    steps_.push_back(std::move(step));
  }

  void fill(const Growth& growth) {
    if (growth.fills.empty()) return;
    Step step;
    step.phase = "backfill";
    step.kind = StepKind::backfill;
    step.title = "fill " + std::to_string(growth.fills.size()) +
                 (growth.fills.size() == 1 ? " column" : " columns") + " of " +
                 growth.after.physical;
    step.reason = "rows that are older than the trigger";
    step.lock = "ROW EXCLUSIVE on " + growth.after.physical;
    step.scans = step.rewrites = true;
    Fill fill{.schema = around_.base_schema,
              .table = growth.after.physical,
              .marker = model::marker,
              .newest = next_.ordinal,
              .assignments = {}};
    std::vector<Sql> assignments;
    for (const model::Translation* link : growth.fills) {
      fill.assignments.push_back({link->output, call_translation(around_, *link).str()});
      assignments.push_back(
          format("{} = {}", Name(link->output), call_translation(around_, *link)));
    }
    assignments.push_back(format("{} = {}", Name(model::marker), -next_.ordinal));
    consider_triggers(around_, growth.after, fill);
    if (fill.silenced)
      step.statements.push_back("SET session_replication_role = replica   -- users' triggers");
    if (fill.through_trigger) {
      step.reason += "; the last sync trigger fills, for it sees what triggers of users change";
      assignments = {format("{} = {}", Name(model::marker), sync::between)};
    }
    step.statements.push_back(
        format("UPDATE {} SET {}\nWHERE {} > {}   -- by page ranges, in short transactions",
               relation(growth.after), sql::join(assignments, ", "), Name(model::marker),
               -next_.ordinal)
            .str());
    step.fill = std::move(fill);
    steps_.push_back(std::move(step));
  }

  void build_indexes(const Growth& growth) {
    for (const model::Index* index : growth.indexes) {
      Step step;
      step.phase = "index";
      step.kind = StepKind::concurrently;
      step.title = "build index " + index->physical + " on " + growth.after.physical;
      step.reason = index->physical == index->name ? "version " + next_.name + " has it"
                                                   : "becomes " + index->name + " at completion";
      step.lock = "SHARE UPDATE EXCLUSIVE on " + growth.after.physical;
      step.makes = "index " + index->physical;
      step.scans = true;
      step.index = IndexBuild{around_.base_schema, growth.after.physical, index->physical, false,
                              index->unique};
      step.statements.push_back(
          create_index(around_.base_schema, growth.after, *index, true).str());
      steps_.push_back(std::move(step));
    }
  }

  void constrain(const Growth& growth) {
    std::vector<std::pair<std::string, Sql>> checks;  // name, definition
    for (const Column* column : growth.columns)
      if (column->not_null && is_filled(growth, *column))
        checks.emplace_back(not_null_proof(*column),
                            format("CONSTRAINT {} CHECK ({} IS NOT NULL)",
                                   Name(not_null_proof(*column)), Name(column->physical)));
    std::set<std::string> unproved;  // copies of checks that PostgreSQL never validated
    for (const model::Check* check : growth.checks) {
      checks.emplace_back(check->physical, check_definition(growth.after, *check));
      if (!check->validated) unproved.insert(check->physical);
    }
    if (checks.empty()) return;
    Step step = attempt(around_, growth.after, "ACCESS EXCLUSIVE", "validate",
                        "add the checks of " + growth.after.physical,
                        "NOT VALID: no row is read while the lock is held");
    for (auto& [name, definition] : checks)
      step.statements.push_back(
          format("ALTER TABLE {} ADD {} NOT VALID", relation(growth.after), definition).str());
    steps_.push_back(std::move(step));
    for (auto& [name, definition] : checks)
      if (!unproved.count(name)) steps_.push_back(validate(around_, growth.after, name));
  }

  void foreign_key(const Table& table, const model::ForeignKey& key, bool empty) {
    Step step = attempt(around_, table, "SHARE ROW EXCLUSIVE", "validate",
                        "add foreign key " + key.physical + " to " + table.physical,
                        "NOT VALID: no row is read while the locks are held");
    step.makes = "key " + key.physical + " of " + table.physical;
    if (!(key.schema == around_.base_schema && key.table == table.physical)) {
      step.locks.push_back({key.schema, key.table, "SHARE ROW EXCLUSIVE"});
      step.lock += " and " + key.table;
    }
    step.statements.push_back(format("ALTER TABLE {} ADD {} {}", relation(table),
                                     foreign_key_definition(table, key),
                                     Sql::trusted(empty ? "" : "NOT VALID"))
                                  .str());
    steps_.push_back(std::move(step));
    if (!empty && key.validated) steps_.push_back(validate(around_, table, key.physical));
  }

  void foreign_keys() {
    for (const Table* table : created_)
      for (const model::ForeignKey& key : table->foreign_keys) foreign_key(*table, key, true);
    for (const Growth& growth : growths_)
      for (const model::ForeignKey* key : growth.keys) foreign_key(growth.after, *key, false);
  }

  void analyze(const Growth& growth) {
    std::vector<Sql> columns;
    for (const Column* column : growth.columns)
      if (is_filled(growth, *column)) columns.push_back(format("{}", Name(column->physical)));
    if (columns.empty()) return;
    Step step;
    step.phase = "validate";
    step.kind = StepKind::validate;
    step.title = "analyze the new columns of " + growth.after.physical;
    step.reason = "the planner knows their values before the first client asks";
    step.lock = "SHARE UPDATE EXCLUSIVE on " + growth.after.physical;
    step.statements.push_back(
        format("ANALYZE {} ({})", relation(growth.after), sql::join(columns, ", ")).str());
    steps_.push_back(std::move(step));
  }

  // Every table with a link at any live boundary: the new version's writers must be known to its
  // functions.
  void steady() {
    for (auto& [logical, table] : next_.tables) {
      if (!table.marked) continue;
      SyncTable sync = sync_table(around_, chain_, table.physical, false);
      const bool pairs_up = table.paired && !next_.has_links(table.physical) &&
                            !live_.back().physical_table(table.physical)->paired;
      const auto lists = reissue_for(around_, chain_, chain_, table.physical);
      const bool drops = compile_sync(sync).drops || pairs_up ||
                         std::ranges::any_of(lists, [](const std::string& statement) {
                           return statement.find("DROP TRIGGER") != std::string::npos;
                         });
      // Dropping a trigger takes the stronger lock: a table whose rows only had to be filled needs
      // none any more.
      Step step = attempt(around_, table, drops ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE",
                          "steady", "switch " + table.physical + " to steady triggers",
                          "from here on writes of version " + next_.name + " are translated too");
      step.makes = "steady " + table.physical;
      if (pairs_up) append(step.statements, add_pair_column({around_.base_schema, table.physical}));
      append_sync(step, sync);
      append(step.statements, lists);
      steps_.push_back(std::move(step));
    }
  }

  const Surroundings& around_;
  const Chain& live_;
  Version& next_;
  Chain chain_;
  std::vector<Growth> growths_;
  std::vector<const Table*> created_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> plan_start(const Surroundings& around, const Chain& live, Version& next) {
  return StartPlan(around, live, next).run();
}

}  // namespace pgstrata::plan
