#define BOOST_TEST_DYN_LINK
#include "backfill/throttle.hpp"

#include <boost/test/unit_test.hpp>

#include "backfill/speed.hpp"

using namespace pgstrata::backfill;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr double mb = 1024 * 1024;

struct World {
  Throttle throttle{Limits{16 * mb, 512 * mb}};
  Signals signals;
  Clock::time_point now{seconds(100)};
  std::int64_t own = 0;

  // A look, a quarter of a second later.
  Orders look(int others_wrote = 0, bool rated = false) {
    now += milliseconds(250);
    signals.transactions.writing += others_wrote;
    signals.transactions.all += others_wrote;
    return throttle.decide(signals, own, rated, now);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(throttle)

BOOST_AUTO_TEST_CASE(alone_nothing_is_in_the_way) {
  World world;
  for (int i = 0; i < 8; ++i) {
    const auto orders = world.look();
    BOOST_TEST(!orders.hold);
    BOOST_TEST(orders.share == 1);
    BOOST_TEST(orders.reason == "");
  }
}

BOOST_AUTO_TEST_CASE(a_lagging_replica_stops_it_until_half_of_the_limit) {
  World world;
  world.signals.replica = "walreceiver";
  world.signals.lag = 20 * mb;
  BOOST_TEST(world.look().hold);
  BOOST_TEST(world.look().reason == "replica lag 20 MB (walreceiver)");
  world.signals.lag = 12 * mb;
  BOOST_TEST(world.look().hold);
  world.signals.lag = 7 * mb;
  BOOST_TEST(!world.look().hold);
  world.signals.lag = 12 * mb;
  BOOST_TEST(!world.look().hold);
}

BOOST_AUTO_TEST_CASE(a_lag_does_not_matter_where_the_user_says_so) {
  World world{.throttle = Throttle(Limits{0, 512 * mb})};
  world.signals.lag = 1e12;
  BOOST_TEST(!world.look().hold);
}

BOOST_AUTO_TEST_CASE(only_what_the_archiver_fell_behind_since_the_beginning_counts) {
  World world;
  world.signals.unarchived = 4000 * mb;
  BOOST_TEST(!world.look().hold);
  world.signals.unarchived = 4600 * mb;
  const auto orders = world.look();
  BOOST_TEST(orders.hold);
  BOOST_TEST(orders.reason == "the archiver is 4600 MB behind");
}

BOOST_AUTO_TEST_CASE(clients_at_work_make_it_small_once_it_knows_what_calm_is) {
  World world;
  world.look();
  BOOST_TEST(world.look(100).hold);
  BOOST_TEST(world.throttle.busy());
  while (!world.throttle.courtesy().knows_calm()) world.throttle.courtesy().calm(2);
  const auto orders = world.look(100);
  BOOST_TEST(!orders.hold);
  BOOST_TEST(orders.share < 1);
  BOOST_TEST(orders.pages == Courtesy::pages);
  BOOST_TEST(orders.reason.find("clients are at work") == 0);
  for (int i = 0; i < 8; ++i) world.look();
  BOOST_TEST(world.look().reason == "");
}

BOOST_AUTO_TEST_CASE(its_own_transactions_are_nobody_elses) {
  World world;
  world.look();
  for (int i = 0; i < 4; ++i) {
    world.own += 100;
    BOOST_TEST(world.look(100).reason == "");
  }
}

BOOST_AUTO_TEST_CASE(a_rate_of_the_users_is_not_second_guessed) {
  World world;
  world.look(0, true);
  BOOST_TEST(world.look(100, true).reason == "");
}

BOOST_AUTO_TEST_CASE(a_client_behind_a_batch_makes_batches_small_for_a_second) {
  World world;
  world.look();
  world.signals.waiting = 1;
  BOOST_TEST(world.look().pages == Courtesy::pages);
  world.signals.waiting = 0;
  BOOST_TEST(world.look().pages == Courtesy::pages);
  for (int i = 0; i < 4; ++i) world.look();
  BOOST_TEST(world.look().pages == 0);
}

BOOST_AUTO_TEST_CASE(the_share_follows_what_commits_take) {
  Courtesy courtesy;
  while (!courtesy.knows_calm()) courtesy.calm(2);
  const double before = courtesy.share();
  for (int i = 0; i < 20; ++i) courtesy.probed(2.1);
  const double fine = courtesy.share();
  BOOST_TEST(fine > before);
  for (int i = 0; i < 20; ++i) courtesy.probed(8);
  BOOST_TEST(courtesy.share() < fine);
  for (int i = 0; i < 1000; ++i) courtesy.probed(8);
  BOOST_TEST(courtesy.share() >= 0.1);
}

BOOST_AUTO_TEST_CASE(the_time_left_is_told_from_what_happened_of_late) {
  Speed speed;
  const Clock::time_point began{seconds(100)};
  BOOST_TEST(speed.seconds_left(100) == -1);
  speed.saw(50'000, 1'000, began);  // a resumed pass
  BOOST_TEST(speed.seconds_left(100) == -1);
  for (int second = 1; second <= 30; ++second)
    speed.saw(50'000 + 500 * second, 1'000 + 10 * second, began + seconds(second));
  BOOST_TEST(speed.rows_per_second() == 500);
  BOOST_TEST(speed.seconds_left(100) == 10);
  for (int second = 31; second <= 45; ++second) speed.saw(65'000, 1'300, began + seconds(second));
  BOOST_TEST(speed.rows_per_second() == 0);
  BOOST_TEST(speed.seconds_left(100) == -1);
  BOOST_TEST(speed.seconds_left(0) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
