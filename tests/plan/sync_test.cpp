// What the compiled triggers contain and leave out; what they do is tested on a server
// (integration/sync_property_test.py).
#define BOOST_TEST_DYN_LINK
#include "pgstrata/error.hpp"
#include "sync_tables.hpp"

namespace pgstrata::plan {

BOOST_AUTO_TEST_SUITE(sync_triggers)

BOOST_AUTO_TEST_CASE(a_table_without_links_and_rules_needs_nothing) {
  SyncTable table = two_versions();
  table.links.clear();
  const SyncSql compiled = compile_sync(table);
  BOOST_TEST(!compiled.needed);
  BOOST_TEST(compiled.functions.empty());
  BOOST_TEST(compiled.triggers.empty());
}

BOOST_AUTO_TEST_CASE(a_translation_without_inputs_needs_an_update_trigger_only_while_it_fills) {
  SyncTable table = two_versions();
  table.links = {up(2, "_balance_2", {})};
  const SyncSql steady = compile_sync(table);
  BOOST_TEST(steady.needed);
  BOOST_TEST(!steady.update_trigger);
  BOOST_TEST(contains(text(steady.triggers), "DROP TRIGGER IF EXISTS pgstrata_sync_update"));
  const SyncSql fills = compile_sync(filling(table));
  BOOST_TEST(fills.update_trigger);
  BOOST_TEST(contains(text(fills.functions), "IF OLD._m OPERATOR(pg_catalog.>) -2 THEN"));
}

BOOST_AUTO_TEST_CASE(steady_updates_fire_only_for_tracked_columns) {
  const std::string steady = text(compile_sync(two_versions()).triggers);
  BOOST_TEST(contains(steady, "BEFORE UPDATE OF balance, _balance_2 ON"));
  const std::string fills = text(compile_sync(filling(two_versions())).triggers);
  BOOST_TEST(contains(fills, "BEFORE UPDATE ON"));
  BOOST_TEST(contains(fills, "OLD._m OPERATOR(pg_catalog.>) -2"));
}

BOOST_AUTO_TEST_CASE(the_path_is_asked_only_where_a_shared_column_is_read) {
  BOOST_TEST(!contains(text(compile_sync(two_versions()).functions), "current_schemas"));
  BOOST_TEST(contains(text(compile_sync(three_versions()).functions), "current_schemas"));
}

BOOST_AUTO_TEST_CASE(the_unpublished_version_may_not_write) {
  const std::string fills = text(compile_sync(filling(three_versions())).functions);
  BOOST_TEST(!contains(fills, "written through v7"));
  BOOST_TEST(!contains(fills, "'public_v7'"));
  BOOST_TEST(!contains(fills, "down__balance_4"));
  BOOST_TEST(!contains(fills, "23502"));  // its rules bind nobody yet
}

BOOST_AUTO_TEST_CASE(nothing_in_a_body_is_looked_up_by_name) {
  for (const SyncTable& table : {two_versions(), three_versions(), filling(three_versions())}) {
    const std::string body = text(compile_sync(table).functions);
    for (const char* by_name :
         {" IS DISTINCT FROM ", " IN (", " = NEW", " < ", " >= ", " boolean", " text"})
      BOOST_TEST(!contains(body, by_name), by_name);
  }
}

BOOST_AUTO_TEST_CASE(types_of_other_schemas_are_compared_by_image) {
  SyncTable table = two_versions();
  table.columns[1] = shown("balance", 1, 1, "app.score");
  table.columns[1].image_equality = true;
  BOOST_TEST(contains(text(compile_sync(table).triggers),
                      "pg_catalog.record_image_ne(ROW(NEW.balance), ROW(OLD.balance))"));
}

BOOST_AUTO_TEST_CASE(names_that_plpgsql_reserves_are_quoted) {
  SyncTable table = two_versions();
  table.columns[1].name = "loop";
  table.links = {up(2, "_balance_2", {"loop"}), down(2, "loop", {"_balance_2"})};
  BOOST_TEST(contains(text(compile_sync(table).functions), "NEW.\"loop\" := "));
}

BOOST_AUTO_TEST_CASE(names_cannot_leave_comments_or_dollar_quotes) {
  SyncTable table = two_versions();
  table.versions[1].name = "v2\nRAISE";
  table.columns[1].name = "$pgstrata$";
  table.links = {up(2, "_balance_2", {"$pgstrata$"})};
  const std::string functions = text(compile_sync(table).functions);
  BOOST_TEST(!contains(functions, "\nRAISE EXCEPTION"));
  BOOST_TEST(contains(functions, "-- written through v2 RAISE"));
  BOOST_TEST(contains(functions, "AS $pgstrata_$\n"));
}

BOOST_AUTO_TEST_CASE(functions_of_different_tables_have_different_names) {
  SyncTable a = two_versions(), b = two_versions();
  a.table = std::string(60, 'a') + "1";
  b.table = std::string(60, 'a') + "2";
  BOOST_TEST((sync_names(a).insert_function != sync_names(b).insert_function));
  BOOST_TEST((sync_names(a).insert_function != sync_names(a).update_function));
  BOOST_TEST(sync_names(a).update_function.name.size() <= sql::max_identifier_bytes);
}

BOOST_AUTO_TEST_CASE(shared_columns_that_a_translation_or_rule_reads_depend_on_the_path) {
  const std::vector<std::string> expected = {"first", "last", "email"};
  BOOST_TEST(path_dependent_columns(three_versions()) == expected,
             boost::test_tools::per_element());
  BOOST_TEST(path_dependent_columns(filling(three_versions())) == expected,
             boost::test_tools::per_element());
  BOOST_TEST(path_dependent_columns(two_versions()).empty());
}

BOOST_AUTO_TEST_CASE(rules_speak_as_postgresql_does) {
  SyncTable table = three_versions();
  SyncRule check;
  check.from = 2;
  check.constraint = "balance's sign";
  check.inputs = {"balance"};
  check.condition = sql::Sql::trusted("public_support.check_1(NEW.balance)");
  table.rules.push_back(check);
  const std::string functions = text(compile_sync(table).functions);
  BOOST_TEST(contains(
      functions,
      "null value in column \"email\" of relation \"accounts\" violates not-null constraint"));
  BOOST_TEST(
      contains(functions,
               "new row for relation \"accounts\" violates check constraint \"balance''s sign\""));
  BOOST_TEST(contains(functions, "binds every writer"));
}

BOOST_AUTO_TEST_CASE(around_triggers_of_users_sync_runs_first_and_last) {
  SyncTable table = three_versions();
  table.pair = true;
  table.first_trigger = "!pgstrata_";
  table.last_trigger = "~pgstrata_";
  const SyncSql compiled = compile_sync(table);
  BOOST_TEST(!compiled.drops);
  const std::string triggers = text(compiled.triggers);
  for (const char* name : {"\"!pgstrata_insert\"", "\"~pgstrata_insert\"", "\"!pgstrata_update\"",
                           "\"~pgstrata_update\""})
    BOOST_TEST(contains(triggers, std::string("CREATE OR REPLACE TRIGGER ") + name), name);
  // A moved row too must be put in shape, or what a trigger changes in it would go unseen.
  BOOST_TEST(contains(triggers, "BEFORE INSERT ON public.accounts\n  FOR EACH ROW\n"));
  const std::string functions = text(compiled.functions);
  BOOST_TEST(contains(functions, "NEW._s := ARRAY[pg_catalog.concat(ROW(NEW.balance))"));
  BOOST_TEST(contains(functions, "NEW._s := NULL"));
  BOOST_TEST(drop_sync(table).size() == 10u);

  table.standing = {"pgstrata_sync_insert", "~pgstrata_insert"};
  const SyncSql again = compile_sync(table);
  BOOST_TEST(again.drops);
  BOOST_TEST(contains(text(again.triggers), "DROP TRIGGER IF EXISTS pgstrata_sync_insert"));
  BOOST_TEST(!contains(text(again.triggers), "DROP TRIGGER IF EXISTS \"~pgstrata_insert\""));
}

BOOST_AUTO_TEST_CASE(everything_can_be_removed_twice) {
  const auto statements = drop_sync(two_versions());
  BOOST_TEST(statements.size() == 4u);
  for (const auto& statement : statements) BOOST_TEST(contains(statement.str(), " IF EXISTS "));
}

BOOST_AUTO_TEST_CASE(a_link_over_an_unknown_column_is_a_defect) {
  SyncTable table = two_versions();
  table.links.push_back(up(2, "_balance_2", {"nothing"}));
  BOOST_CHECK_THROW(compile_sync(table), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::plan
