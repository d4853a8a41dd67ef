// The net effect of several operations on one column: at most one translation in each direction.
#define BOOST_TEST_DYN_LINK
#include "shop.hpp"

namespace pgstrata::model {

BOOST_AUTO_TEST_SUITE(drafts)

BOOST_AUTO_TEST_CASE(an_untouched_draft_is_the_version_before) {
  Shop shop;
  const Version next = shop.draft.finish();
  BOOST_TEST((next.tables == shop.before.tables));
  BOOST_TEST(links(next) == "");
  BOOST_TEST(next.rules.empty());
}

BOOST_AUTO_TEST_CASE(a_rename_shares_the_physical_column) {
  Shop shop;
  shop.rename("note", "remark");
  const Version next = shop.draft.finish();
  BOOST_TEST(columns(*next.table("orders")) == "id, qty, remark=note");
  BOOST_TEST(links(next) == "");
  BOOST_TEST(next.table("orders")->indexes[1].keys[0].column.value() == "remark");
}

BOOST_AUTO_TEST_CASE(a_rename_and_a_change_are_one_twin_in_the_new_name) {
  Shop shop;
  shop.rename("note", "remark");
  shop.alter("remark", "text", "upper(remark)", "lower(remark)");
  const Version next = shop.draft.finish();
  BOOST_TEST(columns(*next.table("orders")) == "id, qty, remark=_remark_2");
  BOOST_TEST(links(next) == "up _remark_2 = upper(note); down note = lower(remark)");
}

BOOST_AUTO_TEST_CASE(a_change_and_a_rename_are_the_same_twin) {
  Shop shop;
  shop.alter("note", "text", "upper(note)", "lower(note)");
  shop.rename("note", "remark");
  BOOST_TEST(links(shop.draft.finish()) == "up _remark_2 = upper(note); down note = lower(remark)");
}

BOOST_AUTO_TEST_CASE(two_changes_compose_and_nothing_is_kept_of_the_shape_between) {
  Shop shop;
  shop.alter("note", "text", "upper(note)", "lower(note)");
  shop.alter("note", "text", "note || '!'", "rtrim(note, '!')");
  const Version next = shop.draft.finish();
  BOOST_TEST(columns(*next.table("orders")) == "id, qty, note=_note_2");
  BOOST_TEST(links(next) ==
             "up _note_2 = ((upper(note)) || '!'::text); "
             "down note = lower((rtrim(note, '!'::text)))");
}

BOOST_AUTO_TEST_CASE(a_column_split_out_of_a_changed_one_reads_the_version_before) {
  Shop shop;
  shop.alter("note", "text", "upper(note)", "lower(note)");
  shop.add("initial", "text", "\"left\"(note, 1)");
  const Version next = shop.draft.finish();
  BOOST_TEST(links(next) ==
             "up _note_2 = upper(note); up initial = \"left\"((upper(note)), 1); "
             "down note = lower(note)");
}

BOOST_AUTO_TEST_CASE(an_added_column_that_changes_is_filled_by_the_composition) {
  Shop shop;
  shop.add("label", "text", "note || '!'");
  shop.alter("label", "text", "upper(label)", "lower(label)");
  const Version next = shop.draft.finish();
  BOOST_TEST(columns(*next.table("orders")) == "id, qty, note, label");
  BOOST_TEST(links(next) == "up label = upper(((note || '!'::text)))");
}

BOOST_AUTO_TEST_CASE(an_added_column_whose_rows_hold_a_constant_holds_what_the_change_makes_of_it) {
  Shop shop;
  shop.add("label", "text");
  shop.column("label").physical_default = shop.binder.bind("'new'", {"t", {}}, "text", "test");
  shop.alter("label", "text", "upper(label)", "lower(label)");
  const Version next = shop.draft.finish();
  BOOST_TEST(links(next) == "");
  BOOST_TEST(next.table("orders")->column("label")->physical_default->text ==
             "upper(('new'::text))");
}

BOOST_AUTO_TEST_CASE(an_added_column_that_is_dropped_leaves_nothing) {
  Shop shop;
  shop.add("label", "text", "note || '!'");
  shop.drop("label");
  const Version next = shop.draft.finish();
  BOOST_TEST((next.tables == shop.before.tables));
  BOOST_TEST(links(next) == "");
}

BOOST_AUTO_TEST_CASE(a_dropped_column_takes_its_index_and_check_along) {
  Shop shop;
  shop.drop("qty");
  shop.drop("note");
  const Version next = shop.draft.finish();
  const Table& orders = *next.table("orders");
  BOOST_TEST(columns(orders) == "id");
  BOOST_TEST(orders.checks.empty());
  BOOST_TEST(orders.indexes.size() == 1u);
  BOOST_TEST(links(next) == "");  // older writers' rows are complete without it
}

BOOST_AUTO_TEST_CASE(a_dropped_column_with_down_is_filled_for_older_versions) {
  Shop shop;
  shop.drop("qty", "length(note)");
  BOOST_TEST(links(shop.draft.finish()) == "down qty = length(note)");
}

BOOST_AUTO_TEST_CASE(a_change_then_a_drop_translates_down_only) {
  Shop shop;
  shop.alter("note", "text", "upper(note)", "lower(note)");
  shop.drop("note", "'gone'");
  BOOST_TEST(links(shop.draft.finish()) == "down note = lower(('gone'::text))");
}

BOOST_AUTO_TEST_CASE(down_through_a_column_dropped_without_down_reads_null) {
  Shop shop;
  shop.add("other", "text", "note");
  shop.drop("note", "other");
  shop.drop("other");
  BOOST_TEST(links(shop.draft.finish()) == "");  // nothing is left to say what note was
}

BOOST_AUTO_TEST_CASE(a_change_of_type_casts_where_the_parts_meet) {
  Shop shop;
  shop.alter("qty", "text", "qty::text || ' pcs'", "\"left\"(qty, -4)::integer");
  shop.alter("qty", "integer", "length(qty)", "repeat('x', qty)");
  const Version next = shop.draft.finish();
  BOOST_TEST(links(next) ==
             "up _qty_2 = length((((qty)::text || ' pcs'::text))); "
             "down qty = (\"left\"((repeat('x'::text, qty)), '-4'::integer))::integer");
}

BOOST_AUTO_TEST_CASE(a_stricter_column_is_a_rule_of_the_trigger_not_of_the_table) {
  Shop shop;
  shop.column("note").not_null = true;
  const Version next = shop.draft.finish();
  BOOST_REQUIRE(next.rules.size() == 1u);
  BOOST_TEST(next.rules[0].column == "note");
  BOOST_TEST(next.rules[0].condition.text == "note IS NOT NULL");
  BOOST_TEST(next.table("orders")->marked);
}

BOOST_AUTO_TEST_CASE(a_stricter_twin_needs_no_rule) {
  Shop shop;
  shop.alter("note", "text", "upper(note)", "lower(note)");
  shop.column("note").not_null = true;
  BOOST_TEST(shop.draft.finish().rules.empty());
}

BOOST_AUTO_TEST_CASE(index_and_check_over_a_twin_are_copies_of_their_own) {
  Shop shop;
  shop.alter("qty", "bigint", "qty", "qty::integer");
  shop.alter("note", "text", "upper(note)", "lower(note)");
  const Version next = shop.draft.finish();
  const Table& orders = *next.table("orders");
  BOOST_TEST(orders.checks[0].physical == "_orders_qty_check_2");
  BOOST_TEST(orders.indexes[0].physical == "orders_pkey");
  BOOST_TEST(orders.indexes[1].physical == "_orders_note_idx_2");
}

BOOST_AUTO_TEST_CASE(a_check_that_does_not_fit_the_new_type_is_refused) {
  Shop shop;
  shop.alter("qty", "text", "qty::text || ' pcs'", "\"left\"(qty, -4)::integer");
  BOOST_TEST(refusal([&] { shop.draft.finish(); }) == "does-not-fit");
}

BOOST_AUTO_TEST_CASE(unknown_names_are_refused) {
  Shop shop;
  BOOST_TEST(refusal([&] { shop.table("order"); }) == "unknown-table");
  BOOST_TEST(refusal([&] { shop.column("qyt"); }) == "unknown-column");
  BOOST_TEST(refusal([&] { shop.add("qty", "integer"); }) == "duplicate-column");
  BOOST_TEST(refusal([&] { shop.rename("qty", "note"); }) == "duplicate-column");
  BOOST_TEST(refusal([&] { shop.draft.drop_index("orders_pkey", "test"); }) ==
             "index-of-constraint");
  BOOST_TEST(refusal([&] { shop.draft.drop_index("orders_idx", "test"); }) == "unknown-index");
  shop.drop("qty");
  shop.drop("note");
  BOOST_TEST(refusal([&] { shop.drop("id"); }) == "last-column");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::model
