#include "fixture.hpp"

using namespace pgstrata;
using namespace pgstrata::test;
using sql::Volatility;

namespace {

struct Binding : Schemas {
  Binding() : binder(connection, "ct_scratch", "\"Ct base\", ct_other") {
    connection.execute(
        "SET search_path = pg_catalog; CREATE TABLE \"Ct base\".users (id int, name text)");
  }
  sql::Expression bind(const std::string& source, const std::string& target = "") {
    return binder.bind(source, shape, target, "m.yaml:3:7");
  }
  Error error(const std::string& source, const std::string& target = "") {
    try {
      bind(source, target);
    } catch (const Error& error) {
      return error;
    }
    return Error(Exit::done, "none", "none");
  }
  catalog::ServerBinder binder;
  sql::Shape shape{"users",
                   {{"id", "integer", ""},
                    {"name", "text", ""},
                    {"na\"me", "character varying(10)", "pg_catalog.\"C\""},
                    {"mood", "ct_other.mood", ""},
                    {"ci", "ct_other.citext", ""},
                    {"tags", "text[]", ""},
                    {"at", "timestamp with time zone", ""},
                    {"select", "boolean", ""}}};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(binder)

BOOST_AUTO_TEST_CASE(a_bare_column_is_an_identity) {
  Binding b;
  const auto expression = b.bind(" \"Ct base\".users.name -- same");
  BOOST_TEST(expression.text == "users.name");
  BOOST_TEST(expression.type == "text");
  BOOST_TEST(expression.identity_of() == "name");
  BOOST_TEST(!expression.can_raise);
}

BOOST_AUTO_TEST_CASE(names_come_back_qualified_and_referenced) {
  Binding b;
  const auto expression = b.bind("upper(\"na\"\"me\") || ci || \"select\"");
  BOOST_TEST((expression.inputs() == Strings{"na\"me", "ci", "select"}));
  BOOST_TEST(expression.text.find("users.\"na\"\"me\"") != std::string::npos);
  BOOST_TEST(b.bind("ci = 'x'").text == "(users.ci OPERATOR(ct_other.=) 'x'::ct_other.citext)");
  BOOST_TEST(b.bind("upper(\"na\"\"me\")").collation == "pg_catalog.\"C\"");
}

BOOST_AUTO_TEST_CASE(a_real_table_of_the_same_name_is_told_from_the_row) {
  Binding b;
  const auto expression = b.bind("(SELECT max(users.id) FROM users) + id");
  BOOST_TEST((expression.inputs() == Strings{"id"}));
  BOOST_TEST(expression.references.size() == 1u);
  BOOST_TEST(expression.reads_tables);
}

BOOST_AUTO_TEST_CASE(nothing_is_left_behind) {
  Binding b;
  b.bind("id + 1");
  b.error("nosuch");
  BOOST_TEST(b.binder.assignable("integer", "text"));
  b.binder.type("numeric(3,1)", "");
  BOOST_TEST(
      b.connection
          .execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'ct_scratch'::regnamespace")
          .integer(0, 0) == 0);
  BOOST_TEST(b.connection.execute("SHOW search_path").text(0, 0) == "pg_catalog");
}

BOOST_AUTO_TEST_CASE(anything_but_one_value_per_row_is_refused) {
  Binding b;
  for (const char* source :
       {"count(*)", "generate_series(1, 2)", "row_number() OVER ()", "users.*", "users", "id, name",
        "1); DROP TABLE users; SELECT (2", "id +", "", "ROW(id, name)"}) {
    BOOST_TEST(b.error(source).code() == "bad-expression", source);
  }
  BOOST_TEST(b.error("users::text").code() == "whole-row");
}

BOOST_AUTO_TEST_CASE(errors_are_postgres_own_with_the_place) {
  Binding b;
  const Error error = b.error("\"Ct base\".users.name || 'é' || nosuch");
  BOOST_TEST(error.message() ==
             "column \"nosuch\" does not exist at character 32 of the expression");
  BOOST_TEST(error.hint() ==
             "\"Ct base\".users.name || 'é' || nosuch\n" + std::string(31, ' ') + "^");
  BOOST_TEST(error.where() == "m.yaml:3:7");
  BOOST_TEST(b.error("count(id)").message() ==
             "aggregate functions are not allowed here at character 1 of the expression");
  BOOST_TEST(b.error("id +").message() == "syntax error at the end of the expression");
}

BOOST_AUTO_TEST_CASE(the_target_must_be_assignable) {
  Binding b;
  BOOST_TEST(b.error("name", "integer").code() == "bad-expression");
  BOOST_TEST(b.bind("id", "bigint").type == "integer");
  BOOST_TEST(b.bind("id", "smallint").type == "integer");
}

BOOST_AUTO_TEST_CASE(untyped_constants_take_the_targets_type) {
  Binding b;
  BOOST_TEST(b.bind("'{a,b}'", "text[]").text == "'{a,b}'::text[]");
  BOOST_TEST(b.bind("'ok'", "ct_other.mood").type == "ct_other.mood");
  BOOST_TEST(b.bind("NULL", "integer").text == "NULL::integer");
  BOOST_TEST(b.bind("'abc'", "character varying(3)").text == "'abc'::character varying");
  BOOST_TEST(b.error("'bad'", "ct_other.mood").message() ==
             "invalid input value for enum mood: \"bad\"");
  BOOST_TEST(b.error("'abcd'", "character varying(3)").message() ==
             "value too long for type character varying(3)");
}

BOOST_AUTO_TEST_CASE(volatility_is_that_of_what_is_called) {
  Binding b;
  BOOST_TEST((b.bind("id + 1").volatility == Volatility::immutable));
  BOOST_TEST((b.bind("now()").volatility == Volatility::stable));
  BOOST_TEST((b.bind("CURRENT_DATE").volatility == Volatility::stable));
  BOOST_TEST((b.bind("at::text").volatility == Volatility::stable));
  BOOST_TEST((b.bind("at + interval '1 day'").volatility == Volatility::stable));
  BOOST_TEST((b.bind("random()").volatility == Volatility::volatile_));
  BOOST_TEST((b.bind("'random()'").volatility == Volatility::immutable));
}

BOOST_AUTO_TEST_CASE(what_an_expression_reaches_is_known) {
  Binding b;
  b.connection.execute(
      "CREATE FUNCTION \"Ct base\".mine(int) RETURNS int LANGUAGE sql AS 'SELECT $1';"
      "CREATE SEQUENCE \"Ct base\".q");
  BOOST_TEST(b.bind("mine(id)").calls_user_code);
  BOOST_TEST(!b.bind("ci = 'x'").calls_user_code);  // an extension's
  BOOST_TEST(b.bind("nextval('q')").reads_tables);
  BOOST_TEST(b.bind("EXISTS (SELECT FROM pg_class)").reads_tables);
  BOOST_TEST(!b.bind("(SELECT id)").reads_tables);
  for (const char* source : {"current_user::text", "session_user::text", "user::text",
                             "current_setting('a.b')", "current_schema()::text"}) {
    BOOST_TEST(b.bind(source).session_dependent, source);
  }
  BOOST_TEST(!b.bind("now()").session_dependent);
}

BOOST_AUTO_TEST_CASE(only_what_provably_returns_cannot_raise) {
  Binding b;
  for (const char* source : {"name", "'x'", "coalesce(name, '') || 'y'", "upper(name)", "id::text",
                             "CASE WHEN id > 3 THEN name END", "name IN ('a', 'b')", "id::bigint",
                             "mood::text", "\"select\" AND id IS NOT NULL", "NULL::integer"}) {
    BOOST_TEST(!b.bind(source).can_raise, source);
  }
  for (const char* source :
       {"id + 1", "name::int", "id / 2", "split_part(name, ' ', 1)", "name::ct_other.mood",
        "id::smallint", "(SELECT id)", "tags[1]::int"}) {
    BOOST_TEST(b.bind(source).can_raise, source);
  }
}

BOOST_AUTO_TEST_CASE(types_are_resolved_and_nothing_else) {
  Binding b;
  BOOST_TEST(b.binder.type("varchar(20)", "").type == "character varying(20)");
  BOOST_TEST(b.binder.type("mood[]", "").type == "ct_other.mood[]");
  BOOST_TEST(b.binder.type("BigSerial", "").serial == "bigint");
  BOOST_TEST(b.binder.type("BigSerial", "").type == "bigint");
  BOOST_TEST(b.binder.type("posint", "").is_domain);
  BOOST_TEST(b.binder.type("uuid", "").image_equality);
  BOOST_TEST(!b.binder.type("numeric", "").image_equality);
  for (const char* source :
       {"nosuch", "int; DROP TABLE users", "record", "int) , (1", "", "setof int"}) {
    BOOST_CHECK_EXCEPTION(b.binder.type(source, "w"), Error, [](const Error& error) {
      return error.code() == "unknown-type" && error.where() == "w";
    });
  }
}

BOOST_AUTO_TEST_CASE(casts_that_lose_nothing) {
  Binding b;
  const auto lossless = [&](const char* from, const char* to) {
    return b.binder.lossless(from, to);
  };
  BOOST_TEST(lossless("integer", "bigint"));
  BOOST_TEST(lossless("integer", "numeric(12,2)"));
  BOOST_TEST(lossless("character varying(10)", "character varying(20)"));
  BOOST_TEST(lossless("character varying(10)", "text"));
  BOOST_TEST(lossless("numeric(10,2)", "numeric(12,2)"));
  BOOST_TEST(lossless("ct_other.posint", "integer"));
  BOOST_TEST(lossless("ct_other.mood", "text"));
  BOOST_TEST(!lossless("bigint", "integer"));
  BOOST_TEST(!lossless("integer", "numeric(11,2)"));
  BOOST_TEST(!lossless("numeric(10,2)", "numeric(12,1)"));
  BOOST_TEST(!lossless("text", "character varying(20)"));
  BOOST_TEST(!lossless("character(5)", "text"));
  BOOST_TEST(!lossless("integer", "ct_other.posint"));
  BOOST_TEST(!lossless("date", "timestamp without time zone"));
}

BOOST_AUTO_TEST_CASE(assignability_is_the_servers) {
  Binding b;
  BOOST_TEST(b.binder.assignable("bigint", "integer"));
  BOOST_TEST(b.binder.assignable("integer", "text"));
  BOOST_TEST(b.binder.assignable("integer", "ct_other.posint"));
  BOOST_TEST(!b.binder.assignable("text", "integer"));
  BOOST_TEST(!b.binder.assignable("boolean", "integer"));
}

BOOST_AUTO_TEST_SUITE_END()
