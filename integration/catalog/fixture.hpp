// Schemas with awkward objects on the server that PGSTRATA_TEST_URL names; dropped after each case.
#pragma once

#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "catalog/read.hpp"
#include "db/connection.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::test {

using Strings = std::vector<std::string>;

inline db::ConnectionOptions server() {
  const char* url = std::getenv("PGSTRATA_TEST_URL");
  if (url == nullptr) BOOST_FAIL("PGSTRATA_TEST_URL does not name a server");
  return {url, "pgstrata test", ""};
}

// "Ct base" is the base schema, ct_other holds types and a view, ct_support plays our support
// schema, ct_scratch is the binder's.
struct Schemas {
  Schemas() : connection(server()) {
    drop();
    connection.execute(
        "CREATE SCHEMA \"Ct base\"; CREATE SCHEMA ct_other; CREATE SCHEMA ct_support;"
        "CREATE SCHEMA ct_scratch");
    connection.execute(
        "CREATE TYPE ct_other.mood AS ENUM ('sad', 'ok');"
        "CREATE DOMAIN ct_other.posint AS integer CHECK (value > 0);"
        "CREATE EXTENSION IF NOT EXISTS citext SCHEMA ct_other;"
        "CREATE EXTENSION IF NOT EXISTS hstore SCHEMA ct_other");
    connection.execute("SET search_path = \"Ct base\", ct_other");
  }
  ~Schemas() {
    try {
      drop();
    } catch (const db::SqlError& error) {
      BOOST_TEST_MESSAGE("cleaning up: " << error.what());
    }
  }
  void drop() {
    connection.execute(
        "DROP SCHEMA IF EXISTS \"Ct base\" CASCADE; DROP SCHEMA IF EXISTS ct_other CASCADE;"
        "DROP SCHEMA IF EXISTS ct_support CASCADE; DROP SCHEMA IF EXISTS ct_scratch CASCADE;"
        "DROP PUBLICATION IF EXISTS ct_publication");
  }
  catalog::Snapshot read(const Strings& ours = {}) {
    return catalog::read(connection, "Ct base", "ct_support", ours);
  }
  catalog::Table read_table(const std::string& name) {
    const auto snapshot = read();
    BOOST_REQUIRE(snapshot.table(name) != nullptr);
    return *snapshot.table(name);
  }
  db::Connection connection;
};

}  // namespace pgstrata::test
