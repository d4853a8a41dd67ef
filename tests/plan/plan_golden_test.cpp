// Whole plans, as a DBA reads them before agreeing: tests/plan/golden/plan_*.txt.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "flight.hpp"

namespace pgstrata::plan {
namespace {

using test::table;

// A column changes its type and its domain, another is demanded, a third follows from both.
catalog::Snapshot accounts() {
  return test::snapshot({table("accounts")
                             .column("id", "integer")
                             .column("balance", "integer", "0")
                             .column("Owner", "text")
                             .primary_key("id")
                             .required("balance")
                             .check("solvent", "(balance >= 0)", {"balance"})
                             .index("accounts_balance_idx", "balance")
                             .comment_on("balance", "in cents")
                             .grant("app", "SELECT")
                             .grant("app", "INSERT")
                             .grant("teller", "UPDATE", "balance")});
}

const char* const to_decimals = R"(
  - alter_column:
      table: accounts
      column: balance
      type: numeric(12,2)
      up: balance / 100.0
      down: (balance * 100)::integer
  - add_column:
      table: accounts
      up: upper("Owner")
      column: {name: label, type: text, nullable: true}
  - alter_column: {table: accounts, column: Owner, nullable: false}
)";

// Tables come, go and change their names.
catalog::Snapshot shop() {
  return test::snapshot(
      {table("customers").column("id", "integer").column("name", "text").primary_key("id"),
       table("Old Log").column("entry", "text"),
       table("orders")
           .column("id", "integer")
           .column("customer", "integer")
           .primary_key("id")
           .references("orders_customer_fk", "customer", "customers", "id", 'c')});
}

const char* const new_tables = R"(
  - create_table:
      name: parcels
      columns:
        - {name: id, type: serial, pk: true}
        - {name: order_id, type: integer,
           references: {name: parcels_order_fk, table: orders, column: id, on_delete: CASCADE}}
  - drop_table: {name: Old Log}
  - rename_table: {from: customers, to: people}
  - rename_column: {table: orders, from: customer, to: person}
  - add_column: {table: orders, column: {name: state, type: text, default: "'open'"}}
  - create_index: {table: orders, name: orders_state_idx, columns: [state]}
)";

// On top of to_decimals: the third version.
const char* const renamed = R"(
  - rename_column: {table: accounts, from: label, to: title}
  - drop_column: {table: accounts, column: Owner, down: lower(title)}
)";

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_golden)

BOOST_AUTO_TEST_CASE(columns_change_between_two_versions) {
  Flight flight(accounts());
  compare_with_golden("plan_columns_start.txt", text(flight.start(to_decimals)));
  compare_with_golden("plan_columns_rollback.txt", text(flight.rollback().steps));
  compare_with_golden("plan_columns_complete.txt", text(flight.complete().steps));
}

BOOST_AUTO_TEST_CASE(tables_change_between_two_versions) {
  Flight flight(shop());
  compare_with_golden("plan_tables_start.txt", text(flight.start(new_tables)));
  compare_with_golden("plan_tables_rollback.txt", text(flight.rollback().steps));
  compare_with_golden("plan_tables_complete.txt", text(flight.complete().steps));
}

BOOST_AUTO_TEST_CASE(a_third_version_over_a_table_with_links_below) {
  Flight flight(accounts());
  flight.start(to_decimals);
  compare_with_golden("plan_third_start.txt", text(flight.start(renamed)));
  compare_with_golden("plan_third_rollback.txt", text(flight.rollback().steps));
  compare_with_golden("plan_third_complete.txt", text(flight.complete().steps));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::plan
