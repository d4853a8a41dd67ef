// rollback: the newest version goes with what only it has, as far as the journal says that its
// start made it. Objects are told by the journal, never by their names alone.
#include <algorithm>

#include "plan/difference.hpp"
#include "plan/elements.hpp"
#include "plan/layers.hpp"
#include "plan/planner.hpp"
#include "plan/settle_table.hpp"
#include "plan/step_builder.hpp"
#include "plan/translations.hpp"
#include "plan/trigger_columns.hpp"
#include "plan/user_triggers.hpp"
#include "plan/views.hpp"

namespace pgstrata::plan {

using model::Table;
using model::Version;
using sql::format;

namespace {

class RollbackPlan {
 public:
  RollbackPlan(const Surroundings& around, const Chain& chain, const Made& made)
      : around_(around),
        chain_(chain),
        gone_(chain.back()),
        staying_(chain.begin(), chain.end() - 1),
        made_(made) {}

  Outcome run() {
    unpublish();
    if (gone_.raw_sql) {  // what its SQL made is for its `down` to undo
      drop_views_of_version();
      if (gone_.sql_down && made("sql"))
        steps_.push_back(user_sql("rollback", "run `down` of " + gone_.name,
                                  "undoes its `sql` operation", around_.user_path,
                                  *gone_.sql_down));
      return {std::move(steps_), std::move(staying_)};
    }
    for_each_table(
        [&](const Table& before, const Table& after) { drop_foreign_keys(before, after); });
    drop_views_of_version();
    for_each_table([&](const Table& before, const Table& after) { drop_indexes(before, after); });
    for_each_table([&](const Table& before, const Table& after) { shrink(before, after); });
    drop_created();
    drop_unused_functions();
    drop_sequences();
    return {std::move(steps_), std::move(staying_)};
  }

 private:
  void for_each_table(const auto& visit) {
    for (auto& [logical, after] : gone_.tables)
      if (const Table* before = staying_.back().physical_table(after.physical))
        visit(*before, after);
  }

  bool made(const std::string& what) const { return !made_ || made_->count(what) > 0; }
  bool made(const Table& table, const model::ForeignKey& key) const {
    return made("key " + key.physical + " of " + table.physical);
  }

  void unpublish() {
    if (!made("publish")) return;
    Step step = transaction("rollback", "withdraw " + gone_.schema,
                            "its clients get 42P01 from here on; no table is locked");
    step.kind = StepKind::publish;
    step.statements.push_back(format("ALTER SCHEMA {} RENAME TO {}", Name(gone_.schema),
                                     Name(hidden_schema_name(around_.support_schema, gone_)))
                                  .str());
    steps_.push_back(std::move(step));
  }

  void drop_foreign_keys(const Table& before, const Table& after) {
    for (auto* key : without(after.foreign_keys, before.foreign_keys))
      if (made(after, *key))
        steps_.push_back(drop_foreign_key(around_, after.physical, *key, "rollback"));
  }

  void drop_views_of_version() {
    append(steps_, drop_version_views(around_, gone_, "rollback", "these views"));
  }

  // A unique index binds old writers and one under construction slows them: away before anything
  // else is.
  void drop_indexes(const Table& before, const Table& after) {
    for (auto* index : without(after.indexes, before.indexes)) {
      if (made("index " + index->physical))
        steps_.push_back(
            drop_index({around_.base_schema, after.physical, index->physical, true, false},
                       "rollback", "only version " + gone_.name + " has it"));
    }
  }

  // Triggers, checks and twins together: with the triggers gone first, older versions would drift
  // apart.
  void shrink(const Table& before, const Table& after) {
    auto columns = without(after.columns, before.columns);
    auto checks = without(after.checks, before.checks);
    const bool linked = gone_.has_links(after.physical), was_marked = before.marked;
    const bool still_linked = has_links(staying_, after.physical);
    const bool refresh = after.marked && still_linked;  // boundaries below still translate it
    if (columns.empty() && checks.empty() && !linked && !after.marked) return;
    if (!made("expand " + after.physical) && !made("steady " + after.physical)) {
      if (made("translations")) drop_functions(after, unused_functions_);
      return;
    }
    const Qualified table{around_.base_schema, after.physical};
    Step step = attempt(around_, after, "ACCESS EXCLUSIVE", "rollback",
                        "take " + gone_.name + " off table " + after.physical,
                        "triggers, checks and columns at once; catalog only");
    refuse_triggers_over(around_, after.physical, columns);
    append(step.statements, reissue_for(around_, chain_, staying_, after.physical));
    if (after.marked)
      append(step.statements, drop_sync(standing_sync(around_, after.physical, after.sync,
                                                      after.paired, after.physical)));
    drop_functions(after, step.statements);  // one may depend on the sequence of a column that goes
    for (auto* check : checks)
      step.statements.push_back(
          format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", table, Name(check->physical))
              .str());
    for (auto* column : columns)
      step.statements.push_back(
          format("ALTER TABLE {} DROP COLUMN IF EXISTS {}", table, Name(column->physical)).str());
    const Sql drop_marker =
        format("ALTER TABLE {} DROP COLUMN IF EXISTS {}", table, Name(model::marker));
    if (linked && !was_marked) step.statements.push_back(drop_marker.str());
    if (refresh) {
      append(step.statements,
             pair_up(around_, staying_, after.physical, after.physical, after.paired));
      append_sync(step, sync_table(around_, staying_, after.physical, false));
    } else if (after.paired) {
      step.statements.push_back(
          format("ALTER TABLE {} DROP COLUMN IF EXISTS {}", table, Name(model::pair_column)).str());
    }
    steps_.push_back(std::move(step));
    if (!still_linked) shed(after.physical);
    if (was_marked && !still_linked) drop_shared_marker(after.physical, drop_marker);
  }

  // Older versions set the marker too where the versions below theirs have been completed away.
  void shed(const std::string& physical) {
    for (std::size_t i = 0; i < staying_.size(); ++i)
      if (Table* table = staying_[i].physical_table(physical)) {
        append(steps_, shed_layers(around_, staying_[i], *table, {}, true,
                                   hides_default(staying_, i, physical)));
        table->marked = table->paired = false;
        table->sync.clear();
      }
  }

  void drop_shared_marker(const std::string& physical, const Sql& drop_marker) {
    Step step = attempt_on(around_.base_schema, physical, "ACCESS EXCLUSIVE", "rollback",
                           "drop the marker of " + physical, "no boundary left translates it");
    step.statements.push_back(drop_marker.str());
    steps_.push_back(std::move(step));
  }

  void drop_created() {
    std::vector<const Table*> created;
    for (auto& [logical, table] : gone_.tables)
      if (!staying_.back().physical_table(table.physical) && made("table " + table.physical))
        created.push_back(&table);
    for (const Table* table : created)
      for (const model::ForeignKey& key : table->foreign_keys)
        if (made(*table, key))
          steps_.push_back(drop_foreign_key(around_, table->physical, key, "rollback"));
    for (const Table* table : created) {
      Step step =
          attempt(around_, *table, "ACCESS EXCLUSIVE", "rollback", "drop table " + table->physical,
                  "only version " + gone_.name + " has it");
      step.statements.push_back(
          format("DROP TABLE {}", Qualified{around_.base_schema, table->physical}).str());
      steps_.push_back(std::move(step));
    }
  }

  void drop_functions(const Table& table, std::vector<std::string>& out) {
    for (const model::Translation& link : gone_.translations)
      if (link.table == table.physical)
        out.push_back(drop_translation(around_, gone_, staying_.back(), link));
    for (const model::Rule& rule : gone_.rules)
      if (rule.table == table.physical && !rule.function.empty())
        out.push_back(drop_rule(around_, gone_, rule));
  }

  void drop_unused_functions() {
    if (unused_functions_.empty()) return;
    Step step = transaction("rollback", "drop the translations of " + gone_.name,
                            "of tables that the start had not come to");
    step.statements = std::move(unused_functions_);
    steps_.push_back(std::move(step));
  }

  void drop_sequences() {
    Step step = transaction("rollback", "drop the sequences of " + gone_.name,
                            "those that never came to belong to a column");
    for (auto& [logical, table] : gone_.tables)
      for (const model::Column& column : table.columns)
        if (brings_sequence(staying_.back(), table, column))
          step.statements.push_back(
              format("DROP SEQUENCE IF EXISTS {}", Sql::trusted(*column.owned_sequence)).str());
    if (!step.statements.empty()) steps_.push_back(std::move(step));
  }

  const Surroundings& around_;
  const Chain& chain_;
  const Version& gone_;
  Chain staying_;
  const Made& made_;
  std::vector<Step> steps_;
  std::vector<std::string> unused_functions_;
};

}  // namespace

Outcome plan_rollback(const Surroundings& around, const Chain& chain, const Made& made) {
  return RollbackPlan(around, chain, made).run();
}

}  // namespace pgstrata::plan
