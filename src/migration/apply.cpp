#include "migration/apply.hpp"

#include "migration/apply_parts.hpp"
#include "pgstrata/error.hpp"
#include "sql/statements.hpp"
#include "sql/syntax.hpp"

namespace pgstrata::migration {

void refuse(const std::string& code, const std::string& message, const Location& at,
            const std::string& hint) {
  throw Error(Exit::migration, code, message, at.str(), hint);
}

void refuse_unsupported(const std::string& what, const Location& at) {
  refuse("not-supported", what + " is not supported yet", at);
}

void apply(const Unsupported& operation, const Location& at, Draft&) {
  refuse_unsupported("operation '" + operation.operation + "'", at);
}

namespace {

// A run is resumed and undone by its journal: what ends the transaction that holds both a statement
// and its record, or half of which can fail, would make the journal lie.
void check_statements(const Text& text) {
  sql::check_statements_syntax(text.value, text.at.str());
  bool controls = false, outside = false;
  std::size_t count = 0;
  try {
    controls = sql::controls_transaction(text.value);
    outside = sql::runs_outside_transaction(text.value);
    count = sql::split_statements(text.value).size();
  } catch (const Error& error) {
    refuse(error.code(), error.message(), text.at);
  }
  if (controls)
    refuse("sql-transaction", "the SQL begins or ends a transaction, which belongs to pgstrata",
           text.at, "leave BEGIN, COMMIT, ROLLBACK and SAVEPOINT out");
  if (outside && count > 1)
    refuse("sql-not-atomic",
           "a statement that refuses to run in a transaction stands beside others, so that a "
           "failure would leave half of them done",
           text.at, "move it to a migration of its own");
}

}  // namespace

void check_statements(const RawSql& operation) {
  check_statements(operation.up);
  if (operation.down) check_statements(*operation.down);
}

void apply(const RawSql& operation, const Location& at, Draft& draft) {
  if (!operation.on_complete)
    refuse("sql-not-alone",
           "a 'sql' operation without onComplete must be the only operation of its migration", at,
           "move it to a migration of its own");
  check_statements(operation);
  draft.on_complete(operation.up.value);
}

void apply(const Migration& migration, Draft& draft) {
  for (const LocatedOperation& item : migration.operations)
    std::visit([&](const auto& operation) { apply(operation, item.at, draft); }, item.operation);
}

std::vector<std::string> tables_named(const std::vector<Migration>& migrations) {
  std::vector<std::string> names;
  auto collect = [&](const auto& operation) {
    if constexpr (requires { operation.table; })
      names.push_back(operation.table.value);
    else if constexpr (requires {
                         operation.columns;
                         operation.name;
                       })
      names.push_back(operation.name.value);
  };
  for (const Migration& migration : migrations)
    for (const LocatedOperation& item : migration.operations) {
      std::visit(collect, item.operation);
      if (auto* drop = std::get_if<DropTable>(&item.operation)) names.push_back(drop->name.value);
      if (auto* rename = std::get_if<RenameTable>(&item.operation))
        names.push_back(rename->from.value);
      if (auto* index = std::get_if<DropIndex>(&item.operation)) names.push_back(index->name.value);
    }
  return names;
}

bool is_raw_sql(const Migration& migration) {
  for (const LocatedOperation& item : migration.operations)
    if (auto* sql = std::get_if<RawSql>(&item.operation); sql && !sql->on_complete) {
      if (migration.operations.size() > 1)
        refuse("sql-not-alone",
               "a 'sql' operation without onComplete must be the only operation of its migration",
               item.at, "move it to a migration of its own");
      check_statements(*sql);
      return true;
    }
  return false;
}

const RawSql& raw_sql(const Migration& migration) {
  return std::get<RawSql>(migration.operations.front().operation);
}

}  // namespace pgstrata::migration
