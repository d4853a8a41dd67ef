// A transaction in the scratch schema that is always rolled back.
//
// Everything the binder asks is asked by making something there: PostgreSQL checks it fully, and
// nothing of it survives. Private to src/catalog.
#pragma once

#include <string>

#include "db/connection.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::catalog {

class Scratch {
 public:
  // Names in what is made are resolved under `path`.
  Scratch(db::Connection& connection, const std::string& path);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // One statement that holds a user's text: the extended protocol takes no second one.
  void make(const std::string& statement);
  // A query of ours about the relation $1, under search_path = pg_catalog from here on. Planned
  // once per connection: planning these joins costs more than running them.
  db::Result ask(const std::string& name, const std::string& query, const sql::Qualified& relation);
  // After make() failed: where in `statement` the server sees the error, 0 if it does not say.
  int error_position(const std::string& statement);

 private:
  void begin();
  db::Connection& connection_;
  const std::string path_;
};

}  // namespace pgstrata::catalog
