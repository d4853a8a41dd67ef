#include "migration/apply.hpp"

#include "migration/apply_parts.hpp"
#include "pgstrata/error.hpp"

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

void apply(const RawSql& operation, const Location& at, Draft& draft) {
  if (!operation.on_complete)
    refuse("sql-not-alone",
           "a 'sql' operation without onComplete must be the only operation of its migration", at,
           "move it to a migration of its own");
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
      return true;
    }
  return false;
}

const RawSql& raw_sql(const Migration& migration) {
  return std::get<RawSql>(migration.operations.front().operation);
}

}  // namespace pgstrata::migration
