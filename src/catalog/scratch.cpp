#include "catalog/scratch.hpp"

#include "catalog/printing.hpp"

namespace pgstrata::catalog {

Scratch::Scratch(db::Connection& connection, const std::string& path)
    : connection_(connection), path_(path) {
  begin();
}

Scratch::~Scratch() {
  try {
    connection_.execute("ROLLBACK");
  } catch (const std::exception&) {
    // A lost connection has rolled back already.
  }
}

void Scratch::begin() {
  connection_.execute(
      sql::format(
          "BEGIN; SET LOCAL lock_timeout = '1s'; SELECT set_config('search_path', {}, true)",
          sql::Literal(path_))
          .str());
}

void Scratch::make(const std::string& statement) {
  connection_.execute(statement, db::Parameters());
}

db::Result Scratch::ask(const std::string& name, const std::string& query,
                        const sql::Qualified& relation) {
  connection_.execute(std::string("SET LOCAL search_path = pg_catalog;") + unambiguous_printing);
  return connection_.execute_prepared(name, query, {sql::format("{}", relation).str()});
}

int Scratch::error_position(const std::string& statement) {
  connection_.execute("ROLLBACK");
  begin();
  return connection_.error_position(statement);
}

}  // namespace pgstrata::catalog
