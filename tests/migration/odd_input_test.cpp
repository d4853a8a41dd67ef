// Unusual documents that must work, and large ones that must not take long.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <ctime>

#include "support.hpp"

namespace pgstrata::migration {

namespace {

// Unoptimised and sanitised builds are slower by an order of magnitude.
#ifdef NDEBUG
constexpr double allowed_seconds = 1;
#else
constexpr double allowed_seconds = 20;
#endif

template <typename Call>
double cpu_seconds(Call call) {
  const std::clock_t start = std::clock();
  call();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(odd_input)

BOOST_AUTO_TEST_CASE(windows_line_ends_and_a_byte_order_mark_change_nothing) {
  const std::string unix_text =
      "operations:\n  - sql:\n      up: |\n        SELECT 1;\n        SELECT 2;\n"
      "  - drop_table:\n      name: t\n";
  std::string windows_text = "\xEF\xBB\xBF";
  for (const char c : unix_text) windows_text += c == '\n' ? "\r\n" : std::string(1, c);
  const auto expected = yaml(unix_text);
  const auto read = yaml(windows_text);
  BOOST_REQUIRE_EQUAL(read.size(), expected.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    BOOST_TEST((read[i].operation == expected[i].operation));
    BOOST_TEST(read[i].at.str() == expected[i].at.str());
  }
  BOOST_TEST(std::get<RawSql>(read[0].operation).up.at.str() == "m.yaml:4:9");
  const Migration json = parse(
      "m.json", "\xEF\xBB\xBF{\r\n \"operations\": [{\"drop_index\": {\"name\": \"i\"}}]\r\n}");
  BOOST_TEST(json.operations.at(0).at.str() == "m.json:2:19");
}

BOOST_AUTO_TEST_CASE(anchors_and_aliases) {
  const auto read = yaml(R"(operations:
  - drop_table: &table {name: &name first}
  - drop_table: *table
  - drop_index:
      name: *name
)");
  BOOST_TEST(std::get<DropTable>(read.at(1).operation).name.value == "first");
  BOOST_TEST(std::get<DropTable>(read.at(1).operation).name.at.str() == "m.yaml:2:37");
  BOOST_TEST(std::get<DropIndex>(read.at(2).operation).name.value == "first");
}

BOOST_AUTO_TEST_CASE(merge_keys) {
  const auto read = yaml(R"(operations:
  - rename_table: &both {from: a, to: b}
  - rename_table:
      <<: *both
      to: c
  - rename_table: {<<: [{to: d}, *both]}
)");
  BOOST_TEST((std::get<RenameTable>(read.at(1).operation) == RenameTable{{"a"}, {"c"}}));
  BOOST_TEST((std::get<RenameTable>(read.at(2).operation) == RenameTable{{"a"}, {"d"}}));
  BOOST_TEST(refusal("operations:\n  - drop_table:\n      <<: a\n") ==
             "m.yaml:3:7: '<<' merges a mapping or a list of mappings, nothing else [wrong-type]");
  BOOST_TEST(refusal("operations: &o\n  - *o\n") ==
             "m.yaml:2:5: the alias stands inside the value it repeats [alias-cycle]");
}

BOOST_AUTO_TEST_CASE(a_misspelt_key_in_an_anchor_is_reported_where_it_stands) {
  BOOST_TEST(refusal("operations:\n  - sql: {up: &e a}\n  - drop_column: &t {tabel: *e}\n"
                     "  - drop_column: *t\n") ==
             "m.yaml:3:22: unknown key 'tabel' in drop_column, did you mean 'table'? "
             "[unknown-key]");
}

BOOST_AUTO_TEST_CASE(aliases_that_multiply_are_stopped) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char level = 'b'; level <= 'z'; ++level) {
    bomb += std::string(1, level) + ": &" + level + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i ? ", *" : "*") + char(level - 1);
    bomb += "]\n";
  }
  std::string message;
  BOOST_TEST(cpu_seconds([&] { message = refusal(bomb); }) < allowed_seconds);
  BOOST_TEST(message.substr(message.find(": ") + 2) ==
             "the document holds more than 1,000,000 values or 64 MiB of repeated text, its "
             "aliases expanded [too-many-values]");
  const std::string text(1024 * 1024, 'x');
  std::string repeated = "a: &a " + text + "\nb: [*a";
  for (int i = 0; i < 100; ++i) repeated += ", *a";
  BOOST_TEST(refusal(repeated + "]\n").ends_with("[too-many-values]"));
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_stopped) {
  for (const std::string file : {"m.yaml", "m.json"}) {
    const std::string deep =
        "{\"operations\": " + std::string(100, '[') + std::string(100, ']') + "}";
    BOOST_TEST(refusal(deep, file) ==
               file + ":1:79: the document is nested more than 64 levels deep [too-deep]");
  }
  BOOST_TEST(refusal(std::string(200'000, '['), "m.json").ends_with("[too-deep]"));
  BOOST_TEST(refusal(std::string(200'000, '[')) != "accepted");
}

BOOST_AUTO_TEST_CASE(ten_thousand_operations) {
  std::string yaml_text = "operations:\n", json_text = "{\"operations\": [";
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    yaml_text += "  - add_column:\n      table: t" + number +
                 "\n      column: {name: c, type: text, nullable: true}\n      up: upper(x)\n";
    json_text += std::string(i ? "," : "") + "{\"add_column\": {\"table\": \"t" + number +
                 "\", \"column\": {\"name\": \"c\", \"type\": \"text\", \"nullable\": true}, "
                 "\"up\": \"upper(x)\"}}";
  }
  json_text += "]}";
  Migration from_yaml, from_json;
  BOOST_TEST(cpu_seconds([&] { from_yaml = parse("m.yaml", yaml_text); }) < allowed_seconds);
  BOOST_TEST(cpu_seconds([&] { from_json = parse("m.json", json_text); }) < allowed_seconds);
  BOOST_REQUIRE_EQUAL(from_yaml.operations.size(), 10'000u);
  BOOST_REQUIRE_EQUAL(from_json.operations.size(), 10'000u);
  BOOST_TEST((from_yaml.operations.back().operation == from_json.operations.back().operation));
  BOOST_TEST(std::get<AddColumn>(from_yaml.operations.back().operation).table.value == "t9999");
}

BOOST_AUTO_TEST_CASE(json_escapes_beyond_the_basic_plane) {
  const Migration read =
      parse("m.json", R"({"operations": [{"sql": {"up": "\ud83d\ude00 \"\\"}}]})");
  BOOST_TEST(std::get<RawSql>(read.operations.at(0).operation).up.value == "😀 \"\\");
}

BOOST_AUTO_TEST_CASE(json_is_yaml_too) {
  const auto read = yaml("{\"operations\": [\n\t{\"drop_table\": {\"name\": \"a\"}}\n]}");
  BOOST_TEST(std::get<DropTable>(read.at(0).operation).name.value == "a");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::migration
