#define BOOST_TEST_DYN_LINK
#include "sql/statements.hpp"

#include <boost/test/unit_test.hpp>

#include "pgstrata/error.hpp"

using namespace pgstrata::sql;
using Strings = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(statements)

BOOST_AUTO_TEST_CASE(semicolons_inside_quotes_do_not_split) {
  BOOST_TEST(
      (split_statements("SELECT ';'; DO $$ BEGIN NULL; END $$;\n-- ; only this\n SELECT 2 ") ==
       Strings{"SELECT ';'", "DO $$ BEGIN NULL; END $$", "-- ; only this\n SELECT 2"}));
}

BOOST_AUTO_TEST_CASE(statements_with_unknown_syntax_are_split_by_words) {
  BOOST_TEST((split_statements("SELECT JSON_OBJECT('a;' : 1); SELECT 2") ==
              Strings{"SELECT JSON_OBJECT('a;' : 1)", "SELECT 2"}));
}

BOOST_AUTO_TEST_CASE(an_unterminated_quote_is_an_error) {
  BOOST_CHECK_THROW(split_statements("SELECT 'x"), pgstrata::Error);
}

BOOST_AUTO_TEST_CASE(statements_that_refuse_transactions_are_known) {
  for (const char* sql :
       {"CREATE INDEX CONCURRENTLY i ON t (a)", "DROP INDEX CONCURRENTLY i", "SELECT 1; VACUUM t",
        "REINDEX TABLE CONCURRENTLY t", "REINDEX DATABASE d", "REINDEX (CONCURRENTLY) INDEX i",
        "CREATE DATABASE d", "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
        "ALTER SYSTEM SET a = 1", "CREATE INDEX CONCURRENTLY i ON t (JSON_OBJECT('a' : b))"}) {
    BOOST_TEST(runs_outside_transaction(sql), sql);
  }
}

BOOST_AUTO_TEST_CASE(other_statements_run_inside) {
  for (const char* sql : {"CREATE INDEX concurrently_built ON t (a)", "ANALYZE t",
                          "SELECT 'VACUUM'", "ALTER TABLE t DETACH PARTITION p",
                          "CREATE TABLE \"CONCURRENTLY\" (a int)", "REINDEX TABLE t", ""}) {
    BOOST_TEST(!runs_outside_transaction(sql), sql);
  }
}

BOOST_AUTO_TEST_CASE(statements_that_control_transactions_are_known) {
  BOOST_TEST(controls_transaction("BEGIN; SELECT 1"));
  BOOST_TEST(controls_transaction("ROLLBACK TO SAVEPOINT a"));
  BOOST_TEST(!controls_transaction("DO $$ BEGIN NULL; END $$"));
}

BOOST_AUTO_TEST_SUITE_END()
