// add_column, drop_column, rename_column, alter_column on the draft.
#include "migration/apply_parts.hpp"
#include "model/compose.hpp"
#include "model/names.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::migration {

using sql::Expression;

namespace {

void refuse_later_kinds(const AddColumn& operation) {
  if (operation.column.generated_expression)
    refuse_unsupported("adding a generated column to an existing table",
                       operation.column.generated_expression->at);
  if (operation.column.identity)
    refuse_unsupported("adding an identity column to an existing table", operation.column.name.at);
}

// How rows that exist already, and rows of older writers, get the new column's value.
std::optional<Expression> fill_of(Draft& draft, const DraftTable& table, const AddColumn& operation,
                                  model::Column& column) {
  if (operation.up) {
    Expression up = bind_text(draft, table, *operation.up, column.type);
    if (!up.constant() || up.session_dependent) return up;
    column.physical_default = up;  // the same for every row: a catalog entry, no write
    return {};
  }
  if (column.default_ && column.default_->volatility == sql::Volatility::volatile_)
    return column.default_;
  column.physical_default = column.default_;
  if (!column.default_ && column.not_null)
    refuse("up-needed",
           "column \"" + column.name + "\" is NOT NULL and has neither `up` nor a default",
           operation.column.name.at, "give `up`, a default, or nullable: true");
  return {};
}

struct Translation {
  Expression up, down;
};

// The value as it is if PostgreSQL assigns it, else by a cast.
Expression plain_cast(Draft& draft, const DraftTable& shape, const std::string& column,
                      const std::string& from, const std::string& to, const Location& at,
                      const char* key) {
  if (draft.binder().assignable(from, to)) return model::column_expression(column, from);
  try {
    Text cast{"CAST(" + sql::quote_identifier(column) + " AS " + to + ")", at};
    return bind_text(draft, shape, cast, to);
  } catch (const Error&) {
    refuse("translation-needed", "PostgreSQL cannot cast " + from + " to " + to + " by itself", at,
           std::string("give `") + key + "`");
  }
}

bool changes_values(const std::optional<Expression>& expression, const std::string& column) {
  return expression && expression->identity_of() != column;
}

// 'it''s' of 'it''s'::text: the constant itself, which PostgreSQL reads as whatever type it is for.
std::optional<std::string> untyped_constant(const std::string& printed) {
  if (!printed.starts_with('\'')) return {};
  std::size_t end = 1;
  while (end < printed.size() && (printed[end] != '\'' || printed.compare(end, 2, "''") == 0))
    end += printed[end] == '\'' ? 2 : 1;
  if (printed.compare(end, 3, "'::") != 0) return {};
  return printed.substr(0, end + 1);
}

// A default that is not given anew keeps its meaning under the new type, or is refused.
Expression bind_old_default(Draft& draft, const std::string& printed, const std::string& column,
                            const std::string& type, const Location& at) {
  try {
    return bind_default(draft, printed, type, at.str());
  } catch (const Error& error) {
    try {
      if (auto constant = untyped_constant(printed))
        return bind_default(draft, *constant, type, at.str());
    } catch (const Error&) {  // the first error says more
    }
    refuse("default-does-not-fit",
           "the default of column \"" + column + "\" does not fit type " + type + ": " +
               error.message(),
           at, "give `default` too");
  }
}

// Sets the new type and the translations, if the values of the two shapes differ.
void alter_values(Draft& draft, DraftTable& table, const AlterColumn& operation) {
  const std::string& name = operation.column.value;
  const model::Column before = draft.column(table, name, operation.column.at.str());
  sql::BoundType type{.type = before.type,
                      .collation = before.collation,
                      .serial = {},
                      .image_equality = before.image_equality};
  if (operation.type) type = draft.binder().type(operation.type->value, operation.type->at.str());
  if (!type.serial.empty())
    refuse_unsupported("changing a column's type to " + operation.type->value, operation.type->at);
  bool retyped = type.type != before.type;

  std::optional<Expression> up, down;
  if (operation.up) up = bind_text(draft, table, *operation.up, type.type);
  DraftTable after = table;
  after.table.column(name)->type = type.type;
  after.table.column(name)->collation = type.collation;
  if (operation.down) down = bind_text(draft, after, *operation.down, before.type);
  if (!retyped && !changes_values(up, name) && !changes_values(down, name)) return;

  const Location& at = operation.type ? operation.type->at : operation.column.at;
  if (!up) up = plain_cast(draft, table, name, before.type, type.type, at, "up");
  if (!down) down = plain_cast(draft, after, name, type.type, before.type, at, "down");
  draft.translate(table, name, type, *up, *down);

  model::Column& column = *table.table.column(name);
  if (!retyped || !column.default_ || operation.default_) return;
  // The sequence may be made by this very step, so its default cannot be bound; its text stays what
  // it is.
  if (column.owned_sequence && draft.binder().assignable("bigint", type.type)) return;
  Expression rebound = bind_old_default(draft, column.default_->text, name, type.type, at);
  if (column.physical_default == column.default_) column.physical_default = rebound;
  column.default_ = rebound;
}

void alter_default(Draft& draft, DraftTable& table, const AlterColumn& operation) {
  model::Column& column = *table.table.column(operation.column.value);
  const std::optional<Text>& value = *operation.default_;
  if (column.identity || column.generated)
    refuse("no-default-here",
           "column \"" + column.name + "\" is an identity or generated column and has no default",
           operation.column.at);
  if (value)
    column.default_ = bind_given_default(draft, *value, column.type);
  else
    column.default_.reset();
  if (table.created) column.physical_default = column.default_;
}

}  // namespace

void apply(const AddColumn& operation, const Location&, Draft& draft) {
  DraftTable& table = draft.table(operation.table.value, operation.table.at.str());
  if (!table.created) refuse_later_kinds(operation);
  if (table.table.column(operation.column.name.value))
    refuse("duplicate-column",
           "table \"" + table.table.name + "\" already has a column \"" +
               operation.column.name.value + "\"",
           operation.column.name.at);
  model::Column column = make_column(draft, table, operation.column);
  std::optional<Expression> up;
  if (!table.created) up = fill_of(draft, table, operation, column);
  draft.add_column(table, std::move(column), std::move(up), operation.column.name.at.str());
  add_column_constraints(draft, table, operation.column);
}

void apply(const DropColumn& operation, const Location&, Draft& draft) {
  DraftTable& table = draft.table(operation.table.value, operation.table.at.str());
  const model::Column column =
      draft.column(table, operation.column.value, operation.column.at.str());
  std::optional<Expression> down;
  if (operation.down) {
    DraftTable after = table;
    after.table.columns.erase_if([&](auto& c) { return c.name == column.name; });
    down = bind_text(draft, after, *operation.down, column.type);
  }
  bool fills_itself = column.default_ || column.identity || column.generated;
  bool demanded = column.not_null || draft.demanded_below(table, column.physical);
  if (!table.created && demanded && !fills_itself && !down)
    refuse("down-needed",
           "column \"" + column.name + "\" is NOT NULL" +
               (column.not_null ? "" : " in an older live version") +
               " and has no default, so rows of the new version "
               "need a `down` while the old one is live",
           operation.column.at, "give `down`");
  draft.drop_column(table, column.name, std::move(down), operation.column.at.str());
}

void apply(const RenameColumn& operation, const Location&, Draft& draft) {
  DraftTable& table = draft.table(operation.table.value, operation.table.at.str());
  draft.rename_column(table, operation.from.value, operation.to.value, operation.from.at.str());
}

void apply(const AlterColumn& operation, const Location&, Draft& draft) {
  DraftTable& table = draft.table(operation.table.value, operation.table.at.str());
  alter_values(draft, table, operation);
  const std::string& name = operation.column.value;
  if (operation.default_) alter_default(draft, table, operation);
  model::Column& column = *table.table.column(name);
  if (operation.nullable) {
    bool in_key = false;
    for (auto& index : table.table.indexes)
      in_key |= index.constraint == 'p' && model::uses_column(index, name);
    if (*operation.nullable && (in_key || column.identity))
      refuse("key-not-null",
             "column \"" + name +
                 "\" belongs to the primary key or is an identity column: it cannot be nullable",
             operation.column.at);
    column.not_null = !*operation.nullable;
  }
  if (operation.comment) {
    column.comment.reset();
    if (*operation.comment) column.comment = (*operation.comment)->value;
  }
  if (operation.check) add_check(draft, table, *operation.check);
  if (operation.unique)
    add_unique(draft, table, operation.unique->value, {name}, 'u', false, false,
               operation.unique->at.str());
  if (operation.references) add_references(draft, table, name, *operation.references);
}

}  // namespace pgstrata::migration
