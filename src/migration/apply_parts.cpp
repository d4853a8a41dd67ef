#include "migration/apply_parts.hpp"

#include "model/compose.hpp"
#include "model/names.hpp"
#include "pgstrata/error.hpp"
#include "sql/references.hpp"
#include "sql/tables.hpp"

namespace pgstrata::migration {

namespace {

// An expression names tables as the version does that it belongs to; the base schema may call them
// otherwise until older versions are retired.
std::string physical_name(const Draft& draft, const sql::TableReference& read, const Location& at) {
  if (!read.schema.empty() && read.schema != draft.snapshot().schema) return read.table;
  if (auto found = draft.tables().find(read.table); found != draft.tables().end()) {
    if (found->second.created)
      refuse("reads-new-table",
             "the expression reads table \"" + read.table + "\", which this migration creates", at,
             "create the table in a migration before this one");
    return found->second.table.physical;
  }
  for (auto& [logical, table] : draft.tables())
    if (table.table.physical == read.table)
      refuse("reads-renamed-table",
             "the expression reads table \"" + read.table + "\", which is called \"" + logical +
                 "\" in this version",
             at, "call it \"" + logical + "\"");
  return read.table;
}

}  // namespace

sql::Expression bind_text(Draft& draft, const DraftTable& table, const Text& source,
                          const std::string& target) {
  const std::string text = sql::rename_tables(
      source.value, [&](auto& read) { return physical_name(draft, read, source.at); });
  try {
    sql::Expression bound = draft.binder().bind(text, table.shape(), target, source.at.str());
    bound.source = source.value;
    return bound;
  } catch (const Error& error) {
    if (text == source.value) throw;
    throw Error(
        error.exit(), error.code(), error.message(), error.where(),
        (error.hint().empty() ? "" : error.hint() + "\n") +
            "the server was asked by the names of the base schema: " + text +
            "\nread a renamed table as FROM name AS alias, and its columns as alias.column");
  }
}

sql::Expression bind_default(Draft& draft, const std::string& source, const std::string& type,
                             const std::string& where) {
  return draft.binder().bind(source, {.table = "default_of_a_column", .columns = {}}, type, where);
}

std::optional<sql::Expression> bind_given_default(Draft& draft, const Text& given,
                                                  const std::string& type) {
  sql::Expression bound = bind_default(draft, given.value, type, given.at.str());
  if (sql::is_null_constant(given.value)) return {};
  return bound;
}

char code(FkAction action) {
  switch (action) {
    case FkAction::no_action:
      return 'a';
    case FkAction::restrict_:
      return 'r';
    case FkAction::cascade:
      return 'c';
    case FkAction::set_null:
      return 'n';
    case FkAction::set_default:
      return 'd';
  }
  return 'a';
}

char code(FkMatch match) {
  switch (match) {
    case FkMatch::simple:
      return 's';
    case FkMatch::full:
      return 'f';
    case FkMatch::partial:
      return 'p';
  }
  return 's';
}

model::Column make_column(Draft& draft, const DraftTable& table, const Column& from) {
  sql::BoundType type = draft.binder().type(from.type.value, from.type.at.str());
  model::Column column;
  column.name = from.name.value;
  column.type = type.type;
  column.collation = type.collation;
  column.image_equality = type.image_equality;
  column.not_null = !from.nullable || from.pk;
  if (from.comment) column.comment = from.comment->value;
  if (from.default_) {
    if (!type.serial.empty())
      refuse("default-of-serial",
             "column \"" + column.name + "\" is " + from.type.value +
                 ", which has a default of its own",
             from.default_->at);
    column.default_ = bind_given_default(draft, *from.default_, column.type);
  }
  if (!type.serial.empty()) {
    std::string name = draft.sequence_for(table.table.name, column.name);
    sql::Sql sequence = sql::format("{}", sql::Qualified{draft.snapshot().schema, name});
    column.not_null = true;
    column.owned_sequence = sequence.str();
    // Not bound: the sequence is made by the step. What PostgreSQL would print:
    sql::Expression next;
    next.source = next.text =
        sql::format("nextval({}::regclass)", sql::Literal(sequence.str())).str();
    next.type = type.serial;
    next.volatility = sql::Volatility::volatile_;
    next.reads_tables = true;
    column.default_ = next;
  }
  if (from.generated_expression) {
    column.default_ = draft.binder().bind(from.generated_expression->value, table.shape(),
                                          column.type, from.generated_expression->at.str());
    column.generated = 's';
  }
  if (from.identity) {
    column.identity = *from.identity == "ALWAYS" ? 'a' : 'd';
    column.not_null = true;
    if (from.identity_options) column.identity_options = from.identity_options->value;
  }
  return column;
}

void add_unique(Draft& draft, DraftTable& table, const std::string& name,
                const std::vector<std::string>& columns, char constraint, bool deferrable,
                bool deferred, const std::string& where) {
  model::Index index;
  index.name = name;
  index.unique = true;
  index.constraint = constraint;
  index.deferrable = deferrable;
  index.deferred = deferred;
  for (const std::string& column : columns) {
    model::Column& key = draft.column(table, column, where);
    if (constraint == 'p') key.not_null = true;
    index.keys.push_back({.column = column, .expression = {}, .collation = {}, .opclass = {}});
  }
  draft.add_index(table, std::move(index), where);
}

void add_check(Draft& draft, DraftTable& table, const Check& check) {
  draft.add_check(table,
                  {.name = check.name.value,
                   .physical = {},
                   .expression = bind_text(draft, table, check.constraint, "boolean"),
                   .no_inherit = check.no_inherit,
                   .comment = {}},
                  check.name.at.str());
}

void add_references(Draft& draft, DraftTable& table, const std::string& column,
                    const References& references) {
  DraftTable& parent = draft.table(references.table.value, references.table.at.str());
  if (references.match == FkMatch::partial)
    refuse("match-partial", "PostgreSQL does not implement MATCH PARTIAL", references.name.at);
  const model::Column& target =
      draft.column(parent, references.column.value, references.column.at.str());
  if (auto lineage = parent.lineages.find(target.name);
      lineage != parent.lineages.end() && lineage->second.translated)
    refuse_unsupported("a foreign key to column \"" + parent.table.name + "." + target.name +
                           "\", whose values this migration changes,",
                       references.column.at);
  model::ForeignKey key;
  key.name = references.name.value;
  key.columns = {column};
  key.schema = draft.snapshot().schema;
  key.table = parent.table.physical;
  key.referenced = {target.physical};
  key.on_delete = code(references.on_delete);
  key.on_update = code(references.on_update);
  key.match = code(references.match);
  key.deferrable = references.deferrable || references.initially_deferred;
  key.deferred = references.initially_deferred;
  draft.add_foreign_key(table, std::move(key), references.name.at.str());
}

void add_column_constraints(Draft& draft, DraftTable& table, const Column& column) {
  const std::string where = column.name.at.str();
  if (column.pk)
    add_unique(draft, table, draft.constraint_name(table, {}, "pkey"), {column.name.value}, 'p',
               false, false, where);
  if (column.unique)
    add_unique(draft, table, draft.constraint_name(table, {column.name.value}, "key"),
               {column.name.value}, 'u', false, false, where);
  if (column.check) add_check(draft, table, *column.check);
  if (column.references) add_references(draft, table, column.name.value, *column.references);
}

}  // namespace pgstrata::migration
