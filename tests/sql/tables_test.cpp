#include "sql/tables.hpp"

#include <boost/test/unit_test.hpp>

using pgstrata::sql::rename_tables;

namespace {

std::string renamed(const std::string& source) {
  return rename_tables(source, [](auto& table) {
    return table.table == "people" && table.schema != "other" ? std::string("users") : table.table;
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tables)

BOOST_AUTO_TEST_CASE(a_table_keeps_its_name_inside_the_expression) {
  BOOST_TEST(renamed("(SELECT people.x FROM people WHERE people.id = a)") ==
             "(SELECT people.x FROM users AS people WHERE people.id = a)");
  BOOST_TEST(renamed("(SELECT p.x FROM people p)") == "(SELECT p.x FROM users p)");
  BOOST_TEST(renamed("(SELECT x FROM public . people)") ==
             "(SELECT x FROM public . users AS people)");
  BOOST_TEST(renamed("(SELECT x FROM \"people\", ONLY people q)") ==
             "(SELECT x FROM users AS people, ONLY users q)");
}

BOOST_AUTO_TEST_CASE(what_is_no_such_table_stays) {
  for (auto text : {"people + 1", "(SELECT x FROM other.people)",
                    "(WITH people AS (SELECT 1 AS x) SELECT x FROM people)", "'FROM people'",
                    "not ( an expression"})
    BOOST_TEST(renamed(text) == text);
}

BOOST_AUTO_TEST_SUITE_END()
