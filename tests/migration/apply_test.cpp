// What each operation does to the next version: given this base schema and this document, that
// shape.
#define BOOST_TEST_DYN_LINK
#include "migration/apply.hpp"

#include <boost/test/unit_test.hpp>

#include "base_tables.hpp"
#include "migration/document.hpp"
#include "model/from_catalog.hpp"
#include "pgstrata/error.hpp"
#include "recorded_binder.hpp"

namespace pgstrata::migration {
namespace {

using test::table;

catalog::Snapshot shop() {
  return test::snapshot(
      {table("customers").column("id", "integer").column("name", "text").primary_key("id"),
       table("orders")
           .column("id", "integer")
           .column("qty", "integer", "5")
           .column("note", "text")
           .column("customer_id", "integer")
           .primary_key("id")
           .required("qty")
           .index("orders_note_idx", "note")
           .references("orders_customer_fk", "customer_id", "customers", "id")});
}

// The version after a document that has these operations.
model::Version after(const std::string& operations, const catalog::Snapshot& catalog = shop()) {
  test::RecordedBinder binder;
  const model::Version before = model::version_from_catalog(catalog, 1, "v1", "public_v1");
  model::Draft draft(before, catalog, binder, 2, "v2", "public_v2");
  apply(parse("m.yaml", "operations:\n" + operations), draft);
  return draft.finish();
}

// "m.yaml:3:5 [code]", or "accepted".
std::string refusal_after(const std::string& operations) {
  try {
    after(operations);
    return "accepted";
  } catch (const Error& error) {
    return error.where() + " [" + error.code() + "]";
  }
}

std::string hint_after(const std::string& operations) {
  try {
    after(operations);
    return "accepted";
  } catch (const Error& error) {
    return error.hint();
  }
}

// "name type [= default] [NOT NULL]" of one column.
std::string column(const model::Version& version, const std::string& in, const std::string& name) {
  const model::Column& column = *version.table(in)->column(name);
  return column.type + (column.default_ ? " = " + column.default_->text : "") +
         (column.not_null ? " NOT NULL" : "");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(apply_operations)

BOOST_AUTO_TEST_CASE(create_table_with_everything_a_column_can_bring) {
  const model::Version next = after(R"(
  - create_table:
      name: parcels
      comment: what was sent
      columns:
        - {name: id, type: bigserial, pk: true}
        - {name: code, type: varchar(20), unique: true}
        - {name: weight, type: integer, default: "1", check: {name: heavy, constraint: weight > 0}}
        - {name: order_id, type: integer, nullable: true,
           references: {name: parcels_order_fk, table: orders, column: id, on_delete: CASCADE}}
      constraints:
        - {name: parcels_pair, type: unique, columns: [code, order_id]}
)");
  const model::Table& parcels = *next.table("parcels");
  BOOST_TEST(parcels.physical == "parcels");
  BOOST_TEST(parcels.comment.value() == "what was sent");
  BOOST_TEST(column(next, "parcels", "id") ==
             "bigint = nextval('public.parcels_id_seq'::regclass) NOT NULL");
  BOOST_TEST(parcels.column("id")->owned_sequence.value() == "public.parcels_id_seq");
  BOOST_TEST(column(next, "parcels", "code") == "character varying(20) NOT NULL");
  BOOST_TEST(column(next, "parcels", "weight") == "integer = 1 NOT NULL");
  BOOST_TEST(column(next, "parcels", "order_id") == "integer");
  std::string indexes;
  for (auto& index : parcels.indexes) indexes += index.name + " ";
  BOOST_TEST(indexes == "parcels_pkey parcels_code_key parcels_pair ");
  BOOST_TEST(parcels.checks.at(0).expression.inputs().at(0) == "weight");
  BOOST_TEST(parcels.foreign_keys.at(0).on_delete == 'c');
  BOOST_TEST(next.translations.empty());
  BOOST_TEST(next.rules.empty());
}

BOOST_AUTO_TEST_CASE(several_columns_marked_pk_are_one_key) {
  const model::Version next = after(R"(
  - create_table:
      name: pairs
      columns:
        - {name: a, type: integer, pk: true}
        - {name: b, type: integer, pk: true}
)");
  BOOST_TEST(next.table("pairs")->indexes.size() == 1u);
  BOOST_TEST(next.table("pairs")->indexes[0].keys.size() == 2u);
}

BOOST_AUTO_TEST_CASE(drop_table_leaves_the_version) {
  BOOST_TEST(!after("  - drop_table: {name: orders}\n").table("orders"));
  BOOST_TEST(refusal_after("  - drop_table: {name: customers}\n") ==
             "m.yaml:2:24 [referenced-table]");
  BOOST_TEST(
      after("  - drop_table: {name: orders}\n  - drop_table: {name: customers}\n").tables.empty());
}

BOOST_AUTO_TEST_CASE(rename_table_keeps_the_physical_one) {
  const model::Version next = after("  - rename_table: {from: customers, to: people}\n");
  BOOST_TEST(next.table("people")->physical == "customers");
  BOOST_TEST(next.table("orders")->foreign_keys.at(0).table == "customers");
}

BOOST_AUTO_TEST_CASE(an_added_column_with_a_constant_default_is_a_catalog_entry) {
  const model::Version next = after(R"(
  - add_column: {table: orders, column: {name: state, type: text, default: "'open'"}}
)");
  BOOST_TEST(column(next, "orders", "state") == "text = 'open'::text NOT NULL");
  BOOST_TEST(next.table("orders")->column("state")->physical_default->text == "'open'::text");
  BOOST_TEST(next.translations.empty());
  BOOST_TEST(!next.table("orders")->marked);
}

BOOST_AUTO_TEST_CASE(an_added_column_with_a_constant_up_keeps_it_for_older_rows_only) {
  const model::Version next = after(R"(
  - add_column: {table: orders, up: "'old'", column: {name: state, type: text, default: "'new'"}}
)");
  BOOST_TEST(next.table("orders")->column("state")->default_->text == "'new'::text");
  BOOST_TEST(next.table("orders")->column("state")->physical_default->text == "'old'::text");
  BOOST_TEST(next.translations.empty());
}

BOOST_AUTO_TEST_CASE(an_added_column_with_a_volatile_default_is_filled_once_per_row) {
  const model::Version next = after(R"(
  - add_column: {table: orders, column: {name: token, type: uuid, default: gen_random_uuid()}}
)");
  BOOST_REQUIRE(next.translations.size() == 1u);
  BOOST_TEST(next.translations[0].expression.text == "gen_random_uuid()");
  BOOST_TEST(next.translations[0].inputs.empty());
  BOOST_TEST(!next.table("orders")->column("token")->physical_default);
}

BOOST_AUTO_TEST_CASE(an_added_column_computed_from_the_row_is_a_link) {
  const model::Version next = after(R"(
  - add_column: {table: orders, up: qty * 2, column: {name: twice, type: bigint}}
)");
  BOOST_REQUIRE(next.translations.size() == 1u);
  BOOST_TEST(next.translations[0].output == "twice");
  BOOST_TEST(next.translations[0].inputs.at(0) == "qty");
  BOOST_TEST(next.table("orders")->marked);
}

BOOST_AUTO_TEST_CASE(an_up_that_asks_who_runs_it_is_never_a_constant) {
  const model::Version next = after(R"(
  - add_column: {table: orders, up: current_user, column: {name: writer, type: text}}
)");
  BOOST_TEST(next.translations.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_required_column_needs_a_value_for_older_rows) {
  BOOST_TEST(
      refusal_after("  - add_column: {table: orders, column: {name: state, type: text}}\n") ==
      "m.yaml:2:48 [up-needed]");
  BOOST_TEST(hint_after("  - add_column: {table: orders, column: {name: state, type: text}}\n") ==
             "give `up`, a default, or nullable: true");
}

BOOST_AUTO_TEST_CASE(a_required_column_that_goes_needs_a_value_for_older_versions) {
  BOOST_TEST(refusal_after("  - drop_column: {table: customers, column: id}\n") ==
             "m.yaml:2:45 [down-needed]");
  BOOST_TEST(refusal_after("  - drop_column: {table: orders, column: qty}\n") ==
             "accepted");  // its default is one
  const model::Version next =
      after("  - drop_column: {table: orders, column: qty, down: length(note)}\n");
  BOOST_REQUIRE(next.translations.size() == 1u);
  BOOST_TEST(!next.translations[0].up);
  BOOST_TEST(next.translations[0].output == "qty");
}

BOOST_AUTO_TEST_CASE(rename_column_renames_what_stands_on_it) {
  const model::Version next =
      after("  - rename_column: {table: orders, from: customer_id, to: buyer}\n");
  BOOST_TEST(next.table("orders")->column("buyer")->physical == "customer_id");
  BOOST_TEST(next.table("orders")->foreign_keys.at(0).columns.at(0) == "buyer");
}

BOOST_AUTO_TEST_CASE(a_widened_type_translates_plainly_and_loses_nothing_upwards) {
  const model::Version next =
      after("  - alter_column: {table: orders, column: qty, type: bigint}\n");
  BOOST_REQUIRE(next.translations.size() == 2u);
  const model::Translation &up = next.translations[0], &down = next.translations[1];
  BOOST_TEST(up.expression.identity_of() == "qty");
  BOOST_TEST(!up.loses_values);
  BOOST_TEST(!up.can_raise);
  BOOST_TEST(down.output == "qty");
  BOOST_TEST(down.loses_values);
  BOOST_TEST(down.can_raise);  // a bigint that no integer holds
  BOOST_TEST(column(next, "orders", "qty") == "bigint = 5 NOT NULL");
  BOOST_TEST(!next.table("orders")->column("qty")->physical_default);
}

BOOST_AUTO_TEST_CASE(a_type_that_postgresql_does_not_assign_is_cast) {
  const model::Version next =
      after("  - alter_column: {table: orders, column: note, type: integer}\n");
  BOOST_TEST(next.translations.at(0).expression.text == "(note)::integer");
  BOOST_TEST(next.translations.at(0).can_raise);
}

BOOST_AUTO_TEST_CASE(a_type_that_cannot_be_cast_needs_a_translation) {
  BOOST_TEST(refusal_after("  - alter_column: {table: orders, column: qty, type: uuid}\n") ==
             "m.yaml:2:54 [translation-needed]");
}

BOOST_AUTO_TEST_CASE(the_same_type_and_an_identity_translation_change_nothing) {
  const model::Version next =
      after("  - alter_column: {table: orders, column: qty, type: int4, up: qty}\n");
  BOOST_TEST(next.translations.empty());
  BOOST_TEST(next.table("orders")->column("qty")->physical == "qty");
}

BOOST_AUTO_TEST_CASE(a_default_that_does_not_fit_the_new_type_asks_for_another) {
  const std::string type =
      "  - alter_column: {table: orders, column: qty, type: date, up: current_date, down: \"7\"";
  BOOST_TEST(refusal_after(type + "}\n") == "m.yaml:2:54 [default-does-not-fit]");
  BOOST_TEST(refusal_after(type + ", default: current_date}\n") == "accepted");
}

BOOST_AUTO_TEST_CASE(a_default_is_the_versions_own) {
  const model::Version next =
      after("  - alter_column: {table: orders, column: qty, default: \"7\"}\n");
  BOOST_TEST(next.table("orders")->column("qty")->default_->text == "7");
  BOOST_TEST(next.table("orders")->column("qty")->physical_default->text == "5");
  const model::Version gone =
      after("  - alter_column: {table: orders, column: qty, default: null}\n");
  BOOST_TEST(!gone.table("orders")->column("qty")->default_);
  BOOST_TEST(gone.table("orders")->column("qty")->physical_default->text == "5");
}

BOOST_AUTO_TEST_CASE(not_null_and_check_on_shared_columns_are_rules) {
  const model::Version next = after(R"(
  - alter_column: {table: orders, column: note, nullable: false, check: {name: filled, constraint: note <> ''}}
)");
  BOOST_REQUIRE(next.rules.size() == 2u);
  BOOST_TEST(next.rules[0].column == "note");
  BOOST_TEST(next.rules[1].name == "filled");
  BOOST_TEST(next.rules[1].inputs.at(0) == "note");
}

BOOST_AUTO_TEST_CASE(a_dropped_not_null_needs_no_translation) {
  const model::Version next =
      after("  - alter_column: {table: orders, column: qty, nullable: true}\n");
  BOOST_TEST(next.translations.empty());
  BOOST_TEST(!next.table("orders")->column("qty")->not_null);
  BOOST_TEST(refusal_after("  - alter_column: {table: orders, column: id, nullable: true}\n") ==
             "m.yaml:2:43 [key-not-null]");
}

BOOST_AUTO_TEST_CASE(unique_and_references_of_an_altered_column) {
  const model::Version next = after(R"(
  - alter_column: {table: orders, column: note, unique: {name: orders_note_key}}
  - alter_column: {table: orders, column: qty, references: {name: fk, table: customers, column: id}}
)");
  BOOST_TEST(next.table("orders")->indexes.back().constraint == 'u');
  BOOST_TEST(next.table("orders")->foreign_keys.back().columns.at(0) == "qty");
}

BOOST_AUTO_TEST_CASE(create_index_with_all_its_spellings) {
  const model::Version next = after(R"(
  - create_index:
      table: orders
      name: orders_search
      columns: [{column: note, collate: C, opclass: {name: text_pattern_ops}, sort: DESC}, {column: qty}]
      predicate: qty > 0
      storage_parameters: fillfactor = 70
)");
  const model::Index& index = next.table("orders")->indexes.back();
  BOOST_TEST(index.keys.at(0).collation == "pg_catalog.\"C\"");
  BOOST_TEST(index.keys.at(0).opclass == "pg_catalog.text_pattern_ops");
  BOOST_TEST(index.keys.at(0).nulls_first);  // as PostgreSQL does for DESC
  BOOST_TEST(!index.keys.at(1).nulls_first);
  BOOST_TEST(index.predicate->inputs().at(0) == "qty");
  BOOST_TEST(index.options.at(0) == "fillfactor=70");
}

BOOST_AUTO_TEST_CASE(drop_index_leaves_the_version) {
  BOOST_TEST(after("  - drop_index: {name: orders_note_idx}\n").table("orders")->indexes.size() ==
             1u);
  BOOST_TEST(refusal_after("  - drop_index: {name: orders_pkey}\n") ==
             "m.yaml:2:24 [index-of-constraint]");
}

BOOST_AUTO_TEST_CASE(sql_runs_alone_or_on_completion) {
  BOOST_TEST(after("  - sql: {up: VACUUM, onComplete: true}\n").on_complete.at(0) == "VACUUM");
  BOOST_TEST(refusal_after("  - sql: {up: SELECT 1}\n  - drop_index: {name: orders_note_idx}\n") ==
             "m.yaml:2:5 [sql-not-alone]");
}

BOOST_AUTO_TEST_CASE(postgresqls_complaint_points_into_the_document) {
  BOOST_TEST(
      refusal_after(
          "  - add_column: {table: orders, up: qyt * 2, column: {name: n, type: integer}}\n") ==
      "m.yaml:2:37 [bad-expression]");
  BOOST_TEST(refusal_after(
                 "  - add_column: {table: orders, up: note, column: {name: n, type: integer}}\n") ==
             "m.yaml:2:37 [bad-expression]");
  BOOST_TEST(
      refusal_after(
          "  - add_column: {table: orders, column: {name: n, type: intege, nullable: true}}\n") ==
      "m.yaml:2:57 [unknown-type]");
  BOOST_TEST(
      refusal_after("  - create_index: {table: orders, name: i, columns: [{column: note, collate: "
                    "nowhere}]}\n") == "m.yaml:2:78 [unknown-collation]");
}

BOOST_AUTO_TEST_CASE(operations_see_the_shape_that_those_before_them_left) {
  const model::Version next = after(R"(
  - rename_column: {table: orders, from: note, to: remark}
  - add_column: {table: orders, up: upper(remark), column: {name: shout, type: text, nullable: true}}
  - drop_column: {table: orders, column: remark, down: lower(shout)}
)");
  BOOST_REQUIRE(next.translations.size() == 2u);
  BOOST_TEST(next.translations[0].expression.text == "upper(note)");
  BOOST_TEST(next.translations[1].output == "note");
  BOOST_TEST(next.translations[1].inputs.at(0) == "shout");
  BOOST_TEST(
      refusal_after("  - rename_column: {table: orders, from: note, to: remark}\n"
                    "  - add_column: {table: orders, up: note, column: {name: n, type: text}}\n") ==
      "m.yaml:3:37 [bad-expression]");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::migration
