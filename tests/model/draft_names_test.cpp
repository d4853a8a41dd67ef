// Physical names: free ones where the old shape needs the plain ones, and what cannot be free.
#define BOOST_TEST_DYN_LINK
#include "model/names.hpp"
#include "shop.hpp"

namespace pgstrata::model {
namespace {

std::string physical(const Version& version, const std::string& table) {
  const Table* found = version.table(table);
  return found ? found->physical : "none";
}

void create(Shop& shop, const std::string& name) {
  DraftTable& table = shop.draft.create_table(name, "test");
  Column id;
  id.name = "id";
  id.type = "integer";
  shop.draft.add_column(table, id, {}, "test");
}

void index(Shop& shop, const std::string& name) {
  Index index;
  index.name = name;
  index.keys = {{.column = "note", .expression = {}, .collation = {}, .opclass = {}}};
  shop.draft.add_index(shop.table(), index, "test");
}

void reference(Shop& shop, const std::string& column, const std::string& parent,
               const std::string& parent_column) {
  ForeignKey key;
  key.name = "orders_fk";
  key.columns = {column};
  key.schema = "public";
  key.table = shop.table(parent).table.physical;
  key.referenced = {shop.draft.column(shop.table(parent), parent_column, "test").physical};
  shop.draft.add_foreign_key(shop.table(), key, "test");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(draft_names)

BOOST_AUTO_TEST_CASE(a_column_added_anew_after_a_drop_stands_beside_the_old_one) {
  Shop shop;
  shop.drop("note");
  shop.add("note", "integer");
  BOOST_TEST(columns(*shop.draft.finish().table("orders")) == "id, qty, note=_note_2");
}

BOOST_AUTO_TEST_CASE(a_twins_name_that_is_taken_gets_a_number) {
  Shop shop(
      test::snapshot({test::table("orders").column("note", "text").column("_note_2", "text")}));
  shop.alter("note", "text", "upper(note)", "lower(note)");
  BOOST_TEST(columns(*shop.draft.finish().table("orders")) == "note=_note_2_1, _note_2");
}

BOOST_AUTO_TEST_CASE(columns_can_swap_names) {
  Shop shop;
  shop.rename("id", "x");
  shop.rename("qty", "id");
  shop.rename("x", "qty");
  BOOST_TEST(columns(*shop.draft.finish().table("orders")) == "qty=id, id=qty, note");
}

BOOST_AUTO_TEST_CASE(a_name_that_the_older_version_is_going_to_take_is_not_free) {
  // Version 2 shows note as remark; its completion renames the column. Version 3 drops remark and
  // adds another one, which must be out of the way by then.
  Shop shop;
  shop.rename("note", "remark");
  const Version second = shop.draft.finish();
  Draft third(second, shop.catalog, shop.binder, 3, "v3", "public_v3");
  DraftTable& orders = third.table("orders", "test");
  third.drop_column(orders, "remark", {}, "test");
  Column remark;
  remark.name = "remark";
  remark.type = "integer";
  third.add_column(orders, remark, {}, "test");
  BOOST_TEST(columns(*third.finish().table("orders")) == "id, qty, remark=_remark_3");
}

BOOST_AUTO_TEST_CASE(a_table_can_take_the_name_of_one_that_goes) {
  Shop dropped;
  dropped.draft.drop_table("orders", "test");
  create(dropped, "orders");
  BOOST_TEST(physical(dropped.draft.finish(), "orders") == "_orders_2");
  Shop renamed;
  renamed.draft.rename_table("orders", "archive", "test");
  create(renamed, "orders");
  const Version next = renamed.draft.finish();
  BOOST_TEST(physical(next, "orders") == "_orders_2");
  BOOST_TEST(physical(next, "archive") == "orders");
}

BOOST_AUTO_TEST_CASE(a_table_name_that_the_older_version_is_going_to_take_is_not_free) {
  Shop shop;
  shop.draft.rename_table("orders", "sales", "test");
  const Version second = shop.draft.finish();
  Draft third(second, shop.catalog, shop.binder, 3, "v3", "public_v3");
  third.drop_table("sales", "test");
  Column id;
  id.name = "id";
  id.type = "integer";
  third.add_column(third.create_table("sales", "test"), id, {}, "test");
  BOOST_TEST(physical(third.finish(), "sales") == "_sales_3");
}

BOOST_AUTO_TEST_CASE(a_table_created_and_dropped_can_be_created_again) {
  Shop shop;
  create(shop, "parcels");
  shop.draft.drop_table("parcels", "test");
  create(shop, "parcels");
  BOOST_TEST(physical(shop.draft.finish(), "parcels") == "parcels");
}

BOOST_AUTO_TEST_CASE(relations_outside_the_version_are_in_the_way) {
  catalog::Snapshot catalog = test::snapshot({orders_table()});
  catalog.other_relations = {"report"};
  Shop shop(catalog);
  BOOST_TEST(refusal([&] { create(shop, "report"); }) == "duplicate-relation");
  BOOST_TEST(refusal([&] { shop.draft.rename_table("orders", "report", "test"); }) ==
             "duplicate-relation");
  BOOST_TEST(refusal([&] { create(shop, "orders"); }) == "duplicate-table");
  BOOST_TEST(refusal([&] { index(shop, "report"); }) == "duplicate-relation");
}

BOOST_AUTO_TEST_CASE(types_are_in_the_way_of_tables_and_of_nothing_else) {
  catalog::Snapshot catalog = test::snapshot({orders_table()});
  catalog.other_types = {"mood", "_orders_2"};
  Shop shop(catalog);
  BOOST_TEST(refusal([&] { create(shop, "mood"); }) == "duplicate-type");
  BOOST_TEST(refusal([&] { shop.draft.rename_table("orders", "mood", "test"); }) ==
             "duplicate-type");
  index(shop, "mood");
  shop.draft.drop_table("orders", "test");
  create(shop, "orders");
  BOOST_TEST(physical(shop.draft.finish(), "orders") == "_orders_21");
}

BOOST_AUTO_TEST_CASE(a_foreign_key_follows_the_renames_of_a_table_that_is_not_made_yet) {
  Shop shop;
  create(shop, "customers");
  reference(shop, "qty", "customers", "id");
  shop.draft.rename_column(shop.table("customers"), "id", "number", "test");
  shop.draft.rename_table("customers", "people", "test");
  const Version next = shop.draft.finish();
  const ForeignKey& key = next.table("orders")->foreign_keys.at(0);
  BOOST_TEST(key.table == "people");
  BOOST_TEST(key.referenced.at(0) == "number");
}

BOOST_AUTO_TEST_CASE(a_name_that_any_live_version_will_take_is_not_free) {
  Shop shop;
  shop.draft.rename_column(shop.table(), "qty", "pieces", "test");
  const Version second = shop.draft.finish();
  Draft renaming(second, shop.catalog, shop.binder, 3, "v3", "public_v3");
  const std::vector<Version> oldest = {shop.before};
  renaming.beside(oldest);
  renaming.rename_column(renaming.table("orders", "test"), "pieces", "units", "test");
  const Version third = renaming.finish();
  const std::vector<Version> older = {shop.before, second};
  Draft fourth(third, shop.catalog, shop.binder, 4, "v4", "public_v4");
  fourth.beside(older);
  Column pieces;
  pieces.name = "pieces";
  pieces.type = "text";
  fourth.add_column(fourth.table("orders", "test"), pieces, {}, "test");
  BOOST_TEST(fourth.finish().table("orders")->column("pieces")->physical == "_pieces_4");
}

BOOST_AUTO_TEST_CASE(a_referenced_table_stays) {
  Shop shop;
  create(shop, "customers");
  reference(shop, "qty", "customers", "id");
  BOOST_TEST(refusal([&] { shop.draft.drop_table("customers", "test"); }) == "referenced-table");
}

BOOST_AUTO_TEST_CASE(an_index_can_take_the_name_of_one_that_goes) {
  Shop shop;
  BOOST_TEST(refusal([&] { index(shop, "orders_note_idx"); }) == "duplicate-index");
  shop.draft.drop_index("orders_note_idx", "test");
  index(shop, "orders_note_idx");
  BOOST_TEST(shop.draft.finish().table("orders")->indexes.back().physical == "_orders_note_idx_2");
}

BOOST_AUTO_TEST_CASE(names_of_constraints_are_made_as_postgresql_makes_them) {
  Shop shop;
  BOOST_TEST(shop.draft.constraint_name(shop.table(), {"note"}, "key") == "orders_note_key");
  BOOST_TEST(shop.draft.constraint_name(shop.table(), {"qty"}, "check") == "orders_qty_check1");
  BOOST_TEST(shop.draft.sequence_for("orders", "id") == "orders_id_seq");
  BOOST_TEST(shop.draft.sequence_for("orders", "id") == "orders_id_seq1");
}

BOOST_AUTO_TEST_CASE(a_twin_of_the_longest_name_fits_and_names_its_version) {
  const std::string longest(63, 'n');
  const std::string twin = twin_name(longest, 12);
  BOOST_TEST(twin.size() == 63u);
  BOOST_TEST(twin.ends_with("_12"));
  BOOST_TEST(twin != twin_name(std::string(62, 'n') + "m", 12));
  BOOST_TEST(twin != twin_name(longest, 13));
}

BOOST_AUTO_TEST_CASE(names_are_cut_between_characters) {
  for (std::size_t bytes = 55; bytes <= 63; ++bytes) {
    std::string name(bytes % 3, 'a');
    while (name.size() + 3 <= bytes) name += "日";
    const std::string cut = with_suffix(name, "_not_null");
    BOOST_TEST(cut.size() <= 63u);
    BOOST_TEST(cut.ends_with("_not_null"));
    std::size_t at = 0;  // every character that is begun is whole
    while (at < cut.size()) at += (cut[at] & 0x80) ? 3 : 1;
    BOOST_TEST(at == cut.size());
  }
}

BOOST_AUTO_TEST_CASE(a_near_miss_is_suggested_and_a_far_one_is_not) {
  BOOST_TEST(did_you_mean("qyt", {"id", "qty"}) == ", did you mean \"qty\"?");
  BOOST_TEST(did_you_mean("customer", {"id", "qty"}) == "");
  BOOST_TEST(did_you_mean("x", {"y"}) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::model
