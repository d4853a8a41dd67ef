#include "plan/settle_table.hpp"

#include <algorithm>
#include <set>

#include "model/names.hpp"
#include "plan/elements.hpp"
#include "plan/identity.hpp"
#include "plan/layers.hpp"
#include "plan/step_builder.hpp"
#include "plan/translations.hpp"

namespace pgstrata::plan {

using model::Column;
using model::Table;
using model::Version;
using sql::format;

namespace {

template <typename Elements>
bool has(const Elements& elements, const std::string& physical) {
  return std::any_of(elements.begin(), elements.end(),
                     [&](auto& element) { return element.physical == physical; });
}

void collect_dying(TableChange& change, const Chain& before, const std::string& physical) {
  auto survives = [&](auto member, const std::string& name) {
    return std::any_of(before.begin(), before.end(), [&](const Version& version) {
      const Table* table = version.physical_table(physical);
      return table && has(table->*member, name);
    });
  };
  for (const Column& column : change.retired->columns)
    if (change.names.dying.count(column.physical)) change.dying.push_back(&column);
  for (const model::Index& index : change.retired->indexes) {
    if (survives(&Table::indexes, index.physical)) continue;
    (index.constraint ? change.dying_constraints : change.dying_indexes).push_back(index.physical);
  }
  for (const model::Check& check : change.retired->checks)
    if (!survives(&Table::checks, check.physical))
      change.dying_constraints.push_back(check.physical);
  // What the now oldest version does not demand is a newer one's rule, for that one's writers.
  for (const Column& column : change.retired->columns) {
    const Column* shown = change.oldest->physical_column(column.physical);
    if (column.not_null && shown && !shown->not_null) change.relaxed.push_back(column.physical);
  }
}

// Every name that a column of the table has, or will have once its unit is through.
std::set<std::string> column_names(const TableChange& change) {
  std::set<std::string> names = change.newer_columns;
  names.insert(change.dying_after_rename.begin(), change.dying_after_rename.end());
  for (const Column& column : change.oldest->columns) names.insert({column.name, column.physical});
  for (const Column* column : change.dying) names.insert(column->physical);
  return names;
}

std::string name_aside(std::set<std::string>& present, const std::string& name,
                       const std::string& suffix) {
  std::string aside = model::with_suffix("_" + name, suffix);
  for (int number = 1; !present.insert(aside).second; ++number)
    aside = model::with_suffix("_" + name, suffix + std::to_string(number));
  return aside;
}

// A dying column whose name a survivor takes is called otherwise until it is dropped.
void name_dying(TableChange& change) {
  std::set<std::string> wanted, present = column_names(change);
  for (auto& [from, to] : change.names.columns) wanted.insert(to);
  for (const Column* column : change.dying)
    change.dying_after_rename.push_back(wanted.count(column->physical)
                                            ? name_aside(present, column->physical, "_gone")
                                            : column->physical.str());
}

}  // namespace

TableChange table_change(const Surroundings&, const Version& retired, const Chain& before,
                         const Chain& after, const std::string& physical, const TableNames& names) {
  TableChange change;
  change.physical = change.stem = physical;
  change.names = names;
  change.retired = retired.physical_table(physical);
  change.oldest = before.front().physical_table(physical);
  change.settled = after.front().physical_table(names.table);
  if (change.retired) collect_dying(change, before, physical);
  for (const Version& version : before)
    if (const Table* table = version.physical_table(physical))
      for (const Column& column : table->columns) change.newer_columns.insert(column.physical);
  name_dying(change);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Table* shown = before[i].physical_table(physical);
    if (shown && shown->marked && !shown->sync.empty()) change.stem = shown->sync;
    change.paired |= shown && shown->paired;
    change.linked |= before[i].has_links(physical);
    change.still_linked |= i > 0 && before[i].has_links(physical);
    change.hides_default.push_back(hides_default(before, i, physical));
    change.pruned.emplace_back();
    for (auto& spared : shown ? shown->spared : std::vector<model::Spared>{})
      if (names.dying.count(spared.physical)) change.pruned.back().push_back(spared.name);
  }
  for (const model::Translation& link : before.front().translations)
    if (link.up && link.table == physical) change.filled.insert(link.output);
  for (const model::Rule& rule : before.front().rules)
    if (rule.table == physical) change.rules.push_back(&rule);
  bool marked = std::any_of(before.begin(), before.end(), [&](const Version& version) {
    const Table* table = version.physical_table(physical);
    return table && table->marked;
  });
  change.drops_marker = marked && !change.still_linked;
  change.drops_columns_at_once =
      std::none_of(before.begin(), before.end(), [&](const Version& version) {
        const Table* table = version.physical_table(physical);
        return table && !table->inner_view.empty();
      });
  return change;
}

namespace {

class TableSettlement {
 public:
  TableSettlement(const Surroundings& around, const TableChange& change)
      : around_(around),
        change_(change),
        table_(format("{}", Qualified{around.base_schema, change.physical})) {}

  std::vector<std::string> run() {
    sequences();
    triggers();
    release_dying();
    rename_columns();
    column_rules();
    keys();
    rename_constraints();
    comments();
    if (change_.names.table != change_.physical) alter("RENAME TO {}", Name(change_.names.table));
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void alter(fmt::string_view pattern, const Args&... args) {
    out_.push_back(format("ALTER TABLE {} {}", table_, format(pattern, args...)).str());
  }

  // First: a sequence cannot be locked beforehand, so its wait must fall into the attempt's budget.
  void sequences() {
    for (const Column& column : change_.oldest->columns)
      for (const Column* gone : change_.dying)
        if (column.identity_of == gone->physical.str())
          out_.push_back(
              hand_over_identity({around_.base_schema, change_.physical}, gone->physical, column));
        else if (!gone->identity && column.owned_sequence &&
                 column.owned_sequence == gone->owned_sequence)
          out_.push_back(format("ALTER SEQUENCE {} OWNED BY {}.{}",
                                Sql::trusted(*column.owned_sequence), table_, Name(column.physical))
                             .str());
  }

  void triggers() {
    if (!change_.linked || change_.keeps_triggers) return;
    append(out_, drop_sync(standing_sync(around_, change_.physical, change_.stem, change_.paired,
                                         change_.oldest->physical)));
  }

  // Newer writers no longer give these columns a value.
  void release_dying() {
    for (auto& name : change_.dying_constraints) alter("DROP CONSTRAINT IF EXISTS {}", Name(name));
    for (const Column* column : change_.dying) {
      if (column->generated) continue;
      if (column->identity)
        alter("ALTER COLUMN {} DROP IDENTITY IF EXISTS", Name(column->physical));
      else if (column->physical_default)
        alter("ALTER COLUMN {} DROP DEFAULT", Name(column->physical));
      if (column->not_null) alter("ALTER COLUMN {} DROP NOT NULL", Name(column->physical));
    }
  }

  void rename_columns() {
    std::set<std::string> present;
    for (const Column& column : change_.oldest->columns) present.insert(column.physical);
    for (std::size_t i = 0; i < change_.dying.size(); ++i)
      if (change_.dying[i]->physical != change_.dying_after_rename[i])
        alter("RENAME COLUMN {} TO {}", Name(change_.dying[i]->physical),
              Name(change_.dying_after_rename[i]));
    std::set<std::string> names = column_names(change_);
    std::vector<std::pair<std::string, std::string>> second;  // swaps go by a name of their own
    for (auto& [from, to] : change_.names.columns) {
      bool occupied = present.count(to) > 0;
      std::string aside = occupied ? name_aside(names, to, "_new") : to;
      alter("RENAME COLUMN {} TO {}", Name(from), Name(aside));
      if (occupied) second.emplace_back(aside, to);
    }
    for (auto& [from, to] : second) alter("RENAME COLUMN {} TO {}", Name(from), Name(to));
  }

  void column_rules() {
    for (const Column& column : change_.settled->columns) {
      const Column& before = *change_.oldest->column(column.name);
      auto text = [](const std::optional<sql::Expression>& e) {
        return e ? e->text : std::string();
      };
      if (!column.generated && !column.identity &&
          text(column.default_) != text(before.physical_default)) {
        if (column.default_)
          alter("ALTER COLUMN {} SET DEFAULT {}", Name(column.physical),
                Sql::trusted(column.default_->text));
        else
          alter("ALTER COLUMN {} DROP DEFAULT", Name(column.physical));
      }
      if (proved_here(before)) {
        alter("ALTER COLUMN {} SET NOT NULL",
              Name(column.physical));  // the check proves it: no scan
        proofs_.push_back(not_null_proof(before));
      }
    }
    for (const model::Rule* rule : change_.rules)
      if (rule->name.empty()) {
        alter("ALTER COLUMN {} SET NOT NULL",
              Name(change_.settled->column(rule->column)->physical));
        proofs_.push_back(rule->helper);
      }
    for (const std::string& relaxed : change_.relaxed) {
      auto renamed = change_.names.columns.find(relaxed);
      alter("ALTER COLUMN {} DROP NOT NULL",
            Name(renamed == change_.names.columns.end() ? relaxed : renamed->second));
    }
  }

  // A column the oldest version filled by a translation: NOT NULL stands on a validated check so
  // far.
  bool proved_here(const Column& before) const {
    return before.not_null && change_.retired &&
           !change_.retired->physical_column(before.physical) &&
           change_.filled.count(before.physical);
  }

  void keys() {
    for (const model::Index& index : change_.oldest->indexes) {
      bool is_new = !change_.retired || !has(change_.retired->indexes, index.physical);
      bool own_name = index.physical == index.name;
      bool made_with_table = !change_.retired && own_name;
      if (index.constraint && is_new && !made_with_table) {
        alter("ADD CONSTRAINT {} {} USING INDEX {}{}", Name(index.name),
              Sql::trusted(index.constraint == 'p' ? "PRIMARY KEY" : "UNIQUE"),
              Name(index.physical), deferrability(index.deferrable, index.deferred));
        if (index.constraint_comment)
          out_.push_back(format("COMMENT ON CONSTRAINT {} ON {} IS {}", Name(index.name), table_,
                                Literal(*index.constraint_comment))
                             .str());
      } else if (!own_name) {
        out_.push_back(format("ALTER INDEX {} RENAME TO {}",
                              Qualified{around_.base_schema, index.physical}, Name(index.name))
                           .str());
      }
      for (std::size_t i = 0; is_new && i < index.keys.size(); ++i)
        if (index.keys[i].statistics_target >= 0)
          out_.push_back(format("ALTER INDEX {} ALTER COLUMN {} SET STATISTICS {}",
                                Qualified{around_.base_schema, index.name}, i + 1,
                                index.keys[i].statistics_target)
                             .str());
      if (index.clustered && is_new) alter("CLUSTER ON {}", Name(index.name));
      if (index.comment && is_new)
        out_.push_back(format("COMMENT ON INDEX {} IS {}",
                              Qualified{around_.base_schema, index.name}, Literal(*index.comment))
                           .str());
    }
    for (auto& proof : proofs_)
      alter("DROP CONSTRAINT {}", Name(proof));  // after SET NOT NULL and PRIMARY KEY
  }

  void rename_constraints() {
    for (const model::Check& check : change_.oldest->checks) rename_constraint(check);
    for (const model::ForeignKey& key : change_.oldest->foreign_keys) {
      rename_constraint(key);
      if (key.physical != key.name && key.deferrable && !key.deferred)
        alter("ALTER CONSTRAINT {} DEFERRABLE INITIALLY IMMEDIATE", Name(key.name));
    }
  }

  void rename_constraint(const auto& constraint) {
    if (constraint.physical == constraint.name) return;
    alter("RENAME CONSTRAINT {} TO {}", Name(constraint.physical), Name(constraint.name));
    if (constraint.comment)
      out_.push_back(format("COMMENT ON CONSTRAINT {} ON {} IS {}", Name(constraint.name), table_,
                            Literal(*constraint.comment))
                         .str());
  }

  void comments() {
    if (!change_.retired) return;
    if (change_.settled->comment != change_.retired->comment)
      out_.push_back(
          format("COMMENT ON TABLE {} IS {}", table_, comment_text(change_.settled->comment))
              .str());
    for (const Column& column : change_.settled->columns) {
      const Column& now = *change_.oldest->column(column.name);
      const Column* before = change_.retired->physical_column(now.physical);
      if (before ? before->comment == column.comment
                 : (now.privileges_of.empty() && !column.comment))
        continue;
      out_.push_back(format("COMMENT ON COLUMN {}.{} IS {}", table_, Name(column.physical),
                            comment_text(column.comment))
                         .str());
    }
  }

  const Surroundings& around_;
  const TableChange& change_;
  Sql table_;
  std::vector<std::string> proofs_, out_;
};

}  // namespace

std::vector<std::string> settle_statements(const Surroundings& around, const TableChange& change) {
  return TableSettlement(around, change).run();
}

Step count_violations(const Surroundings& around, const Table& table, const model::Rule& rule) {
  Step step = transaction("rules",
                          "count rows of " + table.physical + " that break " +
                              (rule.name.empty() ? "NOT NULL of " + rule.column : rule.name),
                          "older versions were free to write them");
  step.kind = StepKind::validate;
  step.lock = "ACCESS SHARE on " + table.physical;
  step.scans = true;
  Sql condition = physical_expression(table, rule.condition);
  std::string message =
      rule.name.empty()
          ? "rows of table \"" + table.name + "\" have NULL in column \"" + rule.column + "\""
          : "rows of table \"" + table.name + "\" violate check constraint \"" + rule.name + "\"";
  const Sql count =
      format(R"(#variable_conflict use_column
DECLARE
  broken bigint;
BEGIN
  SELECT pg_catalog.count(*) INTO broken FROM {} WHERE NOT ({});
  IF broken > 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = broken || {},
      HINT = 'mend these rows, then run the same command again';
  END IF;
END)",
             Qualified{around.base_schema, table.physical}, condition, Literal(" " + message));
  step.statements.push_back(format("DO {}", sql::dollar_quoted(count)).str());
  return step;
}

Step drop_foreign_key(const Surroundings& around, const std::string& table,
                      const model::ForeignKey& key, const std::string& phase) {
  Step step = attempt_on(around.base_schema, table, "ACCESS EXCLUSIVE", phase,
                         "drop foreign key " + key.physical + " of " + table,
                         "both tables, so it goes by itself");
  if (!(key.schema == around.base_schema && key.table == table)) {
    step.locks.push_back({key.schema, key.table, "ACCESS EXCLUSIVE"});
    step.lock += " and " + key.table;
  }
  step.statements.push_back(format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}",
                                   Qualified{around.base_schema, table}, Name(key.physical))
                                .str());
  return step;
}

}  // namespace pgstrata::plan
