#define BOOST_TEST_DYN_LINK
#include "backfill/pace.hpp"

#include <boost/test/unit_test.hpp>

using namespace pgstrata::backfill;
using std::chrono::milliseconds;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(pace)

BOOST_AUTO_TEST_CASE(batches_grow_to_the_target_and_not_beyond) {
  BatchSize size(milliseconds(10));
  for (int batch = 0; batch < 200; ++batch)
    size.took(size.pages(), std::chrono::microseconds(250) * size.pages());
  BOOST_TEST(size.pages() <= 40);
  BOOST_TEST(size.pages() >= 24);
}

BOOST_AUTO_TEST_CASE(one_fast_batch_does_not_make_the_next_one_huge) {
  BatchSize size(milliseconds(10));
  const int before = size.pages();
  size.took(before, std::chrono::microseconds(1));
  BOOST_TEST(size.pages() <= before * 5 / 4);
}

BOOST_AUTO_TEST_CASE(time_alone_does_not_make_a_batch_smaller_than_usual_but_timeouts_do) {
  BatchSize size(milliseconds(10));
  for (int batch = 0; batch < 100; ++batch) size.took(size.pages(), milliseconds(2) * size.pages());
  BOOST_TEST(size.pages() == 16);
  for (int i = 0; i < 3; ++i) size.timed_out();
  size.took(size.pages(), milliseconds(2) * size.pages());
  BOOST_TEST(size.pages() < 6);
}

BOOST_AUTO_TEST_CASE(a_timeout_halves_the_batch_down_to_a_page) {
  BatchSize size(milliseconds(10));
  const int before = size.pages();
  size.timed_out();
  BOOST_TEST(size.pages() == before / 2);
  for (int i = 0; i < 20; ++i) size.timed_out();
  BOOST_TEST(size.pages() == 1);
}

BOOST_AUTO_TEST_CASE(rows_are_paid_for_by_all_workers_together) {
  Rate rate(1000);
  const Clock::time_point now{seconds(100)};
  BOOST_TEST((rate.after(500, now, now) == now + milliseconds(500)));
  BOOST_TEST((rate.after(500, now, now) == now + milliseconds(1000)));
  BOOST_TEST((rate.after(100, now + seconds(10), now + seconds(10)) ==
              now + seconds(10) + milliseconds(100)));
}

BOOST_AUTO_TEST_CASE(a_rate_above_what_batches_make_costs_nothing_and_is_not_named) {
  const Clock::time_point now{seconds(100)};
  Rate rate(1000);
  BOOST_TEST((rate.after(100, now, now + milliseconds(150)) < now + milliseconds(150)));
  BOOST_TEST(!rate.binds(now + milliseconds(150)));
  rate.after(100, now + milliseconds(150), now + milliseconds(160));
  BOOST_TEST(rate.binds(now + milliseconds(200)));
  BOOST_TEST(rate.binds(now + milliseconds(900)));
  BOOST_TEST(!rate.binds(now + seconds(2)));
}

BOOST_AUTO_TEST_CASE(next_to_no_rate_is_a_very_long_wait) {
  const Clock::time_point now{seconds(100)};
  for (const double least : {1e-9, 1e-310}) {
    Rate rate(least);
    for (int batch = 0; batch < 3; ++batch)
      BOOST_TEST((rate.after(100, now, now) > now + std::chrono::days(300)));
  }
}

BOOST_AUTO_TEST_CASE(without_a_rate_nobody_waits) {
  Rate rate(0);
  const Clock::time_point now{seconds(100)};
  BOOST_TEST((rate.after(1'000'000, now, now) == now));
  BOOST_TEST(rate.batch_rows() == 0);
}

BOOST_AUTO_TEST_CASE(
    the_fills_own_transactions_are_nobody_elses_though_they_are_told_once_a_second) {
  Foreground foreground;
  const auto start = Clock::now();
  for (int look = 0; look < 80; ++look) {  // 100 batches a second, a look every 250 ms
    const std::int64_t own = look * 25, told = look / 4 * 100;
    BOOST_TEST(!foreground.busy({own, told}, own, start + std::chrono::milliseconds(250 * look)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
