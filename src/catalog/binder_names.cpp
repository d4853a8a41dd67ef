// Collations and operator classes by the name a user gives: looked up once, then always qualified.
#include "catalog/read.hpp"
#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::catalog {
namespace {

// Splits "schema.name" or "name"; both may be quoted, "" inside quotes is a quote.
sql::Qualified split_name(const std::string& source) {
  sql::Qualified result;
  std::string part;
  bool quoted = false;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '"') {
      if (quoted && i + 1 < source.size() && source[i + 1] == '"')
        part += source[i++];
      else
        quoted = !quoted;
    } else if (source[i] == '.' && !quoted) {
      result.schema = part;
      part.clear();
    } else {
      part += source[i];
    }
  }
  result.name = part;
  return result;
}

std::string look_up(db::Connection& connection, const std::string& path, const std::string& query,
                    const sql::Qualified& name, const std::string& what, const std::string& method,
                    const std::string& where) {
  db::Transaction transaction(connection);
  connection.execute("SET LOCAL search_path = " + path);
  db::Parameters parameters{name.name, name.schema};
  if (!method.empty()) parameters.push_back(method);
  db::Result found = connection.execute(query, parameters);
  transaction.rollback();
  if (found.empty())
    throw Error(Exit::migration, "unknown-" + what,
                "there is no " + what + " \"" + name.name + "\"", where);
  return sql::format("{}", sql::Qualified{found.text(0, 0), found.text(0, 1)}).str();
}

}  // namespace

std::string ServerBinder::collation(const std::string& source, const std::string& where) {
  return look_up(connection_, path_, R"(
    SELECT n.nspname, c.collname
    FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
    WHERE c.collname = $1
      AND CASE WHEN $2 <> '' THEN n.nspname = $2 ELSE pg_catalog.pg_collation_is_visible(c.oid) END)",
                 split_name(source), "collation", {}, where);
}

std::string ServerBinder::operator_class(const std::string& source, const std::string& method,
                                         const std::string& where) {
  return look_up(connection_, path_, R"(
    SELECT n.nspname, o.opcname
    FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
         JOIN pg_catalog.pg_am a ON a.oid = o.opcmethod
    WHERE o.opcname = $1 AND a.amname = $3
      AND CASE WHEN $2 <> '' THEN n.nspname = $2 ELSE pg_catalog.pg_opclass_is_visible(o.oid) END)",
                 split_name(source), "operator-class", method, where);
}

}  // namespace pgstrata::catalog
