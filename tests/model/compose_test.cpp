// One expression out of two: what several operations of one step do to a column.
#define BOOST_TEST_DYN_LINK
#include "model/compose.hpp"

#include <boost/test/unit_test.hpp>

#include "pgstrata/error.hpp"
#include "recorded_binder.hpp"

namespace pgstrata::model {
namespace {

using sql::Expression;

Expression integer(const std::string& text) {
  Expression expression = printed_expression(text, "test");
  expression.type = "integer";
  return expression;
}

// Every reference still covers exactly its column's name in the text.
void check_places(const Expression& expression) {
  for (const sql::ColumnReference& reference : expression.references)
    BOOST_TEST(expression.text.substr(reference.begin, reference.end - reference.begin) ==
               sql::quote_identifier(reference.column));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(composition)

BOOST_AUTO_TEST_CASE(a_bare_column_is_its_own_identity) {
  BOOST_TEST(column_expression("a", "integer").identity_of() == "a");
  BOOST_TEST(column_expression("Größe \"x\"", "text").text == "\"Größe \"\"x\"\"\"");
  BOOST_TEST(column_expression("Größe \"x\"", "text").identity_of() == "Größe \"x\"");
  BOOST_TEST(integer("a + 0").identity_of() == "");
}

BOOST_AUTO_TEST_CASE(an_expression_in_place_of_a_bare_column_is_taken_as_it_is) {
  const Expression whole =
      compose(column_expression("b", "integer"), {{"b", integer("a + 1")}}, {{"b", "integer"}});
  BOOST_TEST(whole.text == "a + 1");
  BOOST_TEST(whole.source == "a + 1");
  check_places(whole);
}

BOOST_AUTO_TEST_CASE(an_expression_inside_another_keeps_its_precedence) {
  const Expression product = compose(integer("b * 2"), {{"b", integer("a + 1")}}, {});
  BOOST_TEST(product.text == "(a + 1) * 2");
  check_places(product);
}

BOOST_AUTO_TEST_CASE(a_bare_column_inside_another_needs_no_parentheses) {
  BOOST_TEST(compose(integer("b * 2"), {{"b", column_expression("a", "integer")}}, {}).text ==
             "a * 2");
}

BOOST_AUTO_TEST_CASE(columns_without_a_replacement_stay_and_their_places_move) {
  const Expression sum = compose(integer("b + c * b"), {{"b", integer("a - 1")}}, {});
  BOOST_TEST(sum.text == "(a - 1) + c * (a - 1)");
  BOOST_TEST(sum.inputs() == std::vector<std::string>({"a", "c"}),
             boost::test_tools::per_element());
  check_places(sum);
}

BOOST_AUTO_TEST_CASE(a_replacement_of_another_type_is_cast_to_the_columns_type) {
  const Expression cast = compose(column_expression("b", "integer"),
                                  {{"b", column_expression("a", "text")}}, {{"b", "integer"}});
  BOOST_TEST(cast.text == "(a)::integer");
  BOOST_TEST(cast.identity_of() == "");  // a cast can change the value
  BOOST_TEST(cast.can_raise);
  check_places(cast);
}

BOOST_AUTO_TEST_CASE(a_replacement_of_the_same_type_is_not_cast) {
  const Expression same = compose(column_expression("b", "integer"),
                                  {{"b", column_expression("a", "integer")}}, {{"b", "integer"}});
  BOOST_TEST(same.identity_of() == "a");
  BOOST_TEST(!same.can_raise);
}

BOOST_AUTO_TEST_CASE(places_are_bytes_whatever_the_names) {
  const Expression renamed =
      rename_columns(integer("\"Ö 1\" + \"日本\" * \"Ö 1\""), {{"Ö 1", "ß\"ß"}, {"日本", "plain"}});
  BOOST_TEST(renamed.text == "\"ß\"\"ß\" + plain * \"ß\"\"ß\"");
  BOOST_TEST(renamed.inputs() == std::vector<std::string>({"ß\"ß", "plain"}),
             boost::test_tools::per_element());
  check_places(renamed);
}

BOOST_AUTO_TEST_CASE(names_can_swap) {
  BOOST_TEST(rename_columns(integer("a - b"), {{"a", "b"}, {"b", "a"}}).text == "b - a");
}

BOOST_AUTO_TEST_CASE(a_name_in_a_string_or_of_a_function_is_not_a_column) {
  const Expression text =
      rename_columns(integer("lower(a || 'a.a') || \"left\"(a, 1)"), {{"a", "b"}});
  BOOST_TEST(text.text == "lower(b || 'a.a') || \"left\"(b, 1)");
}

BOOST_AUTO_TEST_CASE(qualified_references_are_replaced_whole) {
  const sql::Shape shape{"Order", {{"a", "integer", ""}, {"Größe", "integer", ""}}};
  const Expression bound =
      test::RecordedBinder().bind("a + \"Order\".\"Größe\"", shape, "integer", "test");
  BOOST_TEST(rename_columns(bound, {{"a", "x"}, {"Größe", "Ä"}}).text == "(x + \"Ä\")");
}

BOOST_AUTO_TEST_CASE(what_a_part_does_the_whole_does) {
  Expression part = integer("a");
  part.text = "f(a)";
  part.references = {{"a", 2, 3}};
  part.volatility = sql::Volatility::stable;
  part.reads_tables = part.calls_user_code = part.session_dependent = true;
  part.can_raise = true;
  Expression outer = integer("b + 1");
  outer.can_raise = false;
  const Expression whole = compose(outer, {{"b", part}}, {});
  BOOST_TEST((whole.volatility == sql::Volatility::stable));
  BOOST_TEST(whole.reads_tables);
  BOOST_TEST(whole.calls_user_code);
  BOOST_TEST(whole.session_dependent);
  BOOST_TEST(whole.can_raise);
  BOOST_TEST(whole.needs_definer());
}

BOOST_AUTO_TEST_CASE(null_has_the_type_of_the_column_it_stands_for) {
  BOOST_TEST(null_expression("numeric(12,2)").text == "NULL::numeric(12,2)");
  BOOST_TEST(null_expression("integer").constant());
  BOOST_TEST(
      compose(integer("b + 1"), {{"b", null_expression("integer")}}, {{"b", "integer"}}).text ==
      "(NULL::integer) + 1");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_refused_with_its_place) {
  BOOST_CHECK_EXCEPTION(printed_expression("a +", "check k"), Error, [](const Error& error) {
    return error.code() == "unsupported-syntax" && error.where() == "check k";
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::model
