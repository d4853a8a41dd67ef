#include "server.hpp"

using namespace pgstrata;
using namespace pgstrata::test;

BOOST_AUTO_TEST_SUITE(runner)

BOOST_AUTO_TEST_CASE(a_second_runner_is_told_who_holds_the_schema) {
  Schemas schemas;
  state::Runner first(connected("pgstrata start"), schemas.names, "start");
  BOOST_CHECK_EXCEPTION(state::Runner(connected(), schemas.names, "complete"), Error,
                        [](const Error& error) {
                          return error.exit() == Exit::state && error.code() == "another-runner" &&
                                 error.message().find("pgstrata start") != std::string::npos &&
                                 error.message().find("pid ") != std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(base_schemas_do_not_exclude_each_other) {
  Schemas schemas;
  state::Runner first(connected(), schemas.names, "start");
  BOOST_CHECK_NO_THROW(state::Runner(connected(), {schemas.names.state_schema, "other"}, "start"));
}

BOOST_AUTO_TEST_CASE(a_new_runner_ends_the_sessions_of_the_one_before_and_names_them) {
  Schemas schemas;
  auto first = std::make_unique<state::Runner>(connected(), schemas.names, "start");
  BOOST_TEST(first->ended().empty());
  auto working = server("pgstrata dead");
  working.member_of = state::Runner::sessions_group(schemas.names);
  db::Connection dead(working);
  dead.execute("BEGIN");
  dead.execute(schemas.store.fence_sql(first->token()));  // would keep the next token for ever
  first.reset();
  const state::Runner second(connected(), schemas.names, "start");
  BOOST_TEST_REQUIRE(second.ended().size() == 1);
  BOOST_TEST(second.ended().front().find("pgstrata dead") != std::string::npos);
  BOOST_CHECK_THROW(dead.execute("SELECT 1"), db::SqlError);
}

BOOST_AUTO_TEST_CASE(sessions_of_other_base_schemas_are_left_alone) {
  Schemas schemas;
  auto working = server("pgstrata busy");
  working.member_of = state::Runner::sessions_group({schemas.names.state_schema, "other"});
  db::Connection busy(working);
  const state::Runner runner(connected(), schemas.names, "start");
  BOOST_TEST(runner.ended().empty());
  BOOST_CHECK_NO_THROW(busy.execute("SELECT 1"));
}

BOOST_AUTO_TEST_CASE(a_stale_token_can_do_nothing_more) {
  Schemas schemas;
  create_filled_table(schemas.connection, 100);
  plan::Step create;
  create.kind = plan::StepKind::transaction;
  create.phase = "expand";
  create.title = "create late";
  create.statements = {"CREATE TABLE rt.late ()"};
  const auto run = schemas.begin({create, fill_step()});

  state::Runner stale(connected("pgstrata stale"), schemas.names, "start");
  schemas.admin.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgstrata "
      "stale'");
  std::this_thread::sleep_for(milliseconds(100));
  state::Runner current(connected(), schemas.names, "start");

  engine::ExecutorOptions options;
  options.connection = server();
  const auto taken_over = [](const Error& error) {
    return error.exit() == Exit::state && error.code() == "another-runner";
  };
  engine::Executor executor(schemas.store, schemas.connection, stale, options, schemas.progress);
  BOOST_CHECK_EXCEPTION(executor.run(run), Error, taken_over);
  BOOST_TEST(schemas.count("SELECT count(*) FROM pg_class WHERE relname = 'late'") == 0);

  schemas.connection.execute(schemas.store.mark_done_sql(run, 1));
  BOOST_CHECK_EXCEPTION(executor.run(run), Error, taken_over);
  BOOST_TEST(schemas.count("SELECT count(*) FROM rt.t WHERE _m = -2") == 0);
}

BOOST_AUTO_TEST_CASE(a_stale_token_builds_no_index_and_runs_no_sql_outside_a_transaction) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int)");
  plan::Step build;
  build.kind = plan::StepKind::concurrently;
  build.phase = "index";
  build.title = "index i";
  build.statements = {"CREATE INDEX CONCURRENTLY i ON rt.t (a)"};
  build.index = plan::IndexBuild{"rt", "t", "i", false, false};
  plan::Step raw = build;
  raw.kind = plan::StepKind::user_sql;
  raw.index.reset();
  auto stale = std::make_unique<state::Runner>(connected("pgstrata stale"), schemas.names, "start");
  schemas.admin.execute(
      "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = "
      "'pgstrata stale'");
  const state::Runner current(connected(), schemas.names, "start");
  engine::ExecutorOptions options;
  options.connection = server();
  engine::Executor executor(schemas.store, schemas.connection, *stale, options, schemas.progress);
  for (const auto& step : {build, raw}) {
    const auto run = schemas.begin({step});
    BOOST_CHECK_EXCEPTION(executor.run(run), Error,
                          [](const Error& error) { return error.code() == "another-runner"; });
    BOOST_TEST(schemas.count("SELECT count(*) FROM pg_class WHERE relname = 'i'") == 0);
  }
}

BOOST_AUTO_TEST_CASE(the_next_runner_waits_for_a_transaction_that_has_passed_the_fence) {
  Schemas schemas;
  auto first = std::make_unique<state::Runner>(connected(), schemas.names, "start");
  schemas.connection.execute("BEGIN");
  schemas.connection.execute(schemas.store.fence_sql(first->token()));
  first.reset();
  std::atomic<bool> acquired{false};
  std::thread next([&] {
    state::Runner second(connected(), schemas.names, "start");
    acquired = true;
  });
  std::this_thread::sleep_for(milliseconds(300));
  BOOST_TEST(!acquired);
  schemas.connection.execute("COMMIT");
  next.join();
  BOOST_TEST(acquired);
}

BOOST_AUTO_TEST_SUITE_END()
