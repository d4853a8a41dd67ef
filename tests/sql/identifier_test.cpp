#define BOOST_TEST_DYN_LINK
#include "sql/identifier.hpp"

#include <boost/test/unit_test.hpp>

using namespace pgstrata::sql;

BOOST_AUTO_TEST_SUITE(identifiers)

BOOST_AUTO_TEST_CASE(plain_lower_case_words_stay_bare) {
  for (const char* name : {"users", "_m", "a1", "name", "value", "text"}) {
    BOOST_TEST(quote_identifier(name) == name);
  }
}

BOOST_AUTO_TEST_CASE(everything_else_is_quoted) {
  BOOST_TEST(quote_identifier("Users") == "\"Users\"");
  BOOST_TEST(quote_identifier("1a") == "\"1a\"");
  BOOST_TEST(quote_identifier("a b") == "\"a b\"");
  BOOST_TEST(quote_identifier("a$b") == "\"a$b\"");
  BOOST_TEST(quote_identifier("say \"hi\"") == "\"say \"\"hi\"\"\"");
  BOOST_TEST(quote_identifier("größe") == "\"größe\"");
  BOOST_TEST(quote_identifier("") == "\"\"");
}

BOOST_AUTO_TEST_CASE(keywords_are_quoted_unless_unreserved) {
  for (const char* word : {"select", "user", "order", "left", "between", "integer"}) {
    BOOST_TEST(quote_identifier(word) == '"' + std::string(word) + '"');
  }
  for (const char* word : {"comment", "type", "schema", "show"}) {
    BOOST_TEST(quote_identifier(word) == word);
  }
}

BOOST_AUTO_TEST_CASE(keywords_of_plpgsql_are_quoted) {
  for (const char* word : {"strict", "loop", "begin", "if", "while"})
    BOOST_TEST(quote_identifier(word) == '"' + std::string(word) + '"');
}

BOOST_AUTO_TEST_CASE(keywords_of_newer_servers_are_quoted) {
  BOOST_TEST(quote_identifier("system_user") == "\"system_user\"");
  BOOST_TEST(quote_identifier("json_table") == "\"json_table\"");
}

BOOST_AUTO_TEST_CASE(literals_use_the_escape_form_only_for_backslashes) {
  BOOST_TEST(quote_literal("it's") == "'it''s'");
  BOOST_TEST(quote_literal("a\\b'c") == "E'a\\\\b''c'");
  BOOST_TEST(quote_literal("") == "''");
}

BOOST_AUTO_TEST_CASE(format_renders_each_kind_of_argument) {
  const Sql sql = format("ALTER TABLE {} ADD {} {} DEFAULT {} -- {{}} {}", Qualified{"My", "t"},
                         Name("order"), Sql::trusted("text"), Literal("{x}"), 7);
  BOOST_TEST(sql.str() == "ALTER TABLE \"My\".t ADD \"order\" text DEFAULT '{x}' -- {} 7");
}

BOOST_AUTO_TEST_CASE(join_puts_separators_between) {
  BOOST_TEST(join({format("{}", Name("a")), format("{}", Name("B"))}, ", ").str() == "a, \"B\"");
  BOOST_TEST(join({}, ", ").empty());
}

BOOST_AUTO_TEST_CASE(names_that_fit_are_kept) {
  const std::string exact(63, 'a');
  BOOST_TEST(fit_identifier(exact) == exact);
}

BOOST_AUTO_TEST_CASE(long_names_are_cut_and_stay_different) {
  const std::string stem(80, 'a');
  const std::string one = fit_identifier(stem + "1"), two = fit_identifier(stem + "2");
  BOOST_TEST(one.size() == 63u);
  BOOST_TEST(one != two);
  BOOST_TEST(one.starts_with(std::string(50, 'a')));
  BOOST_TEST(fit_identifier(stem + "1") == one);
}

BOOST_AUTO_TEST_CASE(long_names_are_cut_between_characters) {
  std::string wanted(49, 'a');
  for (int i = 0; i < 10; ++i) wanted += "é";  // the 50th byte is the first half of one
  const std::string fitted = fit_identifier(wanted);
  BOOST_TEST(fitted.size() == 62u);
  BOOST_TEST(fitted.substr(0, 50) == std::string(49, 'a') + "_");
}

BOOST_AUTO_TEST_SUITE_END()
