#define BOOST_TEST_DYN_LINK
#include "plan/step.hpp"

#include <boost/test/unit_test.hpp>

#include "pgstrata/error.hpp"

using namespace pgstrata;
using namespace pgstrata::plan;

BOOST_AUTO_TEST_SUITE(steps)

BOOST_AUTO_TEST_CASE(a_full_step_survives_the_journal) {
  Step step;
  step.phase = "index";
  step.kind = StepKind::concurrently;
  step.title = "build \"i\" — ünïcode";
  step.reason = "because\nof two lines";
  step.lock = "SHARE UPDATE EXCLUSIVE on accounts";
  step.scans = step.rewrites = true;
  step.locks = {{"public", "Order", "ACCESS EXCLUSIVE"}};
  step.statements = {"SELECT 'a\\b'", "SELECT $f$x$f$"};
  step.index = IndexBuild{"public", "accounts", "i", true, true};
  step.fill = Fill{"public", "accounts", "_m", 7, {{"_a_2", "upper(a)"}}, true};
  BOOST_TEST((step_from_json(to_json(step)) == step));
}

BOOST_AUTO_TEST_CASE(an_empty_step_survives_the_journal) {
  BOOST_TEST((step_from_json(to_json(Step{})) == Step{}));
}

BOOST_AUTO_TEST_CASE(every_kind_has_its_own_word) {
  for (int kind = 0; kind <= static_cast<int>(StepKind::publish); ++kind) {
    Step step;
    step.kind = static_cast<StepKind>(kind);
    BOOST_TEST((step_from_json(to_json(step)).kind == step.kind));
  }
}

BOOST_AUTO_TEST_CASE(a_step_of_another_release_is_refused) {
  for (const char* json :
       {R"({"format":2,"phase":"x","kind":"attempt"})",
        R"({"format":1,"phase":"x","kind":"magic"})", R"({"format":1,"kind":"attempt"})",
        R"({"phase":"x"})", "[]", "nonsense"}) {
    BOOST_CHECK_EXCEPTION(step_from_json(json), Error, [](const Error& error) {
      return error.exit() == Exit::failure && error.code() == "unreadable-journal";
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()
