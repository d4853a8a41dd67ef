#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "report/json.hpp"
#include "report/text.hpp"

using namespace pgstrata;
using Json = nlohmann::json;

namespace {

PlanReport example() {
  PlanReport plan;
  plan.version = "002_amount";
  plan.version_schema = "public_002_amount";
  plan.from = "001_init";
  plan.steps = {{.command = "start",
                 .phase = "expand",
                 .title = "add twin amount to t",
                 .reason = "versions differ",
                 .lock = "ACCESS EXCLUSIVE on t",
                 .statements = {"ALTER TABLE t\n  ADD COLUMN amount numeric"}},
                {.command = "complete",
                 .phase = "retire",
                 .title = "drop cents",
                 .statements = {"ALTER TABLE t DROP COLUMN cents;"}}};
  plan.lossy = {{"t.note", "down cuts to 84 characters"}};
  plan.estimates = {
      {.table = "t", .rows = 10, .table_bytes = 8192, .disk_bytes = -1, .wal_bytes = 4096}};
  return plan;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reports)

BOOST_AUTO_TEST_CASE(an_error_is_one_sentence_with_place_and_an_indented_hint) {
  const Error error(Exit::migration, "unknown-key", "unknown key \"colum\"", "a.yaml:3:5",
                    "did you mean \"column\"?");
  BOOST_TEST(report::text(error) ==
             "pgstrata: a.yaml:3:5: unknown key \"colum\"\n  did you mean \"column\"?");
  const Json data = Json::parse(report::json(error)).at("error");
  BOOST_TEST(data.at("code") == "unknown-key");
  BOOST_TEST(data.at("where") == "a.yaml:3:5");
  BOOST_TEST(data.at("exit") == 3);
}

BOOST_AUTO_TEST_CASE(an_error_never_shows_a_password) {
  const Error error(Exit::connection, "connect", "cannot reach postgresql://bob:secret@db/shop");
  BOOST_TEST(!has(report::text(error), "secret"));
  BOOST_TEST(!has(report::json(error), "secret"));
}

BOOST_AUTO_TEST_CASE(a_plan_shows_steps_locks_and_notes) {
  const std::string text = report::text(example());
  BOOST_TEST(has(text, "1. add twin amount to t"));
  BOOST_TEST(has(text, "why:  versions differ"));
  BOOST_TEST(has(text, "lock: ACCESS EXCLUSIVE on t; no scan"));
  BOOST_TEST(has(text, "t.note: down cuts to 84 characters"));
  BOOST_TEST(has(text, "grows by unknown"));
}

BOOST_AUTO_TEST_CASE(a_plan_as_sql_is_statements_and_comments_only) {
  const std::string sql = report::sql(example());
  BOOST_TEST(has(sql, "-- expand: add twin amount to t\n"));
  BOOST_TEST(has(sql, "ALTER TABLE t\n  ADD COLUMN amount numeric;"));
  BOOST_TEST(has(sql, "ALTER TABLE t DROP COLUMN cents;"));
  BOOST_TEST(!has(sql, ";;"));
}

BOOST_AUTO_TEST_CASE(rows_of_a_table_that_was_never_analyzed_are_unknown) {
  PlanReport plan = example();
  BOOST_TEST(has(report::text(plan), "t: about 10 rows, "));
  plan.estimates[0].rows = -1;
  BOOST_TEST(has(report::text(plan), "t: rows unknown before its first ANALYZE, "));
  BOOST_TEST(Json::parse(report::json(plan)).at("estimates")[0].at("rows").is_null());
}

BOOST_AUTO_TEST_CASE(a_plan_as_json_marks_the_unknown_as_null) {
  const Json plan = Json::parse(report::json(example()));
  BOOST_TEST(plan.at("steps").size() == 2);
  BOOST_TEST(plan.at("estimates")[0].at("disk_bytes").is_null());
  BOOST_TEST(plan.at("estimates")[0].at("rows") == 10);
  BOOST_TEST(plan.at("estimates")[0].at("wal_bytes") == 4096);
}

BOOST_AUTO_TEST_CASE(status_names_versions_and_what_is_unfinished) {
  StatusReport status;
  status.schema = "public";
  status.versions = {
      {.name = "v1", .schema = "public_v1", .ordinal = 1, .status = "live", .age_seconds = 65},
      {.name = "v2", .schema = "public_v2", .ordinal = 2, .status = "starting"}};
  status.unfinished = UnfinishedRun{"start", "v2", 3, 9};
  const std::string text = report::text(status);
  BOOST_TEST(has(text, "1 min 05 s ago"));
  BOOST_TEST(has(text, "unfinished: start of v2, 3 of 9 steps done"));
  const Json data = Json::parse(report::json(status));
  BOOST_TEST(data.at("versions")[1].at("status") == "starting");
  BOOST_TEST(data.at("versions")[1].at("age_seconds").is_null());
  BOOST_TEST(data.at("unfinished").at("total") == 9);
  status.unfinished.reset();
  BOOST_TEST(Json::parse(report::json(status)).at("unfinished").is_null());
}

BOOST_AUTO_TEST_CASE(what_was_already_so_is_said) {
  StartReport start;
  start.already = true;
  start.version = "v2";
  BOOST_TEST(has(report::text(start), "already started"));
  CompleteReport complete;
  complete.already = true;
  BOOST_TEST(report::text(complete) == "already completed");
  RollbackReport rollback;
  rollback.already = true;
  BOOST_TEST(report::text(rollback) == "already rolled back");
}

BOOST_AUTO_TEST_CASE(versions_that_went_are_counted_in_words) {
  CompleteReport complete;
  BOOST_TEST(report::text(complete) == "completed");  // the empty shape before the first migration
  complete.retired = "v1";
  BOOST_TEST(report::text(complete) == "completed: version v1 is gone");
  complete.all_retired = {"v1", "v2"};
  BOOST_TEST(report::text(complete) == "completed: versions v1, v2 are gone");
  RollbackReport rollback;
  rollback.all_removed = {"v3", "v2"};
  BOOST_TEST(report::text(rollback) == "rolled back: versions v3, v2 are gone");
}

BOOST_AUTO_TEST_CASE(rollback_counts_what_only_the_new_shape_could_hold) {
  RollbackReport rollback;
  rollback.removed = "v2";
  rollback.lost = {{"t", "note", 1}};
  BOOST_TEST(has(report::text(rollback),
                 "1 row of t held a value in note that only version v2 could hold"));
}

BOOST_AUTO_TEST_CASE(filled_tables_are_listed_with_their_speed) {
  BOOST_TEST(report::text(std::vector<report::Filled>{{"accounts", 2000000, 12.4}}) ==
             "filled accounts: 2,000,000 rows in 12 s (161,290 rows/s)");
  BOOST_TEST(report::text(std::vector<report::Filled>{}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
