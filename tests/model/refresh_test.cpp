// A version and what PostgreSQL has now: a baseline, and the only live version brought up to date.
#define BOOST_TEST_DYN_LINK
#include "shop.hpp"

namespace pgstrata::model {
namespace {

Version baseline(const catalog::Snapshot& catalog) {
  return version_from_catalog(catalog, 1, "v1", "public_v1");
}

Version refresh(const Version& version, const catalog::Snapshot& snapshot,
                std::vector<std::string>& drift) {
  Refresh refreshed(version);
  for (auto& [name, table] : snapshot.tables) refreshed.take(table);
  return refreshed.finish(snapshot, drift);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(catalog_to_model)

BOOST_AUTO_TEST_CASE(a_baseline_has_what_the_catalog_shows) {
  const Table orders = *baseline(test::snapshot({orders_table()})).table("orders");
  BOOST_TEST(columns(orders) == "id, qty, note");
  BOOST_TEST(orders.column("id")->not_null);
  BOOST_TEST(orders.column("qty")->default_->text == "5");
  BOOST_TEST((orders.column("qty")->physical_default == orders.column("qty")->default_));
  BOOST_TEST(orders.checks.at(0).expression.inputs().at(0) == "qty");
  BOOST_TEST(orders.indexes.at(0).constraint == 'p');
  BOOST_TEST(orders.indexes.at(1).constraint == 0);
}

BOOST_AUTO_TEST_CASE(a_dropped_column_and_an_index_under_construction_are_not_there) {
  auto table = orders_table();
  table.columns[2].dropped = true;
  table.indexes[1].valid = false;
  const Version version = baseline(test::snapshot({table}));
  BOOST_TEST(columns(*version.table("orders")) == "id, qty");
  BOOST_TEST(version.table("orders")->indexes.size() == 1u);
}

BOOST_AUTO_TEST_CASE(only_the_expression_of_a_generated_column_reads_columns) {
  auto table = orders_table().column("twice", "integer", "(qty * 2)");
  table.columns.back().generated = 's';
  const Version version = baseline(test::snapshot({table}));
  BOOST_TEST(version.table("orders")->column("twice")->default_->inputs().at(0) == "qty");
  BOOST_TEST(version.table("orders")->column("qty")->default_->references.empty());
}

BOOST_AUTO_TEST_CASE(a_foreign_key_is_taken_with_its_actions) {
  const auto catalog =
      test::snapshot({orders_table(), test::table("lines")
                                          .column("order_id", "integer")
                                          .references("f", "order_id", "orders", "id", 'c')});
  const ForeignKey key = baseline(catalog).table("lines")->foreign_keys.at(0);
  BOOST_TEST(key.table == "orders");
  BOOST_TEST(key.on_delete == 'c');
}

BOOST_AUTO_TEST_CASE(nothing_changed_is_no_drift) {
  const auto catalog = test::snapshot({orders_table()});
  std::vector<std::string> drift;
  BOOST_TEST((refresh(baseline(catalog), catalog, drift) == baseline(catalog)));
  BOOST_TEST(drift.empty());
}

BOOST_AUTO_TEST_CASE(an_emergency_index_and_a_new_default_are_taken) {
  const Version before = baseline(test::snapshot({orders_table()}));
  auto changed = orders_table().index("urgent", "qty");
  changed.columns[2].default_ = "'-'::text";
  std::vector<std::string> drift;
  const Version now = refresh(before, test::snapshot({changed}), drift);
  BOOST_TEST(now.table("orders")->indexes.back().name == "urgent");
  BOOST_TEST(now.table("orders")->column("note")->default_->text == "'-'::text");
}

BOOST_AUTO_TEST_CASE(the_versions_own_order_of_columns_stays) {
  Version before = baseline(test::snapshot({orders_table()}));
  std::swap(before.tables["orders"].columns[0], before.tables["orders"].columns[2]);
  std::vector<std::string> drift;
  const Version now = refresh(before, test::snapshot({orders_table()}), drift);
  BOOST_TEST(columns(*now.table("orders")) == "note, qty, id");
}

BOOST_AUTO_TEST_CASE(columns_and_tables_that_came_behind_our_back_are_named_and_left_out) {
  const Version before = baseline(test::snapshot({orders_table()}));
  std::vector<std::string> drift;
  const auto grown = test::snapshot(
      {orders_table().column("extra", "text"), test::table("audit").column("a", "text")});
  const Version now = refresh(before, grown, drift);
  BOOST_TEST(!now.table("orders")->column("extra"));
  BOOST_TEST(!now.table("audit"));
  BOOST_REQUIRE(drift.size() == 2u);
  BOOST_TEST(drift[0].starts_with("column orders.extra is not part of version v1"));
  BOOST_TEST(drift[1].starts_with("table audit is not part of version v1"));
}

BOOST_AUTO_TEST_CASE(what_the_version_needs_and_is_gone_or_changed_stops_it) {
  const Version before = baseline(test::snapshot({orders_table()}));
  auto narrow = orders_table();
  narrow.columns.pop_back();
  auto retyped = orders_table();
  retyped.columns[1].type = "bigint";
  std::vector<std::string> drift;
  for (const auto& now : {test::snapshot({}), test::snapshot({narrow}), test::snapshot({retyped})})
    BOOST_CHECK_EXCEPTION(refresh(before, now, drift), Error, [](const Error& error) {
      return error.exit() == Exit::state && error.code() == "drift";
    });
}

BOOST_AUTO_TEST_CASE(a_refreshed_version_has_no_boundary_below) {
  Shop shop;
  shop.alter("note", "text", "upper(note)", "lower(note)");
  Version next = shop.draft.finish();
  for (Column& column : next.tables["orders"].columns) column.physical = column.name;  // settled
  std::vector<std::string> drift;
  const Version now = refresh(next, test::snapshot({orders_table()}), drift);
  BOOST_TEST(now.translations.empty());
  BOOST_TEST(now.rules.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::model
