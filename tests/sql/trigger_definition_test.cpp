#define BOOST_TEST_DYN_LINK
#include "sql/trigger_definition.hpp"

#include <boost/test/unit_test.hpp>

#include "pgstrata/error.hpp"

using namespace pgstrata::sql;

BOOST_AUTO_TEST_SUITE(trigger_definition)

BOOST_AUTO_TEST_CASE(each_part_is_replaced_and_nothing_else_is) {
  const std::string printed =
      "CREATE TRIGGER \"ON\" AFTER INSERT OR UPDATE OF a, \"select\" ON public.t FOR EACH ROW "
      "WHEN (((old.a IS DISTINCT FROM new.a) AND (new.b <> 'old.a WHEN (new.a)'::text))) EXECUTE "
      "FUNCTION new.a('OF a ON public.t')";
  BOOST_TEST(changed_trigger(printed, {}) == printed);
  BOOST_TEST(changed_trigger(printed, {.of_columns = {"a", "_a_2"},
                                       .when_columns = {{"a", "A b"}, {"b", "c"}},
                                       .table = {"s", "Other"}}) ==
             "CREATE TRIGGER \"ON\" AFTER INSERT OR UPDATE OF a, _a_2 ON s.\"Other\" FOR EACH ROW "
             "WHEN (((old.\"A b\" IS DISTINCT FROM new.\"A b\") AND (new.c <> 'old.a WHEN "
             "(new.a)'::text))) EXECUTE FUNCTION new.a('OF a ON public.t')");
  BOOST_TEST(when_clause(printed) ==
             "((old.a IS DISTINCT FROM new.a) AND (new.b <> 'old.a WHEN (new.a)'::text))");
}

BOOST_AUTO_TEST_CASE(fields_and_functions_that_are_called_like_a_row_stay) {
  const std::string printed =
      "CREATE CONSTRAINT TRIGGER \"when\" AFTER UPDATE ON public.t FROM old.a DEFERRABLE INITIALLY "
      "DEFERRED FOR EACH ROW WHEN ((new.f(((old.c).old).a) > new.a)) EXECUTE FUNCTION public.g()";
  BOOST_TEST(
      changed_trigger(printed, {.of_columns = {"x"}, .when_columns = {{"a", "b"}, {"f", "g"}}}) ==
      "CREATE CONSTRAINT TRIGGER \"when\" AFTER UPDATE ON public.t FROM old.a DEFERRABLE "
      "INITIALLY DEFERRED FOR EACH ROW WHEN ((new.f(((old.c).old).a) > new.b)) EXECUTE "
      "FUNCTION public.g()");
}

BOOST_AUTO_TEST_CASE(whole_rows_name_no_column) {
  const std::string printed =
      "CREATE TRIGGER t1 BEFORE UPDATE ON public.t FOR EACH ROW WHEN ((old.* IS DISTINCT FROM "
      "new.*)) EXECUTE FUNCTION public.g()";
  BOOST_TEST(changed_trigger(printed, {.when_columns = {{"a", "b"}}}) == printed);
  BOOST_TEST(when_clause("CREATE TRIGGER t1 AFTER DELETE ON public.t FOR EACH STATEMENT EXECUTE "
                         "FUNCTION public.g()")
                 .empty());
  BOOST_CHECK_THROW(changed_trigger("SELECT 1", {}), pgstrata::Error);
}

BOOST_AUTO_TEST_SUITE_END()
