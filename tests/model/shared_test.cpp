// Words, and values that copies share until one of them is changed.
#define BOOST_TEST_DYN_LINK
#include "model/shared.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "model/word.hpp"

namespace pgstrata::model {

using Numbers = List<int>;

BOOST_AUTO_TEST_SUITE(shared)

BOOST_AUTO_TEST_CASE(equal_words_are_one_piece_of_memory) {
  const Word one = "integer", other = std::string("inte") + "ger";
  BOOST_TEST(&one.str() == &other.str());
  BOOST_TEST((one == other));
  BOOST_TEST((one == "integer"));
  BOOST_TEST(!(one == Word("text")));
}

BOOST_AUTO_TEST_CASE(no_word_is_the_empty_one) {
  BOOST_TEST((Word() == Word(std::string())));
  BOOST_TEST(Word().empty());
}

BOOST_AUTO_TEST_CASE(copies_of_a_list_share_it_until_one_is_changed) {
  Numbers before(std::vector<int>{1, 2, 3});
  Numbers after = before;
  BOOST_TEST(after.shares(before));
  after.push_back(4);
  BOOST_TEST(!after.shares(before));
  BOOST_TEST(before.size() == 3u);
  BOOST_TEST(after.back() == 4);
}

BOOST_AUTO_TEST_CASE(lists_that_are_equal_need_not_share) {
  const Numbers one(std::vector<int>{1}), other(std::vector<int>{1});
  BOOST_TEST((one == other));
  BOOST_TEST(!one.shares(other));
}

BOOST_AUTO_TEST_CASE(erasing_nothing_keeps_a_list_shared) {
  const Numbers before(std::vector<int>{1, 2, 3});
  Numbers after = before;
  BOOST_TEST(after.erase_if([](int number) { return number > 3; }) == 0u);
  BOOST_TEST(after.shares(before));
  BOOST_TEST(after.erase_if([](int number) { return number > 1; }) == 2u);
  BOOST_TEST(before.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_copy_that_may_be_nothing_is_changed_alone) {
  Maybe<std::string> before = std::string("now()");
  Maybe<std::string> after = before;
  *after = "0";
  BOOST_TEST(before.value() == "now()");
  BOOST_TEST(after.value() == "0");
  after.reset();
  BOOST_TEST(!after);
  BOOST_TEST((after == Maybe<std::string>()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::model
