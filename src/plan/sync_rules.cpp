// Rules that only newer versions demand, with the SQLSTATE, wording and fields of PostgreSQL's own.
#include "plan/sync_parts.hpp"

namespace pgstrata::plan::sync {
namespace {

void raise(Code& code, const SyncTable& table, const SyncRule& rule) {
  const bool not_null = rule.constraint.empty();
  const std::string message = not_null
                                  ? "null value in column \"" + rule.column + "\" of relation \"" +
                                        table.table + "\" violates not-null constraint"
                                  : "new row for relation \"" + table.table +
                                        "\" violates check constraint \"" + rule.constraint + "\"";
  code.line("RAISE EXCEPTION USING");
  code.line(std::string("  ERRCODE = '") + (not_null ? "23502" : "23514") + "',");
  code.line("  MESSAGE = " + sql::quote_literal(message) + ",");
  code.line(not_null ? "  COLUMN = " + sql::quote_literal(rule.column) + ","
                     : "  CONSTRAINT = " + sql::quote_literal(rule.constraint) + ",");
  code.line("  TABLE = " + sql::quote_literal(table.table) +
            ", SCHEMA = " + sql::quote_literal(table.base_schema) + ";");
}

}  // namespace

void enforce(Code& code, const Shape& shape, const SyncRule& rule, const std::string& guard) {
  const std::string what = rule.constraint.empty() ? "NOT NULL of " + rule.column
                                                   : "check constraint " + rule.constraint;
  code.note(what + (shape.binds_all(rule)
                        ? " binds every writer"
                        : " binds writers of " + shape.version(rule.from) + " and newer"));
  // Two steps: the condition may raise for rows that it does not bind.
  code.open("IF " + guard + " THEN");
  code.open("IF (" + rule.condition.str() + ") IS FALSE THEN");
  raise(code, shape.table, rule);
  code.end_if();
  code.end_if();
}

}  // namespace pgstrata::plan::sync
