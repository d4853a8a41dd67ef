#include "catalog/bound_view.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "catalog/text_array.hpp"
#include "pgstrata/error.hpp"
#include "sql/references.hpp"

namespace pgstrata::catalog {
namespace {

constexpr const char* output = "pgstrata_e";

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

sql::Sql typed_nulls(const sql::Shape& shape) {
  std::vector<sql::Sql> columns;
  for (const sql::ShapeColumn& column : shape.columns) {
    sql::Sql value = sql::format("NULL::{}", sql::Sql::trusted(column.type));
    if (!column.collation.empty()) {
      value = sql::format("({} COLLATE {})", value, sql::Sql::trusted(column.collation));
    }
    columns.push_back(sql::format("{} AS {}", value, sql::Name(column.name)));
  }
  return sql::format("(SELECT {}) AS {}", sql::join(columns, ", "), sql::Name(shape.table));
}

// Node kinds of a stored tree that cannot raise by themselves; two spellings, before and since 16.
bool harmless_node(const std::string& kind) {
  static const std::unordered_set<std::string> harmless = {"FROMEXPR",
                                                           "RANGETBLREF",
                                                           "TARGETENTRY",
                                                           "VAR",
                                                           "CONST",
                                                           "OPEXPR",
                                                           "FUNCEXPR",
                                                           "COALESCE",
                                                           "COALESCEEXPR",
                                                           "CASE",
                                                           "CASEEXPR",
                                                           "WHEN",
                                                           "CASEWHEN",
                                                           "CASETESTEXPR",
                                                           "BOOLEXPR",
                                                           "NULLTEST",
                                                           "BOOLEANTEST",
                                                           "DISTINCTEXPR",
                                                           "NULLIFEXPR",
                                                           "RELABELTYPE",
                                                           "COLLATEEXPR",
                                                           "COLLATE",
                                                           "MINMAX",
                                                           "MINMAXEXPR",
                                                           "SQLVALUEFUNCTION",
                                                           "SCALARARRAYOPEXPR",
                                                           "ARRAY",
                                                           "ARRAYEXPR"};
  return harmless.contains(kind);
}

// Functions of pg_catalog that return for every argument: concatenation and case of text, widening
// casts, and the comparison operators' functions (…eq, …lt).
bool harmless_function(const std::string& signature) {
  static const std::unordered_set<std::string> harmless = {"textcat(text,text)",
                                                           "lower(text)",
                                                           "upper(text)",
                                                           "initcap(text)",
                                                           "btrim(text)",
                                                           "ltrim(text)",
                                                           "rtrim(text)",
                                                           "btrim(text,text)",
                                                           "ltrim(text,text)",
                                                           "rtrim(text,text)",
                                                           "length(text)",
                                                           "md5(text)",
                                                           "reverse(text)",
                                                           "concat(any)",
                                                           "concat_ws(text,any)",
                                                           "left(text,integer)",
                                                           "right(text,integer)",
                                                           "text(name)",
                                                           "text(boolean)",
                                                           "text(character)",
                                                           "int4(smallint)",
                                                           "int8(smallint)",
                                                           "int8(integer)",
                                                           "float8(smallint)",
                                                           "float8(integer)",
                                                           "float8(real)",
                                                           "float4(smallint)",
                                                           "numeric(smallint)",
                                                           "numeric(integer)",
                                                           "numeric(bigint)",
                                                           "now()"};
  if (harmless.contains(signature)) return true;
  const auto parenthesis = signature.find('(');
  static const std::vector<std::string> compared = {
      "bool",  "int2",     "int4",  "int8",       "int24",        "int42", "int28",
      "int82", "int48",    "int84", "float4",     "float8",       "text",  "bpchar",
      "name",  "numeric_", "date_", "timestamp_", "timestamptz_", "uuid_", "enum_"};
  static const std::vector<std::string> comparisons = {"eq", "ne", "lt", "le", "gt", "ge"};
  const std::string name = signature.substr(0, parenthesis);
  if (name == "text_lt" || name == "text_le" || name == "text_gt" || name == "text_ge") return true;
  return name.size() > 2 &&
         std::ranges::find(comparisons, name.substr(name.size() - 2)) != comparisons.end() &&
         std::ranges::find(compared, name.substr(0, name.size() - 2)) != compared.end();
}

bool asks_for_the_session(const std::string& signature) {
  static const std::vector<std::string_view> prefixes = {
      "current_setting(", "current_schema(", "current_schemas(", "current_user(",
      "session_user(",    "system_user(",    "pg_has_role("};
  return std::ranges::any_of(prefixes,
                             [&](std::string_view p) { return signature.starts_with(p); }) ||
         (signature.starts_with("has_") && signature.find("_privilege(") != std::string::npos);
}

}  // namespace

std::string BoundView::in_user_terms(std::string message, const std::string& subject) {
  // The user wrote neither our WHERE nor our column.
  const auto replace = [&](std::string_view ours, std::string_view theirs) {
    const auto at = message.find(ours);
    if (at != std::string::npos) message.replace(at, ours.size(), theirs);
  };
  replace("not allowed in WHERE", "not allowed here");
  replace("column \"pgstrata_e\"", subject);
  return message;
}

int BoundView::position_in_expression(int position) const {
  if (position <= 0) return 0;
  const auto at = static_cast<std::size_t>(position) - 1;
  for (const std::size_t begin : {first, second}) {
    // The newline and the parenthesis after each copy count as its end.
    if (at >= begin && at < begin + length + 2) {
      return static_cast<int>(std::min(at - begin, length)) + 1;
    }
  }
  return 0;
}

BoundView make_bound_view(const sql::Qualified& view, const std::string& expression,
                          const sql::Shape& shape) {
  // Each copy ends in a newline, which closes a trailing -- comment.
  const std::string before = sql::format("CREATE VIEW {} AS SELECT (", view).str();
  const std::string between =
      sql::format(
          "\n) AS {} FROM {}, (SELECT NULL::integer AS pgstrata_x) AS pgstrata_other WHERE ((",
          sql::Name(output), typed_nulls(shape))
          .str();
  BoundView result;
  result.statement = before + expression + between + expression + "\n)) IS NOT NULL";
  result.length = characters(expression);
  result.first = characters(before);
  result.second = result.first + result.length + characters(between);
  return result;
}

// ev_action is the view's stored tree; from the outer join tree on it holds the expression twice
// and nothing of our typed NULLs. Functions and operators stand there by oid, built-in ones
// included, which pg_depend does not list. Casts through text call the types' input and output
// functions unnamed; those to text itself only print, and are left out of the node kinds.
std::string bound_view_query() {
  return R"sql(
WITH tree AS MATERIALIZED (
  SELECT substr(r.ev_action::text, strpos(r.ev_action::text, ':fromlist (')) AS nodes
  FROM pg_rewrite r WHERE r.ev_class = $1::regclass)
SELECT pg_get_viewdef($1::regclass), format_type(a.atttypid, a.atttypmod),
       CASE WHEN a.attcollation <> t.typcollation THEN (
         SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname)
         FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
         WHERE c.oid = a.attcollation) END,
       (SELECT count(*) FROM pg_attribute x WHERE x.attrelid = a.attrelid AND x.attnum > 0),
       ARRAY(SELECT DISTINCT m.k[1] FROM regexp_matches(nodes, '\{([A-Z_]+)', 'g') AS m (k)
             WHERE m.k[1] <> 'COERCEVIAIO' OR nodes ~ ':resulttype (?!25 )\d+ :resultcollid'),
       ARRAY(SELECT DISTINCT p.provolatile::text
                    || CASE WHEN n.nspname <> 'pg_catalog' AND NOT EXISTS (
                              SELECT FROM pg_depend e
                              WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid
                                AND e.deptype = 'e')
                            THEN 'u' ELSE '-' END
                    || p.oid::regprocedure
             FROM regexp_matches(nodes, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') AS m (f)
             JOIN pg_proc p ON p.oid = m.f[1]::oid
             JOIN pg_namespace n ON n.oid = p.pronamespace),
       nodes ~ ':rtekind 0 ' OR nodes ~ ':consttype 2205 ' OR nodes ~ '\{NEXTVALUEEXPR',
       nodes ~ '\{SQLVALUEFUNCTION :op (9|1[0124]) ',
       nodes ~ '\{COERCEVIAIO' AND EXISTS (
         SELECT FROM regexp_matches(nodes, ':[a-z]*type (\d+)', 'g') AS m (o)
         JOIN pg_type y ON y.oid = m.o[1]::oid
         JOIN pg_proc f ON f.oid IN (y.typinput, y.typoutput) AND f.provolatile <> 'i')
FROM tree, pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1::regclass AND a.attnum = 1)sql";
}

sql::Expression read_bound_view(const db::Result& row) {
  sql::Expression expression;
  if (row.size() != 1 || row.integer(0, 3) != 1) {
    throw Error(Exit::migration, "bad-expression", "this is not one value but several columns");
  }
  expression.text = sql::select_target(row.text(0, 0), output);
  if (expression.text.empty()) {
    throw Error(Exit::migration, "unsupported-syntax",
                "cannot read back what PostgreSQL made of the expression");
  }
  expression.type = row.text(0, 1);
  expression.collation = row.text_or(0, 2, "");
  expression.reads_tables = row.boolean(0, 6);
  expression.session_dependent = row.boolean(0, 7);
  const auto at_least = [&](sql::Volatility volatility) {
    expression.volatility = std::max(expression.volatility, volatility);
  };
  if (row.boolean(0, 8)) at_least(sql::Volatility::stable);
  expression.can_raise = false;
  for (const std::string& kind : parse_array(row.rows_[0][4])) {
    if (kind == "SQLVALUEFUNCTION") at_least(sql::Volatility::stable);
    if (kind == "NEXTVALUEEXPR") at_least(sql::Volatility::volatile_);
    if (!harmless_node(kind)) expression.can_raise = true;
  }
  // Each entry: volatility, whose function it is, signature.
  for (const std::string& entry : parse_array(row.rows_[0][5])) {
    if (entry[0] == 's') at_least(sql::Volatility::stable);
    if (entry[0] == 'v') at_least(sql::Volatility::volatile_);
    std::string signature = entry.substr(2);
    std::erase(signature, '"');  // around names that are keywords, such as "left"
    if (entry[1] == 'u') expression.calls_user_code = true;
    if (asks_for_the_session(signature)) expression.session_dependent = true;
    if (!harmless_function(signature)) expression.can_raise = true;
    // The sequence may be named by a text that is no constant.
    for (const char* reader : {"nextval(", "currval(", "setval(", "lastval("}) {
      if (signature.starts_with(reader)) expression.reads_tables = true;
    }
  }
  return expression;
}

}  // namespace pgstrata::catalog
