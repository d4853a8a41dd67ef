// Where texts stand, in both syntaxes and all ways of quoting.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "support.hpp"

namespace pgstrata::migration {

namespace {

Text up_of(const std::string& content, const std::string& file = "m.yaml") {
  return std::get<RawSql>(parse(file, content).operations.at(0).operation).up;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(places)

BOOST_AUTO_TEST_CASE(a_text_starts_at_its_first_character) {
  BOOST_TEST(up_of("operations:\n- sql:\n    up: a + b\n").at.str() == "m.yaml:3:9");
  BOOST_TEST(up_of("operations:\n- sql:\n    up: 'a + b'\n").at.str() == "m.yaml:3:10");
  BOOST_TEST(up_of("operations:\n- sql:\n    up: \"a + b\"\n").at.str() == "m.yaml:3:10");
  BOOST_TEST(up_of("operations:\n- sql:\n    up: |\n      a\n      + b\n").at.str() ==
             "m.yaml:4:7");
  BOOST_TEST(up_of("operations:\n- sql:\n    up: >-\n      a\n      + b\n").at.str() ==
             "m.yaml:4:7");
  BOOST_TEST(up_of("operations:\n- sql:\n    up: &x\n      a\n").at.str() == "m.yaml:4:7");
  BOOST_TEST(up_of("operations:\n- sql:\n    up: &x !!str 'a'\n").at.str() == "m.yaml:3:19");
  BOOST_TEST(up_of("{\"operations\":\n [{\"sql\": {\"up\": \"a + b\"}}]}", "m.json").at.str() ==
             "m.json:2:19");
}

BOOST_AUTO_TEST_CASE(columns_count_characters) {
  BOOST_TEST(up_of("operations: [{sql: {down: é€😀, up: a}}]").at.str() == "m.yaml:1:36");
  BOOST_TEST(up_of("{\"operations\": [{\"sql\": {\"down\": \"é€😀\", \"up\": \"a\"}}]}", "m.json")
                 .at.str() == "m.json:1:48");
}

BOOST_AUTO_TEST_CASE(a_verbatim_text_knows_the_places_inside) {
  const Text line = up_of("operations:\n- sql:\n    up: 'é + b'\n");
  BOOST_TEST(line.verbatim);
  BOOST_TEST(line.inside(0).str() == "m.yaml:3:10");
  BOOST_TEST(line.inside(5).str() == "m.yaml:3:14");
  const Text block = up_of("operations:\n- sql:\n    up: |\n      a\n        + é + b\n");
  BOOST_TEST(block.verbatim);
  BOOST_TEST(block.inside(2).str() == "m.yaml:5:7");
  BOOST_TEST(block.inside(11).str() == "m.yaml:5:15");
  const Text json = up_of("{\"operations\": [{\"sql\": {\"up\": \"a + b\"}}]}", "m.json");
  BOOST_TEST(json.verbatim);
  BOOST_TEST(json.inside(4).str() == "m.json:1:37");
}

BOOST_AUTO_TEST_CASE(a_text_with_escapes_or_folds_only_knows_its_start) {
  for (const std::string text : {"\"a\\tb\"", "'it''s'", "a\n      b", ">\n      a\n      b",
                                 "'a\n      b'", "|\n\n      a"}) {
    const Text up = up_of("operations:\n- sql:\n    up: " + text + "\n");
    BOOST_TEST(!up.verbatim, text);
    BOOST_TEST(up.inside(2).str() == up.at.str());
  }
  BOOST_TEST(!up_of("{\"operations\": [{\"sql\": {\"up\": \"a\\nb\"}}]}", "m.json").verbatim);
}

BOOST_AUTO_TEST_CASE(json_places_survive_escapes_and_brackets_in_texts) {
  const std::string content =
      "{\"operations\": [{\"sql\": {\"down\": \"\\\\\\\" ]},: \\u00e9\",\n \"up\":\"a\"}}]}";
  BOOST_TEST(up_of(content, "m.json").at.str() == "m.json:2:8");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::migration
