// Draft to version: physical names, translations and rules, netted out over the whole step.
#include <algorithm>
#include <utility>

#include "model/compose.hpp"
#include "model/draft.hpp"
#include "model/going.hpp"
#include "model/names.hpp"
#include "model/refuse.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {

using sql::Expression;

class Finish {
 public:
  explicit Finish(Draft& draft) : draft_(draft) {}

  Version run() {
    version_.ordinal = draft_.ordinal_;
    version_.name = draft_.name_;
    version_.schema = draft_.schema_;
    version_.on_complete = draft_.on_complete_;
    refuse_unsupported(draft_);
    for (auto& [logical, draft] : draft_.tables_) {
      if (draft.created)
        created(draft);
      else if (draft.unfolded)
        carried(draft);
      version_.tables.emplace(logical, draft.table);
    }
    resolve_references();
    refuse_going_in_use(draft_.live_, version_, draft_.snapshot_.schema);
    return std::move(version_);
  }

 private:
  void created(DraftTable& draft) {
    for (Column& column : draft.table.columns) {
      name(column, column.name);
      column.physical_default = column.default_;
    }
    for (Check& check : draft.table.checks) check.physical = check.name;
    for (ForeignKey& key : draft.table.foreign_keys) key.physical = key.name;
  }

  void carried(DraftTable& draft) {
    previous_ = draft_.previous_.table(draft.origin);
    physical_names_.clear();
    constraint_names_.clear();
    // Older versions' elements take their names when the versions below them retire.
    for (const Version* version : draft_.live_)
      if (const Table* table = version->physical_table(draft.table.physical)) reserve(*table);
    if (const catalog::Table* base = draft_.snapshot_.table(draft.table.physical)) {
      for (auto& column : base->columns) physical_names_.insert(column.name);
      for (auto& constraint : base->constraints) constraint_names_.insert(constraint.name);
    }
    name_columns(draft);
    copy_indexes(draft);
    copy_constraints(draft);
    translate_up(draft);
    translate_down(draft);
    rules(draft);
    draft.table.marked = previous_->marked || version_.has_links(draft.table.physical);
  }

  void reserve(const Table& table) {
    for (const Column& column : table.columns) physical_names_.insert(column.name);
    for (const Check& check : table.checks) constraint_names_.insert(check.name);
    for (const ForeignKey& key : table.foreign_keys) constraint_names_.insert(key.name);
    for (const Index& index : table.indexes)
      if (index.constraint) constraint_names_.insert(index.name);
  }

  void name(Column& column, const std::string& physical) {
    names_given_[column.physical] = physical;
    column.physical = physical;
  }

  // A key to a column of this step knows it by what the draft called it.
  void resolve_references() {
    auto unnamed = [](const std::string& column) { return column.starts_with('\x01'); };
    for (auto& [logical, table] : version_.tables)
      table.foreign_keys.change_if(
          [&](const ForeignKey& key) { return std::ranges::any_of(key.referenced, unnamed); },
          [&](ForeignKey& key) {
            for (std::string& referenced : key.referenced)
              if (unnamed(referenced)) referenced = names_given_.at(referenced);
          });
  }

  std::string fresh(std::set<std::string>& taken, const std::string& wanted) {
    std::string name = wanted;
    if (!taken.count(name)) {
      taken.insert(name);
      return name;
    }
    name = twin_name(wanted, draft_.ordinal_);
    for (int number = 1; !taken.insert(name).second; ++number)
      name = with_suffix(twin_name(wanted, draft_.ordinal_), "_" + std::to_string(number));
    return name;
  }

  void name_columns(DraftTable& draft) {
    fresh_columns_.clear();
    for (Column& column : draft.table.columns) {
      const Lineage& lineage = draft.lineages.at(column.name);
      if (lineage.origin && !lineage.translated) {
        column.physical = previous_->column(*lineage.origin)->physical;
        continue;
      }
      if (lineage.origin) {
        column.privileges_of = previous_->column(*lineage.origin)->physical;
        if (column.identity && column.identity_of.empty())
          column.identity_of = column.privileges_of;
        physical_names_.insert(
            column.name);  // a twin never takes a plain name, even one that is free
        column.physical_default.reset();
      }
      name(column, fresh(physical_names_, column.name));
      fresh_columns_.insert(column.name);
    }
  }

  bool fresh_use(const auto& element) const {
    return std::any_of(fresh_columns_.begin(), fresh_columns_.end(),
                       [&](const std::string& column) { return uses_column(element, column); });
  }

  // The element exists in the base table already and needs a copy over the twin.
  bool needs_copy(const std::string& physical, const auto& previous, const auto& element) const {
    bool existing = std::any_of(previous.begin(), previous.end(),
                                [&](const auto& other) { return other.physical == physical; });
    return existing && fresh_use(element);
  }

  // The same text under the new types: PostgreSQL says whether it still holds.
  Expression rebind(const DraftTable& draft, const Expression& expression,
                    const std::string& target, const std::string& what) {
    try {
      // Without the table's name in it, which may be another by now.
      auto bare = expression.rewrite(
          [](const std::string& column) { return sql::format("{}", sql::Name(column)); });
      return draft_.binder_.bind(bare.str(), draft.shape(), target, what);
    } catch (const Error& error) {
      throw Error(Exit::migration, "does-not-fit",
                  "after the change of its column, " + error.message(), what,
                  "drop or change it before the column's type changes");
    }
  }

  void copy_indexes(DraftTable& draft) {
    for (Index& index : draft.table.indexes) {
      if (!needs_copy(index.physical, previous_->indexes, index)) continue;
      if (index.constraint == 'x')
        throw Error(Exit::migration, "not-supported",
                    "exclusion constraint \"" + index.name +
                        "\" over a column that changes is not supported yet",
                    draft.table.name);
      index.physical = draft_.free_relation_name(twin_name(index.name, draft_.ordinal_));
      std::string what = "index " + index.name;
      for (IndexKey& key : index.keys) {
        if (key.expression) key.expression = rebind(draft, *key.expression, {}, what);
      }
      if (index.predicate) index.predicate = rebind(draft, *index.predicate, "boolean", what);
    }
  }

  void copy_constraints(DraftTable& draft) {
    for (Check& check : draft.table.checks) {
      bool copy = needs_copy(check.physical, previous_->checks, check);
      if (copy)
        check.expression =
            rebind(draft, check.expression, "boolean", "check constraint " + check.name);
      if (copy || draft.new_checks.count(check.name))
        check.physical = fresh(constraint_names_, check.name);
    }
    for (ForeignKey& key : draft.table.foreign_keys)
      if (draft.new_foreign_keys.count(key.name) ||
          needs_copy(key.physical, previous_->foreign_keys, key))
        key.physical = fresh(constraint_names_, key.name);
  }

  std::string function_name(const std::string& prefix, const std::string& table,
                            const std::string& column) {
    std::string suffix = "_" + std::to_string(draft_.ordinal_);
    std::string stem = prefix + "_" + table + "_" + column;
    std::string name = with_suffix(stem, suffix);
    for (int number = 1; !functions_.insert(name).second; ++number)
      name = with_suffix(stem, "_" + std::to_string(number) + suffix);
    return name;
  }

  // `shape`: the table of the version whose logical columns the expression reads. `counterpart`:
  // the lineage's own column there; it is an input even where the expression does not read it, or a
  // write to it would not be seen on the other side at all.
  Translation translation(const Table& table, bool up, const Column& output,
                          const Expression& expression, const Table& shape,
                          const std::string& counterpart) {
    Translation link;
    link.table = table.physical;
    link.up = up;
    link.output = output.physical;
    link.parameters = expression.inputs();
    for (auto& input : link.parameters) refuse_generated(shape, input);
    bool reads_it = std::find(link.parameters.begin(), link.parameters.end(), counterpart) !=
                    link.parameters.end();
    if (!counterpart.empty() && !reads_it) link.parameters.push_back(counterpart);
    for (auto& input : link.parameters) link.inputs.push_back(shape.column(input)->physical);
    link.expression = expression;
    link.type = output.type;
    link.function = function_name(up ? "up" : "down", table.name, output.name);
    std::string from = expression.type.empty() ? output.type.str() : expression.type;
    bool plain = !expression.identity_of().empty();
    if (plain) from = shape.column(expression.identity_of())->type;
    bool lossless = plain && draft_.binder_.lossless(from, output.type);
    link.loses_values = !lossless && !link.inputs.empty();
    link.can_raise = plain ? !lossless : expression.can_raise;
    link.title = table.name + "." + output.name + (up ? " up: " : " down: ") +
                 (expression.source.empty() ? expression.text : expression.source);
    return link;
  }

  void translate_up(DraftTable& draft) {
    for (const Column& column : draft.table.columns) {
      const Lineage& lineage = draft.lineages.at(column.name);
      if (!lineage.up || (lineage.origin && !lineage.translated)) continue;
      version_.translations.push_back(translation(draft.table, true, column, *lineage.up,
                                                  *previous_, lineage.origin.value_or("")));
    }
  }

  // A BEFORE trigger sees NULL in a generated column.
  static void refuse_generated(const Table& shape, const std::string& column) {
    if (shape.column(column)->generated)
      throw Error(Exit::migration, "not-supported",
                  "an expression reads the generated column \"" + column +
                      "\", which has no value yet when a row is translated",
                  shape.name + "." + column, "write its expression instead");
  }

  static std::string twin_of(const DraftTable& draft, const std::string& origin) {
    for (auto& [name, lineage] : draft.lineages)
      if (lineage.origin == origin && lineage.translated) return name;
    return {};
  }

  void translate_down(DraftTable& draft) {
    for (const Column& column : previous_->columns) {
      const auto& given = draft.down.at(column.name);
      const auto value = given ? given : default_of_dropped(column);
      if (!value || column.generated) continue;
      if (const Column* same = draft.table.column(value->identity_of()))
        if (same->physical == column.physical) continue;
      version_.translations.push_back(translation(draft.table, false, column, *value, draft.table,
                                                  twin_of(draft, column.name)));
    }
  }

  void rules(DraftTable& draft) {
    for (const Column& column : draft.table.columns) {
      const Column* before = previous_->physical_column(column.physical);
      if (!before || before->not_null || !column.not_null) continue;
      Rule rule{.table = draft.table.physical,
                .name = {},
                .column = column.name,
                .inputs = {column.physical},
                .condition = {},
                .parameters = {column.name},
                .helper = {},
                .function = {}};
      rule.condition = column_expression(column.name, column.type);
      rule.condition.text += " IS NOT NULL";
      rule.helper = fresh(constraint_names_, twin_name(column.name + "_not_null", draft_.ordinal_));
      version_.rules.push_back(rule);
    }
    for (const Check& check : draft.table.checks) {
      if (!draft.new_checks.count(check.name)) continue;
      auto inputs = check.expression.inputs();
      bool native = std::all_of(inputs.begin(), inputs.end(),
                                [&](auto& i) { return fresh_columns_.count(i) > 0; });
      if (native) continue;
      Rule rule{.table = draft.table.physical,
                .name = check.name,
                .column = {},
                .inputs = {},
                .condition = check.expression,
                .parameters = inputs,
                .helper = check.physical,
                .function = function_name("check", draft.table.name, check.name)};
      for (auto& input : inputs) refuse_generated(draft.table, input);
      for (auto& input : inputs) rule.inputs.push_back(draft.table.column(input)->physical);
      version_.rules.push_back(rule);
    }
  }

  Draft& draft_;
  Version version_;
  const Table* previous_ = nullptr;
  std::set<std::string> physical_names_, constraint_names_, functions_;
  std::map<std::string, std::string> names_given_;  // by what the draft called them
  std::set<std::string> fresh_columns_;  // logical columns with a physical column of their own
};

std::optional<Expression> default_of_dropped(const Column& column) {
  auto text = [](const std::optional<Expression>& e) { return e ? e->text : std::string(); };
  if (column.identity || text(column.default_) == text(column.physical_default)) return {};
  return column.default_ ? *column.default_ : null_expression(column.type);
}

Version Draft::finish() {
  return Finish(*this).run();
}

}  // namespace pgstrata::model
