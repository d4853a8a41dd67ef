// create_table, drop_table, rename_table on the draft.
#include "migration/apply_parts.hpp"
#include "model/names.hpp"

namespace pgstrata::migration {
namespace {

std::vector<std::string> values(const std::vector<Text>& texts) {
  std::vector<std::string> names;
  for (const Text& text : texts) names.push_back(text.value);
  return names;
}

void add_foreign_key(Draft& draft, DraftTable& table, const TableConstraint& constraint) {
  const Text& parent_name = *constraint.referenced_table;
  DraftTable& parent = draft.table(parent_name.value, parent_name.at.str());
  if (constraint.match == FkMatch::partial)
    refuse("match-partial", "PostgreSQL does not implement MATCH PARTIAL", constraint.name.at);
  model::ForeignKey key;
  key.name = constraint.name.value;
  key.columns = values(constraint.columns);
  for (auto& column : constraint.columns) draft.column(table, column.value, column.at.str());
  key.schema = draft.snapshot().schema;
  key.table = parent.table.physical;
  for (auto& column : constraint.referenced_columns) {
    const model::Column& target = draft.column(parent, column.value, column.at.str());
    key.referenced.push_back(target.physical);
  }
  key.on_delete = code(constraint.on_delete);
  key.on_update = code(constraint.on_update);
  key.match = code(constraint.match);
  key.deferrable = constraint.deferrable || constraint.initially_deferred;
  key.deferred = constraint.initially_deferred;
  draft.add_foreign_key(table, std::move(key), constraint.name.at.str());
}

void add_constraint(Draft& draft, DraftTable& table, const TableConstraint& constraint) {
  for (const Text& key : constraint.unsupported)
    refuse_unsupported("'" + key.value + "' of a table constraint", key.at);
  const std::string where = constraint.name.at.str();
  bool deferrable = constraint.deferrable || constraint.initially_deferred;
  switch (constraint.type) {
    case ConstraintType::unique:
    case ConstraintType::primary_key:
      add_unique(draft, table, constraint.name.value, values(constraint.columns),
                 constraint.type == ConstraintType::unique ? 'u' : 'p', deferrable,
                 constraint.initially_deferred, where);
      break;
    case ConstraintType::check:
      add_check(draft, table, {constraint.name, *constraint.check, constraint.no_inherit});
      break;
    case ConstraintType::foreign_key:
      add_foreign_key(draft, table, constraint);
      break;
    case ConstraintType::exclude:
      refuse_unsupported("an exclusion constraint", constraint.name.at);
  }
}

}  // namespace

void apply(const CreateTable& operation, const Location&, Draft& draft) {
  DraftTable& table = draft.create_table(operation.name.value, operation.name.at.str());
  if (operation.comment) table.table.comment = operation.comment->value;
  std::vector<std::string> primary_key;
  for (const Column& column : operation.columns) {
    if (table.table.column(column.name.value))
      refuse("duplicate-column",
             "column \"" + column.name.value + "\" stands twice in table \"" +
                 operation.name.value + "\"",
             column.name.at);
    draft.add_column(table, make_column(draft, table, column), {}, column.name.at.str());
    if (column.pk) primary_key.push_back(column.name.value);
  }
  // Several columns marked pk are one composite key.
  if (!primary_key.empty())
    add_unique(draft, table, draft.constraint_name(table, {}, "pkey"), primary_key, 'p', false,
               false, operation.name.at.str());
  for (Column column : operation.columns) {
    column.pk = false;
    add_column_constraints(draft, table, column);
  }
  for (const TableConstraint& constraint : operation.constraints)
    add_constraint(draft, table, constraint);
}

void apply(const DropTable& operation, const Location&, Draft& draft) {
  draft.drop_table(operation.name.value, operation.name.at.str());
}

void apply(const RenameTable& operation, const Location&, Draft& draft) {
  draft.rename_table(operation.from.value, operation.to.value, operation.from.at.str());
}

}  // namespace pgstrata::migration
