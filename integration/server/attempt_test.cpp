#include "db/attempt.hpp"

#include "server.hpp"

using namespace pgstrata;
using namespace pgstrata::test;

namespace {

plan::Step add_column(const std::string& table = "t") {
  plan::Step step;
  step.phase = "expand";
  step.kind = plan::StepKind::attempt;
  step.title = "add a column to " + table;
  step.locks = {{"rt", table, "ACCESS EXCLUSIVE"}};
  step.statements = {"ALTER TABLE rt." + table + " ADD COLUMN b int -- no semicolon"};
  return step;
}

engine::ExecutorOptions budget(int seconds) {
  engine::ExecutorOptions options;
  options.locks.total = std::chrono::seconds(seconds);
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attempt)

BOOST_AUTO_TEST_CASE(a_step_and_its_journal_record_commit_together) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int)");
  auto broken = add_column();
  broken.statements.push_back("SELECT 1 / 0");
  const auto run = schemas.begin({add_column(), broken});
  BOOST_CHECK_EXCEPTION(schemas.run(run), Error, [](const Error& error) {
    return error.exit() == Exit::migration &&
           error.message().find("SQLSTATE 42701") != std::string::npos;
  });
  BOOST_TEST(schemas.done(run, 1));
  BOOST_TEST(!schemas.done(run, 2));
}

BOOST_AUTO_TEST_CASE(it_gives_up_within_the_budget_and_nobody_waits_behind_it) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int); INSERT INTO rt.t VALUES (1)");
  const auto run = schemas.begin({add_column()});
  db::Connection reader(server("long reader"));
  reader.execute("BEGIN; SELECT * FROM rt.t");
  Client writer("writer", [](db::Connection& c) { c.execute("UPDATE rt.t SET a = a + 1"); });
  Client selecting("reader", [](db::Connection& c) { c.execute("SELECT * FROM rt.t"); });

  const auto began = Clock::now();
  BOOST_CHECK_EXCEPTION(schemas.run(run, budget(5)), Error, [](const Error& error) {
    return error.exit() == Exit::locks && error.code() == "lock-budget" &&
           error.message().find("long reader") != std::string::npos;
  });
  const std::chrono::duration<double> took = Clock::now() - began;
  writer.stop();
  selecting.stop();
  BOOST_TEST_MESSAGE("slowest writer " << writer.slowest_ms << " ms, reader "
                                       << selecting.slowest_ms << " ms, " << writer.calls << " + "
                                       << selecting.calls << " calls");
  BOOST_TEST(took.count() >= 5);
  BOOST_TEST(took.count() < 7);
  BOOST_TEST(schemas.progress.waits >= 3);
  BOOST_TEST(schemas.progress.blocker.find("long reader") != std::string::npos);
  BOOST_TEST(writer.slowest_ms < 250);
  BOOST_TEST(selecting.slowest_ms < 250);
  BOOST_TEST(writer.errors + selecting.errors == 0);

  reader.execute("COMMIT");
  schemas.run(run, budget(5));
  BOOST_TEST(schemas.done(run, 1));
}

BOOST_AUTO_TEST_CASE(a_prepared_transaction_is_named) {
  Schemas schemas;
  if (schemas.count("SELECT current_setting('max_prepared_transactions')::int") == 0) return;
  schemas.admin.execute("CREATE TABLE rt.t (a int)");
  const auto run = schemas.begin({add_column()});
  schemas.admin.execute("BEGIN; INSERT INTO rt.t VALUES (1); PREPARE TRANSACTION 'left behind'");
  BOOST_CHECK_EXCEPTION(schemas.run(run, budget(2)), Error, [](const Error& error) {
    return error.message().find("prepared transaction 'left behind'") != std::string::npos;
  });
  schemas.admin.execute("ROLLBACK PREPARED 'left behind'");
}

BOOST_AUTO_TEST_CASE(two_tables_are_locked_under_clients_that_take_them_in_both_orders) {
  Schemas schemas;
  schemas.admin.execute(
      "CREATE TABLE rt.t (a int); CREATE TABLE rt.u (a int); INSERT INTO rt.t VALUES (1); INSERT "
      "INTO rt.u VALUES (1)");
  auto step = add_column();
  step.locks.push_back({"rt", "u", "ACCESS EXCLUSIVE"});
  const auto run = schemas.begin({step});
  const auto both = [](const char* first, const char* second) {
    return [=](db::Connection& c) {
      c.execute(std::string("BEGIN; SELECT * FROM rt.") + first);
      c.execute(std::string("SELECT * FROM rt.") + second + "; COMMIT");
      std::this_thread::sleep_for(milliseconds(1));
    };
  };
  Client there("there", both("t", "u")), back("back", both("u", "t"));
  schemas.run(run, budget(20));
  there.stop();
  back.stop();
  BOOST_TEST(schemas.done(run, 1));
  BOOST_TEST(there.errors + back.errors == 0);
  BOOST_TEST(there.slowest_ms < 250);
  BOOST_TEST(back.slowest_ms < 250);
}

BOOST_AUTO_TEST_CASE(statements_on_views_take_their_own_locks_and_name_who_blocks) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int); CREATE VIEW rt.v AS SELECT * FROM rt.t");
  plan::Step step;
  step.phase = "retire";
  step.kind = plan::StepKind::attempt;
  step.title = "drop v";
  step.statements = {"DROP VIEW rt.v"};
  const auto run = schemas.begin({step});
  db::Connection reader(server("view reader"));
  reader.execute("BEGIN; SELECT * FROM rt.v");
  BOOST_CHECK_EXCEPTION(schemas.run(run, budget(4)), Error, [](const Error& error) {
    return error.exit() == Exit::locks && error.message().find("view reader") != std::string::npos;
  });
  reader.execute("COMMIT");
  schemas.run(run);
  BOOST_TEST(schemas.done(run, 1));
}

BOOST_AUTO_TEST_CASE(a_thousand_attempts_cost_little) {
  Schemas schemas;
  std::vector<plan::Step> steps;
  for (int i = 0; i < 1000; ++i) {
    schemas.admin.execute("CREATE TABLE rt.t" + std::to_string(i) + " (a int)");
    steps.push_back(add_column("t" + std::to_string(i)));
  }
  const auto run = schemas.begin(steps);
  const auto began = Clock::now();
  schemas.run(run);
  const std::chrono::duration<double> took = Clock::now() - began;
  BOOST_TEST_MESSAGE("1,000 attempts in " << took.count() << " s");
  BOOST_TEST(took.count() < 30);
  BOOST_TEST(schemas.done(run, 1000));
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_a_wait_at_once) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int)");
  plan::Step sleep;
  sleep.phase = "validate";
  sleep.kind = plan::StepKind::validate;
  sleep.title = "sleep";
  sleep.statements = {"SELECT pg_sleep(30)"};
  const auto run = schemas.begin({sleep});
  const auto began = Clock::now();
  std::thread presses([] {
    std::this_thread::sleep_for(milliseconds(300));
    engine::interrupted = true;
  });
  BOOST_CHECK_EXCEPTION(schemas.run(run), Error,
                        [](const Error& error) { return error.exit() == Exit::interrupted; });
  presses.join();
  engine::interrupted = false;
  BOOST_TEST((Clock::now() - began < std::chrono::seconds(2)));
  BOOST_TEST(!schemas.done(run, 1));
}

BOOST_AUTO_TEST_SUITE_END()
