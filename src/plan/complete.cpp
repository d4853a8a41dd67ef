// complete: the oldest version goes, in units that each hold one strong lock (design.md section 9).
//
//   retire  its schema is renamed away: the moment it ends
//   K       foreign keys that only it has, as two-table units
//   V       its views
//   D       tables and indexes that only it has: their names are free from then on
//   R       rules of the new oldest version: bind everybody, are counted, then become checks
//   T       per table: triggers, dying constraints, names, NOT NULL, defaults
//   F, I    version views go back to one layer where nothing needs two; inner views that stay let
//           go of what goes
//   M       dead columns and the marker
#include <algorithm>
#include <utility>

#include "model/names.hpp"
#include "plan/elements.hpp"
#include "plan/layers.hpp"
#include "plan/planner.hpp"
#include "plan/settle.hpp"
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

// Nothing of it goes, is renamed, or was ever two-layered: nearly every table.
bool untouched(const Version& retired, const Chain& survivors, const std::string& physical,
               const TableNames& names) {
  const Table* gone = retired.physical_table(physical);
  if (!gone || names.table != physical || !names.columns.empty() || !names.indexes.empty() ||
      !names.constraints.empty() || !names.dying.empty() || gone->marked)
    return false;
  if (std::any_of(gone->columns.begin(), gone->columns.end(), [](const model::Column& column) {
        return !(column.physical_default == column.default_);
      }))
    return false;
  return std::all_of(survivors.begin(), survivors.end(), [&](const Version& version) {
    const Table* kept = version.physical_table(physical);
    return kept && kept->comment == gone->comment && !kept->marked && kept->inner_view.empty() &&
           !version.has_links(physical) && kept->columns.shares(gone->columns) &&
           kept->indexes == gone->indexes && kept->checks == gone->checks &&
           kept->foreign_keys == gone->foreign_keys;
  });
}

class CompletePlan {
 public:
  CompletePlan(const Surroundings& around, const Chain& chain)
      : around_(around),
        chain_(chain),
        retired_(chain.front()),
        before_(chain.begin() + 1, chain.end()),
        settlement_(settlement_of(retired_, before_)) {
    for (const Version& version : before_)
      after_.push_back(settle(version, settlement_, around.base_schema));
    for (auto& [physical, names] : settlement_)
      if (!untouched(retired_, before_, physical, names))
        changes_.push_back(table_change(around, retired_, before_, after_, physical, names));
    // Nothing is older than the now oldest version: its rules are native by the time the triggers
    // are issued again, and the functions behind them go.
    after_.front().rules.clear();
    after_.front().translations.clear();
    for (TableChange& change : changes_) {
      if (!change.still_linked) continue;
      change.pairs_up =
          pair_up(around, after_, change.names.table, change.oldest->physical, change.paired);
      change.keeps_triggers =
          issued(chain_, change.physical, change) == issued(after_, change.names.table, change);
    }
  }

  Outcome run() {
    retire();
    if (before_.front().raw_sql) {  // the SQL has done the rest already
      drop_retired_views();
      for (const TableChange& change : changes_) forget_retired(change);
      for (const TableChange& change : changes_) shed(change);
      finish_models();
      return {std::move(steps_), std::move(after_)};
    }
    drop_foreign_keys();
    drop_retired_views();
    drop_tables();
    drop_indexes();
    for (const TableChange& change : changes_) native_rules(change);
    for (TableChange& change : changes_) free_name(change);
    for (TableChange& change : changes_) free_index_names(change);
    for (const TableChange& change : changes_) settle_unit(change);
    for (const TableChange& change : changes_) shed(change);
    drop_functions();  // one may depend on the sequence of a column that goes
    for (const TableChange& change : changes_) drop_columns(change);
    for (const std::string& sql : after_.front().on_complete)
      steps_.push_back(user_sql("onComplete", "run onComplete SQL",
                                "the last unit; the version then shows what it left",
                                around_.user_path, sql));
    finish_models();
    return {std::move(steps_), std::move(after_)};
  }

 private:
  void retire() {
    if (retired_.schema.empty())
      return;  // the empty shape before the first migration has no schema
    Step step = transaction("retire", "retire " + retired_.schema,
                            "its clients get 42P01 from here on; no table is locked");
    step.kind = StepKind::publish;
    step.statements.push_back(format("ALTER SCHEMA {} RENAME TO {}", Name(retired_.schema),
                                     Name(hidden_schema_name(around_.support_schema, retired_)))
                                  .str());
    steps_.push_back(std::move(step));
  }

  void drop_foreign_keys() {
    for (auto& [logical, table] : retired_.tables) {
      const Table* after = before_.front().physical_table(table.physical);
      for (const model::ForeignKey& key : table.foreign_keys) {
        bool kept =
            after && std::any_of(after->foreign_keys.begin(), after->foreign_keys.end(),
                                 [&](auto& other) { return other.physical == key.physical; });
        if (!kept) steps_.push_back(drop_foreign_key(around_, table.physical, key, "retire"));
      }
    }
  }

  void drop_retired_views() {
    if (retired_.schema.empty()) return;
    append(steps_, drop_version_views(around_, retired_, "retire", "the retired views"));
  }

  void native_rules(const TableChange& change) {
    const Version& oldest = before_.front();
    std::vector<const model::Rule*> rules;
    for (const model::Rule& rule : oldest.rules)
      if (rule.table == change.physical) rules.push_back(&rule);
    if (rules.empty()) return;
    const Table& table = *oldest.physical_table(change.physical);  // not renamed yet
    // Its links stay: columns that only the retired version shows are still demanded of new rows.
    SyncTable sync = sync_table(around_, chain_, change.physical, false);
    Step bind = attempt(
        around_, table, compile_sync(sync).drops ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE",
        "rules", "bind every writer of " + table.physical + " to the rules of " + oldest.name,
        "no older version is left to be spared");
    for (SyncRule& rule : sync.rules)
      if (rule.from == oldest.ordinal) rule.from = retired_.ordinal;
    append_sync(bind, sync);
    steps_.push_back(std::move(bind));
    for (const model::Rule* rule : rules) steps_.push_back(count_violations(around_, table, *rule));
    Step add = attempt(around_, table, "ACCESS EXCLUSIVE", "rules",
                       "add the rules of " + table.physical + " as checks",
                       "NOT VALID: no row is read while the lock is held");
    for (const model::Rule* rule : rules)
      add.statements.push_back(format("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({}) NOT VALID",
                                      Qualified{around_.base_schema, table.physical},
                                      Name(rule->helper),
                                      physical_expression(table, rule->condition))
                                   .str());
    steps_.push_back(std::move(add));
    for (const model::Rule* rule : rules) steps_.push_back(validate(around_, table, rule->helper));
  }

  // Two tables that swap names cannot both be renamed straight away.
  void free_name(TableChange& change) {
    if (change.names.table == change.physical || !settlement_.count(change.physical)) return;
    bool wanted = std::any_of(changes_.begin(), changes_.end(), [&](const TableChange& other) {
      return &other != &change && other.names.table == change.physical;
    });
    if (!wanted) return;
    std::string aside = model::twin_name(change.physical, retired_.ordinal);
    Step step = attempt_on(around_.base_schema, change.physical, "ACCESS EXCLUSIVE", "settle",
                           "move table " + change.physical + " out of the way",
                           "another table takes its name");
    step.statements.push_back(format("ALTER TABLE {} RENAME TO {}",
                                     Qualified{around_.base_schema, change.physical}, Name(aside))
                                  .str());
    steps_.push_back(std::move(step));
    change.physical = aside;
  }

  // Index names are the schema's: one that dies with its table's unit may be taken by an earlier
  // unit.
  void free_index_names(TableChange& change) {
    for (std::string& name : change.dying_constraints) {
      bool wanted = std::any_of(changes_.begin(), changes_.end(), [&](const TableChange& other) {
        return &other != &change &&
               ((other.names.table == name && other.physical != name) ||
                std::any_of(
                    other.oldest->indexes.begin(), other.oldest->indexes.end(),
                    [&](auto& index) { return index.name == name && index.physical != name; }));
      });
      if (!wanted) continue;
      std::string aside = model::twin_name(name, retired_.ordinal);
      Step step =
          attempt_on(around_.base_schema, change.physical, "ACCESS EXCLUSIVE", "settle",
                     "move constraint " + name + " out of the way", "another table takes its name");
      step.statements.push_back(format("ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
                                       Qualified{around_.base_schema, change.physical}, Name(name),
                                       Name(aside))
                                    .str());
      steps_.push_back(std::move(step));
      name = aside;
    }
  }

  void settle_unit(const TableChange& change) {
    auto statements = user_triggers(change);
    append(statements, settle_statements(around_, change));
    if (change.drops_columns_at_once) append_column_drops(change, statements);
    if (change.paired && !change.still_linked) drop_column(change, model::pair_column, statements);
    const bool issues = change.still_linked && !change.keeps_triggers;
    if (statements.empty() && !issues) return;
    const bool comments = !issues && std::ranges::all_of(statements, [](auto& statement) {
      return statement.starts_with("COMMENT ON ");
    });
    Step step = attempt_on(around_.base_schema, change.physical,
                           comments ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE", "settle",
                           "settle table " + change.names.table,
                           comments ? "its comments: reads and writes go on meanwhile"
                                    : "triggers, names and rules of the now oldest version; "
                                      "catalog only");
    step.statements = std::move(statements);
    if (issues) append(step.statements, issued(after_, change.names.table, change));
    steps_.push_back(std::move(step));
  }

  // First of all, while columns have the names that the triggers know.
  std::vector<std::string> user_triggers(const TableChange& change) const {
    const Qualified table{around_.base_schema, change.physical};
    auto statements = reissue_for_retirement(around_, chain_, change.oldest->physical, table);
    if (!change.dying.empty())
      append(statements, recompile_functions(table, triggers_of(around_, change.oldest->physical)));
    return statements;
  }

  // Functions and triggers as they are issued; the same text where the retired version never
  // showed the table.
  std::vector<std::string> issued(const Chain& chain, const std::string& physical,
                                  const TableChange& change) const {
    Step step;
    if (&chain == &after_) step.statements = change.pairs_up;
    append_sync(step, sync_table(around_, chain, physical, false, change.oldest->physical));
    return std::move(step.statements);
  }

  // Of a table that nothing else changes: its functions must not know the retired version.
  void forget_retired(const TableChange& change) {
    if (!change.still_linked || change.keeps_triggers) return;
    Step step = attempt_on(around_.base_schema, change.physical, "ACCESS EXCLUSIVE", "settle",
                           "issue the triggers of " + change.physical + " again",
                           retired_.name + " writes no more");
    append(step.statements, issued(after_, change.physical, change));
    steps_.push_back(std::move(step));
  }

  void shed(const TableChange& change) {
    for (std::size_t i = 0; i < after_.size(); ++i)
      if (Table* table = after_[i].physical_table(change.names.table))
        append(steps_, shed_layers(around_, after_[i], *table, change.pruned[i],
                                   !change.still_linked, change.hides_default[i]));
  }

  void append_column_drops(const TableChange& change, std::vector<std::string>& out) {
    for (const std::string& column : change.dying_after_rename) drop_column(change, column, out);
    if (change.drops_marker) drop_column(change, model::marker, out);
  }

  void drop_column(const TableChange& change, const std::string& column,
                   std::vector<std::string>& out) {
    out.push_back(format("ALTER TABLE {} DROP COLUMN {}",
                         Qualified{around_.base_schema, change.names.table}, Name(column))
                      .str());
  }

  void drop_columns(const TableChange& change) {
    if (change.drops_columns_at_once) return;
    Step step = attempt_on(around_.base_schema, change.names.table, "ACCESS EXCLUSIVE", "drop",
                           "drop what only " + retired_.name + " had of " + change.names.table,
                           "catalog only: the space is reused as rows are updated");
    append_column_drops(change, step.statements);
    if (!step.statements.empty()) steps_.push_back(std::move(step));
  }

  void drop_tables() {
    for (auto& [logical, table] : retired_.tables) {
      if (settlement_.count(table.physical)) continue;
      Step step = attempt(around_, table, "ACCESS EXCLUSIVE", "drop",
                          "drop table " + table.physical, "no version shows it");
      step.statements.push_back(
          format("DROP TABLE {}", Qualified{around_.base_schema, table.physical}).str());
      steps_.push_back(std::move(step));
    }
  }

  void drop_indexes() {
    for (const TableChange& change : changes_)
      for (const std::string& index : change.dying_indexes)  // of the table not renamed yet
        steps_.push_back(drop_index({around_.base_schema, change.physical, index, true, false},
                                    "drop", "no version has it"));
  }

  void drop_functions() {
    Step step = transaction("drop", "drop the translations of " + before_.front().name,
                            "nothing calls them any more");
    for (const model::Translation& link : before_.front().translations)
      step.statements.push_back(drop_translation(around_, before_.front(), retired_, link));
    for (const model::Rule& rule : before_.front().rules)
      if (!rule.function.empty())
        step.statements.push_back(drop_rule(around_, before_.front(), rule));
    if (!step.statements.empty()) steps_.push_back(std::move(step));
  }

  // What the models say once all steps are done.
  void finish_models() {
    Version& oldest = after_.front();
    oldest.translations.clear();
    oldest.rules.clear();
    oldest.on_complete.clear();
    oldest.sql_down.reset();
    for (const TableChange& change : changes_)
      for (Version& version : after_)
        if (Table* table = version.physical_table(change.names.table)) {
          table->marked = table->marked && change.still_linked;
          table->paired = table->paired && table->marked;
          if (!table->marked) table->sync.clear();
          const Table* base = oldest.physical_table(change.names.table);
          for (std::size_t i = 0; base && i < table->columns.size(); ++i) {
            const model::Column& column = std::as_const(*table).columns[i];
            const model::Column* shown = base->physical_column(column.physical);
            if (shown && !(column.physical_default == shown->default_))
              table->columns[i].physical_default = shown->default_;
          }
        }
  }

  const Surroundings& around_;
  const Chain& chain_;
  const Version& retired_;
  Chain before_, after_;
  Settlement settlement_;
  std::vector<TableChange> changes_;
  std::vector<Step> steps_;
};

}  // namespace

Outcome plan_complete(const Surroundings& around, const Chain& chain) {
  return CompletePlan(around, chain).run();
}

Step unretire(const Surroundings& around, const Version& version) {
  Step step = transaction("rollback", "bring " + version.schema + " back",
                          "the completion had not changed anything yet");
  step.kind = StepKind::publish;
  step.statements.push_back(format("ALTER SCHEMA {} RENAME TO {}",
                                   Name(hidden_schema_name(around.support_schema, version)),
                                   Name(version.schema))
                                .str());
  return step;
}

}  // namespace pgstrata::plan
