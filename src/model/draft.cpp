#include "model/draft.hpp"

#include <algorithm>
#include <utility>

#include "model/compose.hpp"
#include "model/names.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {

using sql::Expression;

namespace {

[[noreturn]] void reject(const std::string& code, const std::string& message,
                         const std::string& where, const std::string& hint = {}) {
  throw Error(Exit::migration, code, message, where, hint);
}

DraftTable carried_over(const Table& previous) {
  DraftTable draft;
  draft.table = previous;
  draft.origin = previous.name;
  return draft;
}

}  // namespace

void DraftTable::unfold() {
  if (unfolded || created) return;
  unfolded = true;
  for (const Column& column : std::as_const(table.columns)) {
    Expression self = column_expression(column.name, column.type, column.collation);
    lineages[column.name] = {.origin = column.name, .up = self};
    down[column.name] = self;
  }
}

sql::Shape DraftTable::shape() const {
  sql::Shape shape{.table = table.name, .columns = {}};
  for (const Column& column : table.columns)
    shape.columns.push_back({column.name, column.type, column.collation});
  return shape;
}

Draft::Draft(const Version& previous, const catalog::Snapshot& snapshot, sql::Binder& binder,
             int ordinal, std::string name, std::string schema)
    : previous_(previous),
      snapshot_(snapshot),
      binder_(binder),
      ordinal_(ordinal),
      name_(std::move(name)),
      schema_(std::move(schema)),
      live_{&previous} {
  for (auto& [logical, table] : previous.tables) tables_.emplace(logical, carried_over(table));
  for (auto& [table, ignored] : snapshot.tables) relation_names_.insert(table);
  relation_names_.insert(snapshot.other_relations.begin(), snapshot.other_relations.end());
  for (auto& [name_of_table, table] : snapshot.tables)
    for (auto& index : table.indexes) relation_names_.insert(index.name);
}

DraftTable& Draft::table(const std::string& name, const std::string& where) {
  auto found = tables_.find(name);
  if (found != tables_.end()) {
    found->second.unfold();
    return found->second;
  }
  std::vector<std::string> known;
  for (auto& [logical, table] : tables_) known.push_back(logical);
  reject("unknown-table",
         "there is no table \"" + name + "\" in this version" + did_you_mean(name, known), where);
}

Column& Draft::column(DraftTable& draft, const std::string& name, const std::string& where) {
  if (Column* column = draft.table.column(name)) return *column;
  std::vector<std::string> known;
  for (auto& column : draft.table.columns) known.push_back(column.name);
  reject("unknown-column",
         "table \"" + draft.table.name + "\" has no column \"" + name + "\"" +
             did_you_mean(name, known),
         where);
}

DraftTable& Draft::create_table(const std::string& name, const std::string& where) {
  reject_taken_table(name, where);
  DraftTable draft;
  draft.created = true;
  draft.table.name = name;
  draft.table.physical = free_table_name(is_version_table(name) ? twin_name(name, ordinal_) : name);
  return tables_.emplace(name, std::move(draft)).first->second;
}

bool Draft::is_version_table(const std::string& name) const {
  return std::any_of(live_.begin(), live_.end(), [&](const Version* version) {
    return version->table(name) || version->physical_table(name);
  });
}

void Draft::beside(const std::vector<Version>& older) {
  live_.clear();
  for (const Version& version : older) {
    live_.push_back(&version);
    for (auto& [logical, table] : version.tables) {
      relation_names_.insert(logical);
      for (const Index& index : table.indexes) relation_names_.insert(index.name);
    }
  }
  live_.push_back(&previous_);
  for (auto& [logical, table] : previous_.tables) {
    relation_names_.insert(logical);
    for (const Index& index : table.indexes) relation_names_.insert(index.name);
  }
}

bool Draft::demanded_below(const DraftTable& draft, const std::string& physical) const {
  return std::any_of(live_.begin(), live_.end(), [&](const Version* version) {
    const Table* table = version->physical_table(draft.table.physical);
    const Column* column = table ? table->physical_column(physical) : nullptr;
    return column && column->not_null;
  });
}

// One that this step drops or renames gives its name back at completion.
void Draft::reject_taken_table(const std::string& name, const std::string& where) const {
  if (tables_.count(name))
    reject("duplicate-table", "table \"" + name + "\" already exists", where);
  if (relation_names_.count(name) && !is_version_table(name))
    reject("duplicate-relation",
           "a relation named \"" + name + "\" already exists in schema \"" + snapshot_.schema +
               "\" and is not part of this version",
           where, "choose another name, or adopt it with `pgstrata baseline`");
  if (std::ranges::count(snapshot_.other_types, name) > 0)
    reject("duplicate-type",
           "a type named \"" + name + "\" already exists in schema \"" + snapshot_.schema +
               "\", and a table has a type of its own name",
           where, "choose another name");
}

void Draft::drop_table(const std::string& name, const std::string& where) {
  table(name, where);
  std::string physical = tables_.at(name).table.physical;
  for (auto& [logical, other] : std::as_const(tables_))
    for (auto& key : other.table.foreign_keys)
      if (logical != name && key.schema == snapshot_.schema && key.table == physical)
        reject("referenced-table",
               "table \"" + name + "\" is referenced by foreign key \"" + key.name +
                   "\" of table \"" + logical + "\"",
               where, "drop that column or constraint first");
  if (tables_.at(name).created) {
    relation_names_.erase(physical);
    for (auto& index : tables_.at(name).table.indexes) relation_names_.erase(index.physical);
  }
  tables_.erase(name);
}

void Draft::rename_table(const std::string& from, const std::string& to, const std::string& where) {
  table(from, where);
  reject_taken_table(to, where);
  auto node = tables_.extract(from);
  node.key() = to;
  Table& renamed = node.mapped().table;
  renamed.name = to;
  const std::string before = renamed.physical;
  if (node.mapped().created) {
    relation_names_.erase(before);
    renamed.physical = free_table_name(is_version_table(to) ? twin_name(to, ordinal_) : to);
  }
  const std::string now = renamed.physical;
  tables_.insert(std::move(node));
  for (auto& [logical, other] : tables_)
    other.table.foreign_keys.change_if(
        [&](const ForeignKey& key) {
          return key.schema == snapshot_.schema && key.table == before;
        },
        [&](ForeignKey& key) { key.table = now; });
}

void Draft::add_column(DraftTable& draft, Column column, std::optional<Expression> up,
                       const std::string& where) {
  if (draft.table.column(column.name))
    reject("duplicate-column",
           "table \"" + draft.table.name + "\" already has a column \"" + column.name + "\"",
           where);
  reject_system_column(column.name, where);
  if (!draft.created) {
    Lineage lineage;
    if (up) {
      std::map<std::string, Expression> inner;
      std::map<std::string, std::string> types;
      for (auto& known : draft.table.columns) {
        types[known.name] = known.type;
        if (auto& value = draft.lineages.at(known.name).up)
          inner.emplace(known.name, *value);
        else
          inner.emplace(known.name, known.physical_default ? *known.physical_default
                                                           : null_expression(known.type));
      }
      lineage.up = compose(*up, inner, types);
    }
    draft.lineages[column.name] = lineage;
  }
  // No name that PostgreSQL takes: nobody can mean it by accident until finish() gives the real
  // one.
  column.physical = "\x01" + std::to_string(++unnamed_);
  draft.table.columns.push_back(std::move(column));
}

void Draft::drop_column(DraftTable& draft, const std::string& name, std::optional<Expression> down,
                        const std::string& where) {
  const Column gone = column(draft, name, where);
  if (draft.table.columns.size() == 1)
    reject("last-column",
           "\"" + name + "\" is the only column of table \"" + draft.table.name + "\"", where,
           "drop the table instead");
  std::map<std::string, Expression> inner;
  if (down)
    inner.emplace(name, *down);
  else if (gone.default_ && !gone.generated)
    inner.emplace(name, *gone.default_);
  else
    inner.emplace(name, null_expression(gone.type));
  for (auto& [previous, value] : draft.down) {
    if (!value) continue;
    auto inputs = value->inputs();
    if (std::find(inputs.begin(), inputs.end(), name) == inputs.end()) continue;
    if (!down && value->identity_of() == name)
      value.reset();
    else
      value = compose(*value, inner, {{name, gone.type}});
  }
  auto& table = draft.table;
  table.columns.erase_if([&](const Column& c) { return c.name == name; });
  table.indexes.erase_if([&](const Index& i) { return uses_column(i, name); });
  table.checks.erase_if([&](const Check& c) { return uses_column(c, name); });
  table.foreign_keys.erase_if([&](const ForeignKey& k) { return uses_column(k, name); });
  draft.lineages.erase(name);
}

void Draft::translate(DraftTable& draft, const std::string& name, const sql::BoundType& type,
                      const Expression& up, const Expression& down) {
  std::map<std::string, Expression> inner;
  std::map<std::string, std::string> types;
  for (auto& known : draft.table.columns) {
    types[known.name] = known.type;
    if (auto found = draft.lineages.find(known.name);
        found != draft.lineages.end() && found->second.up)
      inner.emplace(known.name, *found->second.up);
    else
      inner.emplace(known.name,
                    known.physical_default ? *known.physical_default : null_expression(known.type));
  }
  Column& column = *draft.table.column(name);
  std::string old_type = column.type;
  if (!draft.created) {
    Lineage& lineage = draft.lineages.at(name);
    if (lineage.origin || lineage.up)
      lineage.up = compose(up, inner, types);
    else if (up.identity_of() != name) {  // every row holds the same value: what `up` makes of it
      Expression value = compose(up, inner, types);
      if (value.constant() && !value.session_dependent)
        column.physical_default = value;
      else
        lineage.up = value;
    }
    lineage.translated = lineage.origin.has_value();
    for (auto& [previous, value] : draft.down)
      if (value) value = compose(*value, {{name, down}}, {{name, old_type}});
  }
  column.type = type.type;
  if (old_type != type.type) column.collation = type.collation;
  column.image_equality = type.image_equality;
}

}  // namespace pgstrata::model
