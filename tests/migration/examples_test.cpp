// The examples are documentation: all of them are read, and each YAML one says what its JSON one
// says.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <set>

#include "support.hpp"

namespace pgstrata::migration {

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(examples)

BOOST_AUTO_TEST_CASE(yaml_and_json_are_equal_and_every_operation_has_an_example) {
  std::set<std::string> shown;
  for (const auto& entry : fs::directory_iterator(PGSTRATA_SOURCE_DIR "/schemas/examples")) {
    if (entry.path().extension() != ".yaml") continue;
    BOOST_TEST_CONTEXT(entry.path().filename().string()) {
      const Migration yaml = read_file(entry.path().string());
      const Migration json = read_file(fs::path(entry.path()).replace_extension(".json").string());
      BOOST_TEST(yaml.name == json.name);
      BOOST_REQUIRE_EQUAL(yaml.operations.size(), json.operations.size());
      for (std::size_t i = 0; i < yaml.operations.size(); ++i) {
        BOOST_TEST(yaml.operations[i].name == json.operations[i].name);
        BOOST_TEST((yaml.operations[i].operation == json.operations[i].operation));
        shown.insert(yaml.operations[i].name);
      }
    }
  }
  const std::set<std::string> expected = {"create_table",
                                          "drop_table",
                                          "rename_table",
                                          "add_column",
                                          "drop_column",
                                          "rename_column",
                                          "alter_column",
                                          "create_index",
                                          "drop_index",
                                          "sql",
                                          "create_constraint",
                                          "drop_constraint",
                                          "drop_multicolumn_constraint",
                                          "rename_constraint",
                                          "set_replica_identity"};
  BOOST_TEST(shown == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::migration
