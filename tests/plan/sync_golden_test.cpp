// The SQL of whole tables, as a DBA reads it. After an intended change run the test with
// PGSTRATA_GOLDEN=write and review the difference.
#define BOOST_TEST_DYN_LINK
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "sync_tables.hpp"

namespace pgstrata::plan {
namespace {

void compare_with_golden(const std::string& name, const SyncTable& table) {
  const std::string path = std::string(PGSTRATA_SOURCE_DIR) + "/tests/plan/golden/" + name + ".sql";
  const SyncSql compiled = compile_sync(table);
  const std::string actual = text(compiled.functions) + text(compiled.triggers);
  const char* mode = std::getenv("PGSTRATA_GOLDEN");
  if (mode != nullptr && std::string(mode) == "write") std::ofstream(path) << actual;
  std::stringstream expected;
  expected << std::ifstream(path).rdbuf();
  BOOST_TEST(actual == expected.str());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sync_golden)

BOOST_AUTO_TEST_CASE(two_versions_steady) {
  compare_with_golden("sync_two_steady", two_versions());
}

BOOST_AUTO_TEST_CASE(two_versions_while_the_newer_one_fills) {
  compare_with_golden("sync_two_filling", filling(two_versions()));
}

BOOST_AUTO_TEST_CASE(three_versions_steady) {
  compare_with_golden("sync_three_steady", three_versions());
}

BOOST_AUTO_TEST_CASE(three_versions_while_the_newest_one_fills) {
  compare_with_golden("sync_three_filling", filling(three_versions()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::plan
