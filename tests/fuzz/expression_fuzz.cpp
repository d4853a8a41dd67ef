// Rewriting loses nothing: an expression bound by PostgreSQL, rewritten to other column names,
// bound again over those, and rewritten back, is bound to the same text.
//
// The server is the one PGSTRATA_TEST_URL names; schema fuzz_scratch is made there. An input is
// text as a user might write it ('=' first), or bytes for random_expression.
#include <clocale>
#include <cstdio>
#include <cstdlib>

#include "catalog/read.hpp"
#include "db/connection.hpp"
#include "pgstrata/error.hpp"
#include "random_expression.hpp"
#include "sql/expression.hpp"

namespace {

using namespace pgstrata;

struct Server {
  Server() : connection({.url = url(), .application_name = "pgstrata fuzz", .role = {}}) {
    connection.execute("CREATE SCHEMA IF NOT EXISTS fuzz_scratch; SET search_path = pg_catalog");
  }
  static const char* url() {
    const char* given = std::getenv("PGSTRATA_TEST_URL");
    if (given != nullptr) return given;
    std::fprintf(stderr, "PGSTRATA_TEST_URL does not name a server\n");
    std::exit(2);
  }
  db::Connection connection;
  catalog::ServerBinder binder{connection, "fuzz_scratch", "public"};
};

std::string renamed(const std::string& column) {
  return "users." + column + " \"at\"";
}

sql::Shape renamed(sql::Shape shape) {
  for (auto& column : shape.columns) column.name = renamed(column.name);
  return shape;
}

std::string original(const std::string& column) {
  return column.substr(6, column.size() - 6 - 5);
}

sql::Sql reference(const std::string& column) {
  return sql::format("users.{}", sql::Name(column));
}

void require_equal(const std::string& source, const std::string& text, const std::string& back) {
  if (text == back) return;
  std::fprintf(stderr, "%s\n  is bound as  %s\n  came back as %s\n", source.c_str(), text.c_str(),
               back.c_str());
  std::abort();
}

void round_trip(Server& server, const std::string& source) {
  const sql::Shape shape = test::fuzzed_shape();
  std::string there;
  try {
    const std::string text = server.binder.bind(source, shape, "", "fuzz").text;
    const sql::Expression bound = server.binder.bind(text, shape, "", "fuzz");
    there =
        bound.rewrite([](const std::string& column) { return reference(renamed(column)); }).str();
    const sql::Expression away = server.binder.bind(there, renamed(shape), "", "fuzz");
    const std::string back =
        away.rewrite([](const std::string& column) { return reference(original(column)); }).str();
    require_equal(source, bound.text, server.binder.bind(back, shape, "", "fuzz").text);
  } catch (const Error& error) {
    // PostgreSQL may refuse what was written, but not what came out of a rewrite.
    if (error.exit() == Exit::migration && there.empty()) return;
    std::fprintf(stderr, "%s\n  %s\n  %s\n", source.c_str(), there.c_str(), error.what());
    std::abort();
  }
}

// Documents are refused before they get here unless they are UTF-8 text.
bool readable(const std::string& source) {
  static const char* locale = std::setlocale(LC_CTYPE, "C.UTF-8");
  return locale && source.find('\0') == std::string::npos &&
         std::mbstowcs(nullptr, source.c_str(), 0) != static_cast<std::size_t>(-1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Server server;
  if (size == 0) return 0;
  const std::string source = data[0] == '='
                                 ? std::string(reinterpret_cast<const char*>(data) + 1, size - 1)
                                 : test::random_expression(data, size);
  if (readable(source)) round_trip(server, source);
  return 0;
}
