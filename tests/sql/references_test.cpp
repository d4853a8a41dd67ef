#define BOOST_TEST_DYN_LINK
#include "sql/references.hpp"

#include <boost/test/unit_test.hpp>

#include "pgstrata/error.hpp"

using namespace pgstrata::sql;

namespace {

// Each reference as column=text.
std::vector<std::string> found(const std::string& text, const std::string& table = "users") {
  std::vector<std::string> result;
  for (const auto& r : find_references(text, table)) {
    result.push_back(r.column + "=" + text.substr(r.begin, r.end - r.begin));
  }
  return result;
}

using Strings = std::vector<std::string>;

std::string code_of(const std::string& text) {
  try {
    find_references(text, "users");
  } catch (const pgstrata::Error& error) {
    return error.code();
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(references)

BOOST_AUTO_TEST_CASE(references_are_found_with_their_qualifier) {
  BOOST_TEST((found("lower(users.name)") == Strings{"name=users.name"}));
  BOOST_TEST(
      (found("\"Us\"\"er\".\"na me\"", "Us\"er") == Strings{"na me=\"Us\"\"er\".\"na me\""}));
}

BOOST_AUTO_TEST_CASE(positions_are_bytes) {
  BOOST_TEST((found("('äöü'::text || users.name)") == Strings{"name=users.name"}));
}

BOOST_AUTO_TEST_CASE(fields_of_composites_and_elements_stay_outside_the_reference) {
  BOOST_TEST((found("((users.addr).city || users.tags[1])") ==
              Strings{"addr=users.addr", "tags=users.tags"}));
}

BOOST_AUTO_TEST_CASE(other_tables_and_look_alikes_are_not_ours) {
  BOOST_TEST(
      (found("( SELECT max(users_1.id) FROM app.users users_1 WHERE users_1.id < users.id)") ==
       Strings{"id=users.id"}));
  BOOST_TEST(found("'users.name'::text").empty());
  BOOST_TEST(found("users(1)").empty());
}

BOOST_AUTO_TEST_CASE(the_whole_row_is_refused) {
  BOOST_TEST(code_of("(users.*)::text") == "whole-row");
  BOOST_TEST(code_of("row_to_json(users.*)") == "whole-row");
}

BOOST_AUTO_TEST_CASE(text_beyond_our_grammar_is_refused) {
  BOOST_TEST(code_of("JSON_OBJECT('a' : users.id)") == "unsupported-syntax");
}

BOOST_AUTO_TEST_CASE(bare_columns_come_once) {
  const auto columns = find_bare_columns("((a > 0) AND (\"B\" <> 'c'::text) AND (a < 9))");
  BOOST_REQUIRE(columns);
  BOOST_TEST((*columns == Strings{"a", "B"}));
  BOOST_TEST(!find_bare_columns("JSON_OBJECT('a' : b)"));
}

BOOST_AUTO_TEST_CASE(the_own_schema_is_stripped_from_references_only) {
  std::vector<RemovedRange> removed;
  BOOST_TEST(strip_schema("app.users.a || 'app.users.b' || app . users . \"C\" || other.users.d",
                          "app", "users",
                          removed) == "users.a || 'app.users.b' || users . \"C\" || other.users.d");
  BOOST_REQUIRE_EQUAL(removed.size(), 2u);
  BOOST_TEST(removed[0].begin == 0u);
  BOOST_TEST(removed[0].end == 4u);
}

BOOST_AUTO_TEST_CASE(untyped_constants_are_told_from_typed_ones) {
  BOOST_TEST(is_untyped_literal("'{a,b}'"));
  BOOST_TEST(is_untyped_literal(" ('x') -- so"));
  BOOST_TEST(is_untyped_literal("NULL"));
  BOOST_TEST(!is_untyped_literal("'x'::text"));
  BOOST_TEST(!is_untyped_literal("1"));
  BOOST_TEST(!is_untyped_literal("'a' || 'b'"));
  BOOST_TEST(is_null_constant("null"));
  BOOST_TEST(is_null_constant("CAST(NULL AS numeric(9, 2))::text"));
  BOOST_TEST(!is_null_constant("NULL::int + 1"));
  BOOST_TEST(!is_null_constant("'NULL'"));
}

BOOST_AUTO_TEST_CASE(the_target_of_a_printed_view_ends_at_its_alias) {
  BOOST_TEST(select_target(" SELECT (' AS e'::text || ( SELECT 1 AS e)) AS e\n   FROM t", "e") ==
             "(' AS e'::text || ( SELECT 1 AS e))");
  BOOST_TEST(select_target(" SELECT 1 AS f", "e") == "");
}

BOOST_AUTO_TEST_SUITE_END()
