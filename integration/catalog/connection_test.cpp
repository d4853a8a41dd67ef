#include <chrono>
#include <thread>

#include "fixture.hpp"

using namespace pgstrata;
using namespace pgstrata::test;

namespace {

template <typename Work>
db::SqlError::Fields error_of(Work work) {
  try {
    work();
  } catch (const db::SqlError& error) {
    return error.fields();
  }
  return {};
}

void terminate(db::Connection& victim) {
  db::Connection other(server());
  other.execute("SELECT pg_terminate_backend($1)", {std::to_string(victim.backend_pid())});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection)

BOOST_AUTO_TEST_CASE(several_statements_return_the_last_result) {
  db::Connection connection(server());
  const auto rows = connection.execute("SELECT 1; SELECT 2, NULL, true");
  BOOST_TEST(rows.integer(0, 0) == 2);
  BOOST_TEST(rows.is_null(0, 1));
  BOOST_TEST(rows.boolean(0, 2));
  BOOST_CHECK_THROW(rows.text(0, 1), std::logic_error);
}

BOOST_AUTO_TEST_CASE(parameters_may_be_null) {
  db::Connection connection(server());
  const auto rows = connection.execute("SELECT $1::text, $2::int", {std::nullopt, "7"});
  BOOST_TEST(rows.is_null(0, 0));
  BOOST_TEST(rows.integer(0, 1) == 7);
}

BOOST_AUTO_TEST_CASE(one_statement_with_parameters_is_one_statement) {
  db::Connection connection(server());
  BOOST_TEST(error_of([&] {
               connection.execute("SELECT 1; SELECT 2", db::Parameters());
             }).sqlstate == "42601");
}

BOOST_AUTO_TEST_CASE(prepared_statements_are_prepared_once) {
  db::Connection connection(server());
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(connection.execute_prepared("p", "SELECT $1::int + 1", {"4"}).integer(0, 0) == 5);
  }
}

BOOST_AUTO_TEST_CASE(errors_carry_the_servers_fields) {
  Schemas schemas;
  schemas.connection.execute("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)");
  const auto error = error_of([&] { schemas.connection.execute("INSERT INTO t VALUES (1)"); });
  BOOST_TEST(error.sqlstate == "23505");
  BOOST_TEST(error.schema == "Ct base");
  BOOST_TEST(error.table == "t");
  BOOST_TEST(error.constraint == "t_pkey");
  BOOST_TEST(error.detail == "Key (a)=(1) already exists.");
  BOOST_TEST(error.statement == "INSERT INTO t VALUES (1)");
}

BOOST_AUTO_TEST_CASE(types_that_hide_their_sqlstate_do_not) {
  db::Connection connection(server());
  for (const std::string state : {"40001", "40P01", "42501", "23514", "P0001", "55P03"}) {
    const auto error = error_of([&] {
      connection.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '" + state + "'; END $$");
    });
    BOOST_TEST(error.sqlstate == state);
    BOOST_TEST(error.message == "x");
  }
}

BOOST_AUTO_TEST_CASE(positions_are_characters_of_the_statement) {
  db::Connection connection(server());
  connection.execute("BEGIN");
  BOOST_TEST(connection.error_position("SELECT 'é', nosuch") == 13);
  connection.execute("ROLLBACK");
  const auto error = error_of([&] { connection.execute("SELECT 1/0"); });
  BOOST_TEST(error.message == "division by zero");
}

BOOST_AUTO_TEST_CASE(a_failed_transaction_does_not_commit_in_silence) {
  db::Connection connection(server());
  db::Transaction transaction(connection);
  BOOST_CHECK_THROW(connection.execute("SELECT nosuch"), db::SqlError);
  BOOST_TEST(error_of([&] { transaction.commit(); }).sqlstate == "25P02");
}

BOOST_AUTO_TEST_CASE(a_transaction_rolls_back_when_left) {
  Schemas schemas;
  {
    db::Transaction transaction(schemas.connection);
    schemas.connection.execute("CREATE TABLE gone (a int)");
  }
  BOOST_TEST(schemas.connection.execute("SELECT to_regclass('gone')").is_null(0, 0));
}

BOOST_AUTO_TEST_CASE(statements_that_refuse_transactions_run) {
  Schemas schemas;
  schemas.connection.execute("CREATE TABLE t (a int)");
  schemas.connection.execute("CREATE INDEX CONCURRENTLY i ON t (a)");
  BOOST_TEST(!schemas.connection.execute("SELECT to_regclass('i')").is_null(0, 0));
}

BOOST_AUTO_TEST_CASE(a_lost_connection_stays_lost) {
  db::Connection connection(server());
  terminate(connection);
  const auto first = error_of([&] { connection.execute("SELECT 1"); });
  BOOST_TEST(db::SqlError(first).connection_lost());
  BOOST_TEST(!first.in_doubt);
  const auto second = error_of([&] { connection.execute("SELECT 1"); });
  BOOST_TEST(second.sqlstate == "08003");
}

BOOST_AUTO_TEST_CASE(a_commit_on_a_lost_connection_is_in_doubt) {
  db::Connection connection(server());
  db::Transaction transaction(connection);
  terminate(connection);
  BOOST_TEST(error_of([&] { transaction.commit(); }).in_doubt);
}

BOOST_AUTO_TEST_CASE(another_thread_cancels) {
  db::Connection connection(server());
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    connection.cancel();
  });
  const auto error = error_of([&] { connection.execute("SELECT pg_sleep(30)"); });
  other.join();
  BOOST_TEST(error.sqlstate == "57014");
  BOOST_TEST(!db::SqlError(error).try_again());
  BOOST_TEST(connection.execute("SELECT 1").integer(0, 0) == 1);
}

BOOST_AUTO_TEST_CASE(no_server_is_a_lost_connection) {
  const auto error = error_of([] {
    db::Connection({"host=/nonexistent dbname=x", "pgstrata test", ""});
  });
  BOOST_TEST(error.sqlstate == "08001");
}

BOOST_AUTO_TEST_CASE(the_roles_settings_do_not_reach_the_session) {
  db::Connection connection(server());
  BOOST_TEST(connection.execute("SHOW search_path").text(0, 0) == "pg_catalog");
  BOOST_TEST(connection.execute("SHOW statement_timeout").text(0, 0) == "0");
  BOOST_TEST(connection.execute("SHOW application_name").text(0, 0) == "pgstrata test");
}

BOOST_AUTO_TEST_SUITE_END()
