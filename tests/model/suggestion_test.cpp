#define BOOST_TEST_DYN_LINK
#include "model/suggestion.hpp"

#include <boost/test/unit_test.hpp>

namespace pgstrata::model {

BOOST_AUTO_TEST_SUITE(suggestions)

BOOST_AUTO_TEST_CASE(a_misspelt_word_gets_the_nearest_known_one) {
  const std::vector<std::string_view> known = {"drop_table", "drop_column", "create_table", "sql"};
  BOOST_TEST(nearest("drop_tabel", known) == "drop_table");
  BOOST_TEST(nearest("dropcolumn", known) == "drop_column");
  BOOST_TEST(nearest("creat_tables", known) == "create_table");
  BOOST_TEST(nearest("SQL", known) == "sql");
}

BOOST_AUTO_TEST_CASE(a_swap_of_neighbours_counts_as_one_mistake) {
  BOOST_TEST(nearest("ab", {"xb", "ba"}) == "xb");
  BOOST_TEST(nearest("abcd", {"xycd", "bacd"}) == "bacd");
}

BOOST_AUTO_TEST_CASE(the_limit_is_two_or_a_third_of_the_word) {
  BOOST_TEST(nearest("nullxx", {"null"}) == "null");
  BOOST_TEST(nearest("nullxxx", {"null"}) == "");
  BOOST_TEST(nearest("abcdefghixxx", {"abcdefghi"}) == "abcdefghi");
}

BOOST_AUTO_TEST_CASE(words_without_a_common_letter_are_not_suggested) {
  BOOST_TEST(nearest("up", {"to", "of"}) == "");
  BOOST_TEST(nearest("", {"to"}) == "");
}

BOOST_AUTO_TEST_CASE(a_very_long_word_has_no_neighbour) {
  const std::string word(1'000'000, 'a');
  BOOST_TEST(nearest(word, {"table"}) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::model
