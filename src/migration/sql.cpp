// sql: statements of the user's own.
#include "migration/families.hpp"

namespace pgstrata::migration {

namespace {

Operation read_sql(const Value& body) {
  const Fields keys = body.as_fields({"up", "down", "onComplete"});
  RawSql sql{.up = keys.required("up").as_sql(), .on_complete = keys.flag("onComplete")};
  if (const auto down = keys.non_empty("down")) sql.down = down->as_sql();
  if (sql.down && sql.on_complete) {
    keys.forbid("down", "cannot stand next to 'onComplete': what runs at completion is not undone");
  }
  return sql;
}

}  // namespace

Family sql_operations() {
  return {{"sql", read_sql}};
}

}  // namespace pgstrata::migration
