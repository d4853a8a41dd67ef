#define BOOST_TEST_DYN_LINK
#include "db/server_error.hpp"

#include <boost/test/unit_test.hpp>

using namespace pgstrata::db;

BOOST_AUTO_TEST_SUITE(server_errors)

BOOST_AUTO_TEST_CASE(fields_are_read_from_the_verbose_text) {
  const auto fields = parse_error(
      "ERROR:  23505: duplicate key value violates unique constraint \"t_pkey\"\n"
      "DETAIL:  Key (a)=(1) already exists.\n"
      "SCHEMA NAME:  public\n"
      "TABLE NAME:  t\n"
      "CONSTRAINT NAME:  t_pkey\n"
      "LOCATION:  _bt_check_unique, nbtinsert.c:664\n");
  BOOST_TEST(fields.sqlstate == "23505");
  BOOST_TEST(fields.message == "duplicate key value violates unique constraint \"t_pkey\"");
  BOOST_TEST(fields.detail == "Key (a)=(1) already exists.");
  BOOST_TEST(fields.schema == "public");
  BOOST_TEST(fields.table == "t");
  BOOST_TEST(fields.constraint == "t_pkey");
  BOOST_TEST(fields.hint == "");
}

BOOST_AUTO_TEST_CASE(fields_of_several_lines_are_kept_whole) {
  const auto fields = parse_error(
      "ERROR:  P0001: first\nsecond\nDETAIL:  a\nb\nHINT:  c\nCONTEXT:  d\ne\nLOCATION:  x\n");
  BOOST_TEST(fields.message == "first\nsecond");
  BOOST_TEST(fields.detail == "a\nb");
  BOOST_TEST(fields.hint == "c");
  BOOST_TEST(fields.context == "d\ne");
}

BOOST_AUTO_TEST_CASE(the_excerpt_of_the_statement_is_not_part_of_the_message) {
  const auto fields = parse_error(
      "ERROR:  42601: syntax error at or near \")\"\nLINE 1: SELECT )\n               ^\n"
      "HINT:  none\n");
  BOOST_TEST(fields.message == "syntax error at or near \")\"");
  BOOST_TEST(fields.hint == "none");
}

BOOST_AUTO_TEST_CASE(the_severity_may_be_in_any_language) {
  BOOST_TEST(parse_error("FEHLER:  42P01: Relation »x« existiert nicht").sqlstate == "42P01");
}

BOOST_AUTO_TEST_CASE(text_without_a_sqlstate_is_the_message) {
  const auto fields = parse_error("could not connect to server: No such file or directory\n");
  BOOST_TEST(fields.sqlstate == "");
  BOOST_TEST(fields.message == "could not connect to server: No such file or directory");
}

BOOST_AUTO_TEST_CASE(the_terse_text_ends_in_a_position) {
  BOOST_TEST(
      parse_position("ERROR:  column \"x at character 9\" does not exist at character 17\n") == 17);
  BOOST_TEST(parse_position("ERROR:  division by zero\n") == 0);
}

BOOST_AUTO_TEST_CASE(errors_answer_what_a_retry_loop_asks) {
  const auto with_state = [](const char* sqlstate, const char* message = "") {
    return SqlError({.sqlstate = sqlstate, .message = message});
  };
  BOOST_TEST(with_state("55P03").lock_not_available());
  BOOST_TEST(with_state("55P03").try_again());
  BOOST_TEST(with_state("40P01").try_again());
  BOOST_TEST(with_state("57014", "canceling statement due to statement timeout").try_again());
  BOOST_TEST(!with_state("57014", "canceling statement due to user request").try_again());
  BOOST_TEST(!with_state("23505").try_again());
  BOOST_TEST(with_state("57P01").connection_lost());
  BOOST_TEST(with_state("08006").connection_lost());
  BOOST_TEST(!with_state("57014").connection_lost());
  BOOST_TEST(SqlError({.in_doubt = true}).connection_lost());
}

BOOST_AUTO_TEST_SUITE_END()
