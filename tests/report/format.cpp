#include "report/format.hpp"

#include <boost/test/unit_test.hpp>

using namespace pgstrata::report;

BOOST_AUTO_TEST_SUITE(format)

BOOST_AUTO_TEST_CASE(numbers_have_thousands) {
  BOOST_TEST(count(0) == "0");
  BOOST_TEST(count(999) == "999");
  BOOST_TEST(count(1000) == "1,000");
  BOOST_TEST(count(-1234567) == "-1,234,567");
}

BOOST_AUTO_TEST_CASE(sizes_and_times_have_units) {
  BOOST_TEST(bytes(0) == "0 bytes");
  BOOST_TEST(bytes(1536) == "1.5 kB");
  BOOST_TEST(bytes(312LL << 20) == "312 MB");
  BOOST_TEST(bytes(-1) == "unknown");
  BOOST_TEST(duration(0.42) == "0.4 s");
  BOOST_TEST(duration(200) == "3 min 20 s");
  BOOST_TEST(duration(7500) == "2 h 05 min");
  BOOST_TEST(duration(360000) == "4 d 4 h");
  BOOST_TEST(percent(1, 3) == "33%");
  BOOST_TEST(percent(0, 0) == "0%");
  BOOST_TEST(plural(1, "row") == "1 row");
  BOOST_TEST(plural(2000, "row") == "2,000 rows");
}

BOOST_AUTO_TEST_CASE(a_line_has_no_control_characters) {
  BOOST_TEST(one_line("a\nb\tc\x1b[31m") == "a b c?[31m");
}

BOOST_AUTO_TEST_CASE(cutting_counts_code_points) {
  BOOST_TEST(cut("häuser", 6) == "häuser");
  BOOST_TEST(cut("häuser", 3) == "hä…");
  BOOST_TEST(cut("abc", 0) == "");
}

BOOST_AUTO_TEST_CASE(indent_leaves_empty_lines_empty) {
  BOOST_TEST(indent("a\n\nb\n", "| ") == "| a\n\n| b");
}

BOOST_AUTO_TEST_CASE(passwords_are_masked_wherever_they_stand) {
  BOOST_TEST(redact("postgresql://bob:s3@cret@db/shop is gone") ==
             "postgresql://bob:***@db/shop is gone");
  BOOST_TEST(redact("postgresql://bob@db/shop?password=x&user=y") ==
             "postgresql://bob@db/shop?password=***&user=y");
  BOOST_TEST(redact("host=db password='a b\\'c' user=bob") == "host=db password=*** user=bob");
  BOOST_TEST(redact("postgresql://db:5432/shop") == "postgresql://db:5432/shop");
}

BOOST_AUTO_TEST_SUITE_END()
