// A version survives the state schema, whatever is in it, and what an older release did not write
// reads as its default.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "model/compose.hpp"
#include "model/version.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {
namespace {

// Values of every member, the default among them.
class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  int number(int below) { return std::uniform_int_distribution<>(0, below - 1)(engine_); }
  bool coin() { return number(2) == 0; }
  std::string word() {
    static const char* const words[] = {"", "a", "Größe", "\"q\"", "b\\c", "x'y", "日本", "n\nl"};
    return words[number(8)];
  }
  std::vector<std::string> words() {
    std::vector<std::string> list(number(3));
    for (auto& item : list) item = word();
    return list;
  }
  char letter() { return "\0acx"[number(4)]; }
  template <typename Make>
  auto maybe(Make make) {
    return coin() ? std::optional(make()) : std::nullopt;
  }
  auto maybe_word() {
    return maybe([&] { return word(); });
  }

  sql::Expression expression() {
    sql::Expression value;
    value.source = word();
    value.text = word();
    value.type = word();
    value.collation = word();
    for (int i = number(3); i > 0; --i) value.references.push_back({word(), 3, 7});
    value.volatility = static_cast<sql::Volatility>(number(3));
    value.reads_tables = coin();
    value.calls_user_code = coin();
    value.session_dependent = coin();
    value.can_raise = coin();
    return value;
  }
  auto maybe_expression() {
    return maybe([&] { return expression(); });
  }

  // Like the real ones: the physical name is never empty.
  template <typename Element>
  Element named(Element element) {
    element.name = word();
    if (coin() && !element.name.empty())
      element.physical = element.name;
    else
      element.physical = "_" + word();
    return element;
  }

  Column column() {
    Column column = named(Column{});
    column.type = word();
    column.collation = word();
    column.not_null = coin();
    column.default_ = maybe_expression();
    column.physical_default = maybe_expression();
    column.identity = letter();
    column.generated = letter();
    column.owned_sequence = maybe_word();
    column.comment = maybe_word();
    column.image_equality = coin();
    column.privileges_of = word();
    return column;
  }
  Index index() {
    Index index = named(Index{});
    index.method = word();
    index.unique = coin();
    index.nulls_not_distinct = coin();
    for (int i = number(3); i > 0; --i)
      index.keys.push_back(
          {maybe_word(), maybe_expression(), word(), word(), coin(), coin(), number(9) - 1});
    index.include = words();
    index.predicate = maybe_expression();
    index.options = words();
    index.tablespace = word();
    index.comment = maybe_word();
    index.constraint = letter();
    index.deferrable = coin();
    index.deferred = coin();
    index.definition = word();
    return index;
  }
  Check check() {
    Check check = named(Check{});
    check.expression = expression();
    check.no_inherit = coin();
    check.validated = coin();
    check.comment = maybe_word();
    return check;
  }
  ForeignKey foreign_key() {
    ForeignKey key = named(ForeignKey{});
    key.columns = words();
    key.schema = word();
    key.table = word();
    key.referenced = words();
    key.on_delete = "arcnd"[number(5)];
    key.on_update = "arcnd"[number(5)];
    key.match = "sf"[number(2)];
    key.set_columns = words();
    key.deferrable = coin();
    key.deferred = coin();
    key.validated = coin();
    key.comment = maybe_word();
    return key;
  }
  Table table() {
    Table table = named(Table{});
    table.kind = "rp"[number(2)];
    for (int i = number(4); i > 0; --i) table.columns.push_back(column());
    for (int i = number(3); i > 0; --i) table.indexes.push_back(index());
    for (int i = number(3); i > 0; --i) table.checks.push_back(check());
    for (int i = number(3); i > 0; --i) table.foreign_keys.push_back(foreign_key());
    table.comment = maybe_word();
    table.marked = coin();
    table.inner_view = word();
    return table;
  }
  Version version() {
    Version version;
    version.ordinal = number(16384);
    version.name = word();
    version.schema = word();
    for (int i = number(4); i > 0; --i) version.tables[word()] = table();
    for (int i = number(3); i > 0; --i)
      version.translations.push_back({word(), coin(), word(), words(), words(), expression(),
                                      word(), word(), coin(), coin(), word()});
    for (int i = number(3); i > 0; --i)
      version.rules.push_back(
          {word(), word(), word(), words(), expression(), words(), word(), word()});
    version.on_complete = words();
    version.sql_down = maybe_word();
    version.raw_sql = coin();
    return version;
  }

 private:
  std::mt19937 engine_;
};

unsigned seed() {
  const char* given = std::getenv("PGSTRATA_SEED");
  return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
}

// Every member that has its default is left out, and no other.
void check_no_defaults(const nlohmann::json& json) {
  for (auto& [key, value] : json.items()) {
    BOOST_TEST(!value.is_null(), key);
    if (value.is_object()) check_no_defaults(value);
  }
}

Version read_again(const ModelChange& stored) {
  Version version = head_from_json(stored.head);
  const auto tables = nlohmann::json::parse(stored.tables);
  for (const auto& [logical, table] : tables.items())
    version.tables.emplace(logical, table_from_json(table.dump()));
  return version;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(version_json)

BOOST_AUTO_TEST_CASE(any_version_survives) {
  const unsigned first = seed();
  BOOST_TEST_CONTEXT("PGSTRATA_SEED=" << first) {
    for (unsigned i = 0; i < 500; ++i) {
      const Version version = Random(first + i).version();
      const ModelChange stored = change_of(version, {});
      const Version read = read_again(stored);
      BOOST_REQUIRE_MESSAGE(read == version, "number " << i << ": " << stored.tables);
      BOOST_REQUIRE(change_of(read, version).empty);
      BOOST_REQUIRE(change_of(read, {}).tables == stored.tables);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_missing_member_has_its_default) {
  BOOST_TEST((head_from_json("{}") == Version{}));
  const Version head = head_from_json(R"({"translations": [{}], "rules": [{}]})");
  const Table table = table_from_json(
      R"({"name": "t", "columns": [{"name": "a", "type": "integer"}],
          "checks": [{"name": "k"}], "foreign_keys": [{"name": "f"}], "indexes": [{"name": "i"}]})");
  Column a;
  a.name = a.physical = "a";
  a.type = "integer";
  BOOST_TEST((*table.column("a") == a));
  BOOST_TEST(table.checks[0].validated);
  BOOST_TEST(table.foreign_keys[0].match == 's');
  BOOST_TEST(table.indexes[0].physical == "i");
  BOOST_TEST((head.translations[0] == Translation{}));
  BOOST_TEST((head.rules[0] == Rule{}));
}

BOOST_AUTO_TEST_CASE(a_member_of_a_later_release_is_passed_over) {
  BOOST_TEST(head_from_json(R"({"ordinal": 7, "colour": "red"})").ordinal == 7);
}

BOOST_AUTO_TEST_CASE(a_plain_column_takes_few_bytes) {
  Version version;
  Table& table = version.tables["t"];
  table.name = table.physical = "t";
  for (int i = 0; i < 20; ++i) {
    Column column;
    column.name = column.physical = "column_" + std::to_string(i);
    column.type = "integer";
    table.columns.push_back(column);
  }
  const std::string json = change_of(version, {}).tables;
  BOOST_TEST(json.size() < 20u * 45u + 100u);
  check_no_defaults(nlohmann::json::parse(json));
}

BOOST_AUTO_TEST_CASE(what_is_no_version_is_refused) {
  auto bad = [](const Error& error) { return error.code() == "bad-model"; };
  for (const char* json : {"nonsense", "[]", R"({"ordinal": "two"})"})
    BOOST_CHECK_EXCEPTION(head_from_json(json), Error, bad);
  for (const char* json : {"nonsense", "5", R"({"columns": 5})"})
    BOOST_CHECK_EXCEPTION(table_from_json(json), Error, bad);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::model
