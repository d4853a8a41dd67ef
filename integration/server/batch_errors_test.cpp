// What can end a batch of a backfill that is nobody's fault: it is done again, or carried on by the
// next run (trap 16).
#include "server.hpp"

using namespace pgstrata;
using namespace pgstrata::test;

namespace {

// Every second time that the fill comes to one of some rows, the server ends the batch.
void fail_now_and_then(db::Connection& connection, const std::string& sqlstate) {
  connection.execute(
      "CREATE SEQUENCE rt.visits;"
      "CREATE FUNCTION rt.fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF nextval('rt.visits') % 2 = 1 THEN RAISE 'not this time' USING ERRCODE = '" +
      sqlstate +
      "'; END IF; RETURN NEW; END $$;"
      "CREATE TRIGGER a_failure BEFORE UPDATE ON rt.t FOR EACH ROW WHEN (NEW.id % 700 = 0 AND "
      "NEW._m <> OLD._m) EXECUTE FUNCTION rt.fails()");
}

void fills_in_spite_of(const std::string& sqlstate) {
  Schemas schemas;
  create_filled_table(schemas.connection, 5'000);
  fail_now_and_then(schemas.connection, sqlstate);
  const auto run = schemas.begin({fill_step()});
  engine::ExecutorOptions options;
  options.workers = 2;
  schemas.run(run, options);
  BOOST_TEST(schemas.count("SELECT last_value FROM rt.visits") >= 7);
  BOOST_TEST(schemas.count(wrong) == 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_errors)

BOOST_AUTO_TEST_CASE(a_batch_that_ends_in_a_deadlock_is_done_again) {
  fills_in_spite_of("40P01");
}

BOOST_AUTO_TEST_CASE(a_batch_that_ends_in_a_serialization_failure_is_done_again) {
  fills_in_spite_of("40001");
}

BOOST_AUTO_TEST_CASE(a_worker_that_loses_its_connection_ends_the_run_and_the_next_carries_it_on) {
  Schemas schemas;
  create_filled_table(schemas.connection, 30'000);
  const auto run = schemas.begin({fill_step()});
  std::thread ends([] {
    std::this_thread::sleep_for(milliseconds(700));
    db::Connection(server("killer"))
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            "current_database() AND application_name = 'pgstrata test' AND query LIKE '%_a_2%' "
            "AND query LIKE '%UPDATE%' LIMIT 1");
  });
  engine::ExecutorOptions options;
  options.workers = 2;
  options.max_rate = 20'000;
  BOOST_CHECK_EXCEPTION(schemas.run(run, options), Error,
                        [](const Error& error) { return error.exit() == Exit::connection; });
  ends.join();
  const auto before = schemas.count("SELECT sum(filled) FROM rt_state.backfill_chunks");
  BOOST_TEST(before > 0);
  BOOST_TEST(before < 30'000);
  schemas.run(run);
  BOOST_TEST(schemas.progress.last_fill.rows_before == before);
  BOOST_TEST(schemas.count(wrong) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
