#include "engine/leftovers.hpp"

#include "sql/identifier.hpp"

namespace pgstrata::engine {
namespace {

constexpr const char* prefix = "begun and not seen to end; indexes not valid before it: ";

constexpr const char* invalid = R"(
SELECT i.indexrelid, n.nspname, t.relname, c.relname
FROM pg_catalog.pg_index i
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'pg_toast'
     JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE NOT i.indisvalid AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
  AND i.indexrelid <> ALL ($1::pg_catalog.oid[])
ORDER BY 1)";

// Whoever builds an index holds a lock on its table until the index is valid.
bool is_abandoned(db::Connection& connection, const plan::IndexBuild& index) {
  try {
    db::Transaction transaction(connection, "SET LOCAL lock_timeout = '1s'");
    connection.execute(sql::format("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE",
                                   sql::Qualified{index.schema, index.table})
                           .str());
    const auto now = connection.execute(
        "SELECT FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass($1) AND NOT "
        "indisvalid",
        {sql::format("{}", sql::Qualified{index.schema, index.index}).str()});
    transaction.rollback();
    return !now.empty();
  } catch (const db::SqlError& error) {
    if (!error.lock_not_available()) throw;
    return false;
  }
}

}  // namespace

std::string begun_note(db::Connection& connection) {
  const auto rows = connection.execute(invalid, {"{}"});
  std::string oids;
  for (std::size_t row = 0; row < rows.size(); ++row)
    oids += (row > 0 ? "," : "") + rows.text(row, 0);
  return prefix + ("{" + oids + "}");
}

bool is_begun_note(const std::string& error) {
  return error.starts_with(prefix);
}

std::vector<plan::IndexBuild> leftovers_since(db::Connection& connection, const std::string& note) {
  std::vector<plan::IndexBuild> found;
  const auto rows = connection.execute(invalid, {note.substr(std::string_view(prefix).size())});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    plan::IndexBuild index{rows.text(row, 1), rows.text(row, 2), rows.text(row, 3), true, false};
    if (is_abandoned(connection, index)) found.push_back(std::move(index));
  }
  return found;
}

bool says_done_already(const std::string& sqlstate) {
  // duplicate_table (an index too), duplicate_database, duplicate_object; undefined_object,
  // undefined_table, invalid_catalog_name
  for (const char* state : {"42P07", "42P04", "42710", "42704", "42P01", "3D000"})
    if (sqlstate == state) return true;
  return false;
}

}  // namespace pgstrata::engine
