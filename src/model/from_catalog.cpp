#include "model/from_catalog.hpp"

#include <algorithm>
#include <utility>

#include "model/compose.hpp"
#include "model/drift.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {
namespace {

Column column_from_catalog(const catalog::Column& from) {
  Column column;
  column.name = column.physical = from.name;
  column.type = from.type;
  column.collation = from.collation;
  column.not_null = from.not_null;
  if (from.default_) {
    column.default_ = printed_expression(*from.default_, "default of " + from.name);
    if (!from.generated) column.default_->references.clear();
    column.default_->type = from.type;
    column.default_->volatility =
        from.default_volatile ? sql::Volatility::volatile_ : sql::Volatility::stable;
  }
  column.physical_default = column.default_;
  column.identity = from.identity;
  column.generated = from.generated;
  column.owned_sequence = from.owned_sequence;
  column.comment = from.comment;
  column.image_equality = from.image_equality;
  return column;
}

Index index_from_catalog(const catalog::Index& from, const catalog::Table& table) {
  Index index;
  index.name = index.physical = from.name;
  index.method = from.method;
  index.unique = from.unique;
  index.nulls_not_distinct = from.nulls_not_distinct;
  for (auto& key : from.keys) {
    IndexKey copy{.column = key.column,
                  .expression = {},
                  .collation = key.collation,
                  .opclass = key.opclass,
                  .descending = key.descending,
                  .nulls_first = key.nulls_first,
                  .statistics_target = key.statistics_target};
    if (key.expression)
      copy.expression = printed_expression(key.expression->text, "index " + from.name);
    index.keys.push_back(copy);
  }
  index.include = from.include;
  if (from.predicate)
    index.predicate = printed_expression(from.predicate->text, "index " + from.name);
  index.options = from.options;
  index.tablespace = from.tablespace;
  index.comment = from.comment;
  index.clustered = from.clustered;
  if (from.constraint)
    if (auto* constraint = table.constraint(*from.constraint)) {
      index.constraint = constraint->type;
      index.constraint_comment = constraint->comment;
      index.name = constraint->name;
      index.deferrable = constraint->deferrable;
      index.deferred = constraint->deferred;
      index.definition = constraint->definition;
    }
  return index;
}

ForeignKey foreign_key_from_catalog(const catalog::Constraint& from) {
  ForeignKey key;
  key.name = key.physical = from.name;
  key.columns = from.columns;
  key.schema = from.referenced_schema;
  key.table = from.referenced_table;
  key.referenced = from.referenced_columns;
  key.on_delete = from.on_delete;
  key.on_update = from.on_update;
  key.match = from.match;
  key.set_columns = from.set_columns;
  key.deferrable = from.deferrable;
  key.deferred = from.deferred;
  key.validated = from.validated;
  key.comment = from.comment;
  return key;
}

}  // namespace

Table table_from_catalog(const catalog::Table& from) {
  Table table;
  table.name = table.physical = from.name;
  table.kind = from.kind;
  table.comment = from.comment;
  for (auto& column : from.columns)
    if (!column.dropped) table.columns.push_back(column_from_catalog(column));
  for (auto& index : from.indexes)
    if (index.valid) table.indexes.push_back(index_from_catalog(index, from));
  for (auto& constraint : from.constraints) {
    if (constraint.type == 'f') table.foreign_keys.push_back(foreign_key_from_catalog(constraint));
    if (constraint.type != 'c' || !constraint.check) continue;
    Check check{
        .name = constraint.name,
        .physical = constraint.name,
        .expression = printed_expression(constraint.check->text, "check " + constraint.name),
        .no_inherit = constraint.no_inherit,
        .validated = constraint.validated,
        .comment = constraint.comment};
    table.checks.push_back(check);
  }
  return table;
}

Version version_from_catalog(const catalog::Snapshot& snapshot, int ordinal,
                             const std::string& name, const std::string& schema) {
  Version version{.ordinal = ordinal,
                  .name = name,
                  .schema = schema,
                  .tables = {},
                  .translations = {},
                  .rules = {},
                  .on_complete = {},
                  .sql_down = {}};
  for (auto& [table_name, table] : snapshot.tables)
    version.tables.emplace(table_name, table_from_catalog(table));
  return version;
}

void keep_column_order(Version& version, const Version& before) {
  for (auto& [logical, table] : version.tables) {
    const Table* known = before.physical_table(table.physical);
    if (!known) continue;
    auto place = [&](const Column& column) {
      auto found = std::find_if(known->columns.begin(), known->columns.end(),
                                [&](auto& old) { return old.physical == column.physical; });
      return found - known->columns.begin();
    };
    std::stable_sort(table.columns.begin(), table.columns.end(),
                     [&](auto& a, auto& b) { return place(a) < place(b); });
  }
}

Refresh::Refresh(const Version& version) : version_(version), fresh_(version) {
  fresh_.translations.clear();
  fresh_.rules.clear();
}

void Refresh::take(const catalog::Table& base) {
  Table* known = fresh_.physical_table(base.name);
  if (!known || wrong_) return;
  const Table& table = *known;
  const std::string logical = table.name;
  Table now = table_from_catalog(base);
  std::vector<Column> ordered;
  ordered.reserve(table.columns.size());
  const auto& there = std::as_const(now).columns;
  for (const Column& column : table.columns) {
    // Nearly always at the same place.
    const std::size_t place = ordered.size();
    const Column* found = place < there.size() && there[place].name == column.name
                              ? &there[place]
                              : std::as_const(now).column(column.name);
    if (found && found->type == column.type) {
      ordered.push_back(*found);
      continue;
    }
    const std::string what = "column \"" + column.name + "\"";
    wrong_ = found
                 ? changed_behind(what + " is " + found->type + " now, " + column.type +
                                      " in version \"" + version_.name + "\"",
                                  logical)
                 : changed_behind(what + " of version \"" + version_.name + "\" is gone", logical);
    return;
  }
  if (there.size() > ordered.size())
    for (const Column& column : there)
      if (!table.column(column.name))
        drift_[logical].push_back("column " + logical + "." + column.name +
                                  " is not part of version " + version_.name +
                                  "; `pgstrata baseline NAME` would adopt it");
  now.columns = std::move(ordered);
  share(now, table);
  *known = std::move(now);
}

Version Refresh::finish(const catalog::Snapshot& snapshot, std::vector<std::string>& drift) {
  for (auto& [logical, table] : version_.tables)
    if (!snapshot.table(table.physical)) throw table_gone(version_, table);
  if (wrong_) throw *wrong_;
  for (auto& [logical, notes] : drift_) drift.insert(drift.end(), notes.begin(), notes.end());
  for (auto& [name, table] : snapshot.tables)
    if (!fresh_.tables.count(name))
      drift.push_back("table " + name + " is not part of version " + version_.name +
                      "; `pgstrata baseline NAME` would adopt it");
  return std::move(fresh_);
}

}  // namespace pgstrata::model
