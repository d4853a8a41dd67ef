#define BOOST_TEST_DYN_LINK
#include "sql/syntax.hpp"

#include <boost/test/unit_test.hpp>

using namespace pgstrata;
using namespace pgstrata::sql;

namespace {

template <typename Check>
Error error_of(Check check) {
  try {
    check();
  } catch (const Error& error) {
    return error;
  }
  return Error(Exit::done, "none", "none");
}

Error expression_error(const std::string& source) {
  return error_of([&] { check_expression_syntax(source, "m.yaml:4:9"); });
}

std::string type_error(const std::string& source) {
  return error_of([&] { check_type_syntax(source, ""); }).code();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(syntax)

BOOST_AUTO_TEST_CASE(expressions_pass) {
  for (const char* source : {"a + 1", "(SELECT max(x) FROM t)", "a -- why",
                             "CASE WHEN a THEN 1 END", "'; DROP TABLE x'", "row(1, 2)", "NULL"}) {
    BOOST_TEST(expression_error(source).code() == "none", source);
  }
}

BOOST_AUTO_TEST_CASE(anything_but_one_expression_is_refused) {
  for (const char* source : {"1); DROP TABLE x; SELECT (2", "a) , (b", "a, b", "a) AS x, (b",
                             "a) FROM (SELECT 1) t WHERE (true", "", "  \n", "a b c"}) {
    BOOST_TEST(expression_error(source).code() == "bad-expression", source);
  }
}

BOOST_AUTO_TEST_CASE(errors_say_where_in_the_expression) {
  const Error error = expression_error("'é' ||\n  )a");
  BOOST_TEST(error.message() == "syntax error at or near \")\" at character 10 of the expression");
  BOOST_TEST(error.hint() == "  )a\n  ^");
  BOOST_TEST(error.where() == "m.yaml:4:9");
}

BOOST_AUTO_TEST_CASE(an_unfinished_expression_ends_at_its_end) {
  const Error error = expression_error("a +");
  BOOST_TEST(error.message() == "syntax error at the end of the expression");
  BOOST_TEST(error.hint() == "a +\n   ^");
}

BOOST_AUTO_TEST_CASE(expressions_have_a_size) {
  BOOST_TEST(expression_error("'" + std::string(16 * 1024, 'x') + "'").code() == "bad-expression");
}

BOOST_AUTO_TEST_CASE(syntax_of_newer_servers_is_left_to_them) {
  BOOST_TEST(error_of([] { check_one_expression("JSON_OBJECT('a' : b)", ""); }).code() == "none");
  BOOST_TEST(error_of([] { check_one_expression("a, b", ""); }).code() == "bad-expression");
}

BOOST_AUTO_TEST_CASE(types_pass) {
  for (const char* source : {"int", "varchar(20)", "app.mood[]", "\"My type\"", "double precision",
                             "timestamp(3) with time zone", "serial", "numeric(10, 2)"}) {
    BOOST_TEST(type_error(source) == "none", source);
  }
}

BOOST_AUTO_TEST_CASE(anything_but_one_type_is_refused) {
  for (const char* source : {"int) , (1", "int; DROP TABLE x", "text COLLATE \"C\"", "int NOT NULL",
                             "", "setof int", "int) FROM (SELECT 1", "int DEFAULT 3"}) {
    BOOST_TEST(type_error(source) == "unknown-type", source);
  }
}

BOOST_AUTO_TEST_SUITE_END()
