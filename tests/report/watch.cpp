#include "report/watch.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace pgstrata::report;

namespace {

struct Watched {
  double time = 100;
  std::ostringstream out;
  WatchOptions options(bool verbose = false) {
    return {.verbose = verbose, .clock = [this] { return time; }};
  }
  long lines() const { return std::ranges::count(out.str(), '\n'); }
};

FillProgress half() {
  return {.table = "accounts",
          .rows = 1000,
          .rows_before = 400,
          .pages_done = 5,
          .pages_total = 10,
          .rows_per_second = 500,
          .seconds_left = 2,
          .lock_retries = 1,
          .blocked_by = "pid 7 (psql)"};
}

void fill_for(Watch& watch, Watched& world, int seconds) {
  watch.step(2, 3, "backfill", "fill accounts");
  for (int tick = 0; tick < seconds * 10; ++tick, world.time += 0.1) watch.fill(half());
  watch.step_done(seconds);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watch)

BOOST_AUTO_TEST_CASE(a_log_gets_a_line_every_five_seconds_at_most) {
  Watched world;
  const auto watch = watch_plain(world.out, world.options());
  fill_for(*watch, world, 12);
  BOOST_TEST(world.lines() == 2);
  BOOST_TEST(world.out.str().find("accounts 50%, 1,000 rows, 500 rows/s, ETA 2.0 s, 1 lock retry, "
                                  "blocked by pid 7 (psql)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_log_has_no_control_characters_but_line_ends) {
  Watched world;
  const auto watch = watch_plain(world.out, world.options(true));
  watch->note("a\x1b[31m\rnote");
  fill_for(*watch, world, 6);
  watch->waiting("ACCESS EXCLUSIVE on t", {"pid 7 (psql)"}, 3);
  const std::string text = world.out.str();
  BOOST_TEST(std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 && c != '\n'; }));
}

BOOST_AUTO_TEST_CASE(a_quick_command_leaves_a_log_empty) {
  Watched world;
  const auto watch = watch_plain(world.out, world.options());
  fill_for(*watch, world, 1);
  BOOST_TEST(world.lines() == 0);
}

BOOST_AUTO_TEST_CASE(verbose_keeps_each_step_with_its_time) {
  Watched world;
  const auto watch = watch_plain(world.out, world.options(true));
  watch->step(1, 3, "expand", "add twin");
  watch->step_done(0.2);
  BOOST_TEST(world.out.str().find("[1/3] expand: add twin (0.2 s)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_terminal_line_is_taken_away_at_the_end) {
  Watched world;
  const auto watch = watch_terminal(world.out, world.options());
  fill_for(*watch, world, 1);
  watch->clear();
  BOOST_TEST(world.out.str().ends_with("\r\x1b[K"));
  BOOST_TEST(world.lines() == 0);
}

BOOST_AUTO_TEST_CASE(a_program_gets_one_json_object_per_line) {
  Watched world;
  const auto watch = watch_json(world.out, world.options());
  fill_for(*watch, world, 6);
  watch->note("caf\xe9 is not UTF-8");
  std::istringstream lines(world.out.str());
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);)
    events.push_back(nlohmann::json::parse(line).at("event"));
  BOOST_TEST(events == (std::vector<std::string>{"step", "fill", "step_done", "note"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_earlier_runs_filled_does_not_count_as_this_runs_speed) {
  Watched world;
  const auto watch = watch_plain(world.out, world.options());
  fill_for(*watch, world, 3);
  BOOST_REQUIRE(watch->filled().size() == 1);
  BOOST_TEST(watch->filled()[0].rows == 600);
  BOOST_TEST(watch->filled()[0].seconds == 3, boost::test_tools::tolerance(0.01));
}

BOOST_AUTO_TEST_SUITE_END()
