#include "engine/leftovers.hpp"

#include <fmt/format.h>

#include "sql/identifier.hpp"
#include "sql/subject.hpp"

namespace pgstrata::engine {
namespace {

using sql::Subject;

constexpr const char* invalid = R"(
SELECT i.indexrelid, n.nspname, t.relname, c.relname
FROM pg_catalog.pg_index i
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'pg_toast'
     JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE NOT i.indisvalid AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
  AND i.indexrelid <> ALL ($1::pg_catalog.oid[])
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                  WHERE p.index_relid = i.indexrelid)
ORDER BY 1)";

std::string regclass(const sql::Qualified& name) {
  const auto quoted =
      name.schema.empty() ? sql::quote_identifier(name.name) : sql::format("{}", name).str();
  return fmt::format("pg_catalog.to_regclass({})", sql::quote_literal(quoted));
}

// Selects the oid of what the statement would make or drop; `good`: only if it is as good as new.
std::string lookup(const Subject& subject, bool good) {
  const auto by_name = [&](const char* catalog, const char* column) {
    return fmt::format("SELECT oid FROM pg_catalog.{} WHERE {} = {}", catalog, column,
                       sql::quote_literal(subject.name.name));
  };
  switch (subject.thing) {
    case Subject::Thing::database:
      return by_name("pg_database", "datname");
    case Subject::Thing::tablespace:
      return by_name("pg_tablespace", "spcname");
    case Subject::Thing::subscription:
      return by_name("pg_subscription", "subname") +
             " AND subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = "
             "pg_catalog.current_database())";
    case Subject::Thing::partition:
      return fmt::format(
          "SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhrelid = {} AND inhparent = {}",
          regclass(subject.name), regclass(subject.table));
    case Subject::Thing::index:
      break;
  }
  if (!subject.makes)
    return fmt::format("SELECT oid FROM pg_catalog.pg_class WHERE oid = {}",
                       regclass(subject.name));
  // Whatever has the name is in the way, but only an index on that table can be what was made.
  return fmt::format(
      "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_class t ON t.oid = {} AND "
      "t.relnamespace = c.relnamespace WHERE c.relname = {}{}",
      regclass(subject.table), sql::quote_literal(subject.name.name),
      good ? " AND EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = c.oid AND "
             "i.indrelid = t.oid AND i.indisvalid)"
           : "");
}

std::string oids(const db::Result& rows) {
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row)
    text += (row > 0 ? "," : "") + rows.text(row, 0);
  return "{" + text + "}";
}

// The two halves of a note; the second is absent where nothing is known.
std::string invalid_then(const std::string& begun) {
  return begun.substr(0, begun.find(' '));
}

std::string subject_then(const std::string& begun) {
  const auto at = begun.find(' ');
  return at == std::string::npos ? std::string() : begun.substr(at + 1);
}

}  // namespace

std::string begun_note(db::Connection& connection, const std::string& statement) {
  auto note = oids(connection.execute(invalid, {"{}"}));
  if (const auto subject = sql::subject_of(statement))
    note += " " + oids(connection.execute(lookup(*subject, false)));
  return note;
}

std::vector<plan::IndexBuild> leftovers_since(db::Connection& connection, const std::string& begun,
                                              db::Attempt& attempt) {
  std::vector<plan::IndexBuild> found;
  const auto rows = connection.execute(invalid, {invalid_then(begun)});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const plan::IndexBuild index{rows.text(row, 1), rows.text(row, 2), rows.text(row, 3), true,
                                 false};
    db::AttemptWork free;
    free.title = fmt::format("unfinished index {}.{}", index.schema, index.index);
    free.locks = {{sql::format("{}", sql::Qualified{index.schema, index.table}).str(),
                   "SHARE UPDATE EXCLUSIVE"}};
    free.patient = true;
    attempt.run(free);
    const auto now = connection.execute(
        "SELECT FROM pg_catalog.pg_index WHERE indexrelid = $1 AND NOT indisvalid",
        {rows.text(row, 0)});
    if (!now.empty()) found.push_back(index);
  }
  return found;
}

bool done_since(db::Connection& connection, const std::string& begun,
                const std::string& statement) {
  const auto subject = sql::subject_of(statement);
  const auto then = subject_then(begun);
  if (!subject || then.empty()) return false;
  const bool was_there = then != "{}";
  const bool is_there = !connection.execute(lookup(*subject, subject->makes)).empty();
  return subject->makes ? !was_there && is_there : was_there && !is_there;
}

}  // namespace pgstrata::engine
