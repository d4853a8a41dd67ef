#include "server.hpp"

using namespace pgstrata;
using namespace pgstrata::test;

namespace {

plan::Step index_step(const std::string& statement, bool unique = false, bool drop = false) {
  plan::Step step;
  step.phase = "index";
  step.kind = plan::StepKind::concurrently;
  step.title = "index i";
  step.statements = {statement};
  step.index = plan::IndexBuild{"rt", "t", "i", drop, unique};
  return step;
}

plan::Step sql_step(std::vector<std::string> statements) {
  plan::Step step;
  step.phase = "expand";
  step.kind = plan::StepKind::user_sql;
  step.title = "sql";
  step.statements = std::move(statements);
  return step;
}

constexpr const char* valid_indexes =
    "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('rt.i') AND indisvalid";
constexpr const char* indexes =
    "SELECT count(*) FROM pg_class WHERE relname = 'i' AND relnamespace = 'rt'::regnamespace";

}  // namespace

BOOST_AUTO_TEST_SUITE(steps)

BOOST_AUTO_TEST_CASE(a_concurrent_build_that_was_done_before_the_journal_knew_is_not_repeated) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int); CREATE INDEX i ON rt.t (a)");
  const auto run = schemas.begin({index_step("CREATE INDEX CONCURRENTLY i ON rt.t (a)")});
  schemas.run(run);
  BOOST_TEST(schemas.done(run, 1));
}

BOOST_AUTO_TEST_CASE(duplicates_end_a_unique_build_and_leave_no_index) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int); INSERT INTO rt.t VALUES (7), (7)");
  const auto run =
      schemas.begin({index_step("CREATE UNIQUE INDEX CONCURRENTLY i ON rt.t (a)", true)});
  BOOST_CHECK_EXCEPTION(schemas.run(run), Error, [](const Error& error) {
    return error.exit() == Exit::data && error.message().find("(a)=(7)") != std::string::npos;
  });
  BOOST_TEST(schemas.count(indexes) == 0);
  schemas.admin.execute("DELETE FROM rt.t");
  schemas.run(run);
  BOOST_TEST(schemas.count(valid_indexes) == 1);
}

BOOST_AUTO_TEST_CASE(an_invalid_index_of_an_earlier_run_is_built_again) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int); INSERT INTO rt.t VALUES (7), (7)");
  BOOST_CHECK_THROW(schemas.admin.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON rt.t (a)"),
                    db::SqlError);
  BOOST_TEST(schemas.count(indexes) == 1);
  const auto run = schemas.begin({index_step("CREATE INDEX CONCURRENTLY i ON rt.t (a)")});
  schemas.run(run);
  BOOST_TEST(schemas.count(valid_indexes) == 1);
}

BOOST_AUTO_TEST_CASE(a_blocked_build_names_the_blocker_stops_no_writer_and_gives_up) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int); INSERT INTO rt.t VALUES (7)");
  const auto run = schemas.begin({index_step("CREATE INDEX CONCURRENTLY i ON rt.t (a)")});
  db::Connection idle(server("idle writer"));
  idle.execute("BEGIN; INSERT INTO rt.t VALUES (8)");
  engine::ExecutorOptions options;
  options.locks.total = std::chrono::seconds(3);
  Client writer("writer", [](db::Connection& c) {
    c.execute("INSERT INTO rt.t VALUES (9)");
    std::this_thread::sleep_for(milliseconds(1));
  });
  BOOST_CHECK_EXCEPTION(schemas.run(run, options), Error, [](const Error& error) {
    return error.exit() == Exit::locks && error.message().find("idle writer") != std::string::npos;
  });
  writer.stop();
  BOOST_TEST(writer.slowest_ms < 250);
  BOOST_TEST(schemas.progress.waits >= 1);
  idle.execute("COMMIT");
  schemas.run(run);
  BOOST_TEST(schemas.count(valid_indexes) == 1);
}

BOOST_AUTO_TEST_CASE(dropping_an_index_that_is_gone_is_done) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int); CREATE INDEX i ON rt.t (a)");
  const auto drop = index_step("DROP INDEX CONCURRENTLY rt.i", false, true);
  const auto run = schemas.begin({drop, drop});
  schemas.run(run);
  BOOST_TEST(schemas.done(run, 2));
  BOOST_TEST(schemas.count(indexes) == 0);
}

BOOST_AUTO_TEST_CASE(validation_names_the_constraint_that_rows_violate) {
  Schemas schemas;
  schemas.admin.execute(
      "CREATE TABLE rt.t (a int); INSERT INTO rt.t VALUES (-1); "
      "ALTER TABLE rt.t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID");
  plan::Step step;
  step.phase = "validate";
  step.kind = plan::StepKind::validate;
  step.title = "validate positive";
  step.statements = {"ALTER TABLE rt.t VALIDATE CONSTRAINT positive"};
  const auto run = schemas.begin({step});
  BOOST_CHECK_EXCEPTION(schemas.run(run), Error, [](const Error& error) {
    return error.exit() == Exit::data && error.message().find("positive") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(sql_operations_run_in_one_transaction_under_the_base_schema) {
  Schemas schemas;
  const auto run = schemas.begin(
      {sql_step({"SET LOCAL search_path = rt",
                 "CREATE TABLE x (a int); INSERT INTO x VALUES (1); -- end"}),
       sql_step({"SET LOCAL search_path = rt", "INSERT INTO x VALUES (2); SELECT nonsense"})});
  BOOST_CHECK_EXCEPTION(schemas.run(run), Error, [](const Error& error) {
    return error.exit() == Exit::migration && error.code() == "sql-failed" &&
           error.message().find("nonsense") != std::string::npos;
  });
  BOOST_TEST(schemas.done(run, 1));
  BOOST_TEST(schemas.count("SELECT count(*) FROM rt.x") == 1);
}

BOOST_AUTO_TEST_CASE(sql_operations_that_refuse_a_transaction_run_outside_one) {
  Schemas schemas;
  schemas.admin.execute("CREATE TABLE rt.t (a int)");
  const auto run = schemas.begin(
      {sql_step({"SET LOCAL search_path = rt", "CREATE INDEX CONCURRENTLY i ON t (a)"})});
  schemas.run(run);
  BOOST_TEST(schemas.done(run, 1));
  BOOST_TEST(schemas.count(valid_indexes) == 1);
  BOOST_TEST(schemas.connection.execute("SHOW search_path").text(0, 0) == "pg_catalog");
}

BOOST_AUTO_TEST_SUITE_END()
