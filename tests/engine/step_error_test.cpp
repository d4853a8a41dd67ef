#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "engine/step_runner.hpp"

using namespace pgstrata;
using engine::joined;
using engine::step_error;

namespace {

Error error_for(const std::string& sqlstate, plan::StepKind kind = plan::StepKind::attempt,
                const std::string& command = "start") {
  db::SqlError::Fields fields;
  fields.sqlstate = sqlstate;
  fields.message = "what PostgreSQL said";
  plan::Step step;
  step.kind = kind;
  step.title = "the step";
  step.statements = {"\n  ALTER TABLE t\n ADD b int"};
  return step_error(db::SqlError(fields), step, command);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(step_errors)

BOOST_AUTO_TEST_CASE(each_tells_the_caller_what_can_be_done) {
  BOOST_TEST((error_for("08006").exit() == Exit::connection));
  BOOST_TEST((error_for("57P01").exit() == Exit::connection));
  BOOST_TEST((error_for("42501").exit() == Exit::connection));
  BOOST_TEST((error_for("53100").exit() == Exit::connection));
  BOOST_TEST((error_for("40P01").exit() == Exit::locks));
  BOOST_TEST((error_for("23514").exit() == Exit::data));
  BOOST_TEST((error_for("22012").exit() == Exit::migration));
  BOOST_TEST((error_for("42P01").exit() == Exit::migration));
}

BOOST_AUTO_TEST_CASE(what_a_step_does_not_find_was_changed_by_hand) {
  for (auto& sqlstate : {"42703", "2BP01"})
    for (auto& command : {"complete", "rollback", "baseline"})
      BOOST_TEST((error_for(sqlstate, plan::StepKind::attempt, command).exit() == Exit::state));
  const auto value = error_for("22P02", plan::StepKind::attempt, "complete");
  BOOST_TEST((value.exit() == Exit::state));
  BOOST_TEST(value.hint().find("by hand") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(says_how_the_command_goes_on) {
  const auto hint = [](const std::string& sqlstate, const std::string& command) {
    return error_for(sqlstate, plan::StepKind::validate, command).hint();
  };
  BOOST_TEST(hint("23514", "start").ends_with("or change the migration"));
  BOOST_TEST(hint("23514", "complete").ends_with("then run the same command again"));
  BOOST_TEST(hint("42703", "rollback").ends_with("then run the same command again"));
}

BOOST_AUTO_TEST_CASE(another_runner_goes_on_or_a_newer_release_does) {
  db::SqlError::Fields fields;
  fields.sqlstate = "55000";
  fields.table = "runners";
  const auto other = step_error(db::SqlError(fields), {}, "start");
  BOOST_TEST(other.code() == "another-runner");
  BOOST_TEST(other.hint() == "the other command goes on instead");
  fields.hint = "use the newer release";
  BOOST_TEST(step_error(db::SqlError(fields), {}, "start").hint() == fields.hint);
}

BOOST_AUTO_TEST_CASE(names_the_step_and_the_sqlstate) {
  const auto error = error_for("42703");
  BOOST_TEST(error.where() == "the step");
  BOOST_TEST(error.message() == "what PostgreSQL said (SQLSTATE 42703)");
}

BOOST_AUTO_TEST_CASE(of_a_users_statement_quotes_its_first_line) {
  const auto error = error_for("23505", plan::StepKind::user_sql);
  BOOST_TEST((error.exit() == Exit::migration));
  BOOST_TEST(error.code() == "sql-failed");
  BOOST_TEST(error.message().ends_with("in: ALTER TABLE t"));
}

BOOST_AUTO_TEST_CASE(a_comment_at_the_end_of_a_statement_hides_nothing) {
  BOOST_TEST(joined({"A -- last", "B;"}) == "A -- last\n;\nB;\n;\n");
}

BOOST_AUTO_TEST_SUITE_END()
