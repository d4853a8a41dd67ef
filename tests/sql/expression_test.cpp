#define BOOST_TEST_DYN_LINK
#include "sql/expression.hpp"

#include <boost/test/unit_test.hpp>

#include "sql/references.hpp"

using namespace pgstrata::sql;

namespace {

Expression bound(const std::string& text) {
  Expression expression;
  expression.text = text;
  expression.references = find_references(text, "users");
  return expression;
}

Sql as_new(const std::string& column) {
  return format("NEW.{}", Name(column));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(expressions)

BOOST_AUTO_TEST_CASE(a_rewrite_touches_nothing_between_references) {
  const auto expression = bound("(users.a || ' users.a ' || users.\"B c\" || users.a)");
  BOOST_TEST(expression.rewrite(as_new).str() == "(NEW.a || ' users.a ' || NEW.\"B c\" || NEW.a)");
}

BOOST_AUTO_TEST_CASE(inputs_come_once_in_order_of_appearance) {
  const auto inputs = bound("(users.b + users.a + users.b)").inputs();
  BOOST_TEST((inputs == std::vector<std::string>{"b", "a"}));
}

BOOST_AUTO_TEST_CASE(only_a_bare_reference_is_an_identity) {
  BOOST_TEST(bound("users.a").identity_of() == "a");
  BOOST_TEST(bound("users.\"A\"").identity_of() == "A");
  BOOST_TEST(bound("(users.a)::text").identity_of() == "");
  BOOST_TEST(bound("1").identity_of() == "");
}

BOOST_AUTO_TEST_CASE(constants_read_nothing_and_do_not_change) {
  auto expression = bound("'x'::text");
  BOOST_TEST(expression.constant());
  expression.volatility = Volatility::volatile_;
  BOOST_TEST(!expression.constant());
  BOOST_TEST(!bound("users.a").constant());
}

BOOST_AUTO_TEST_SUITE_END()
