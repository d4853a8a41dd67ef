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

// A NULL in `column` becomes, by `down` after `down`, a NULL in a native NOT NULL column called
// `name`.
bool natively_reported(const SyncTable& table, const std::string& column, const std::string& name) {
  for (const SyncColumn& c : table.columns)
    if (c.name == column && c.not_null) return c.name == name;
  for (const SyncLink& link : table.links)
    if (!link.up && link.keeps_null && link.inputs == Columns{column})
      return natively_reported(table, link.output, name);
  return false;
}

}  // namespace

bool implied(const SyncTable& table, const SyncRule& rule) {
  return rule.from > table.versions.front().ordinal && rule.constraint.empty() &&
         rule.inputs.size() == 1 && natively_reported(table, rule.inputs.front(), rule.column);
}

void enforce(Code& code, const Shape& shape,
             const std::function<std::string(const SyncRule&)>& guard_of) {
  for (const SyncRule* rule : shape.rules) {
    const std::string guard = guard_of(*rule);
    if (guard.empty()) continue;
    const std::string what = rule->constraint.empty() ? "NOT NULL of " + rule->column
                                                      : "check constraint " + rule->constraint;
    code.note(what + (shape.binds_all(*rule)
                          ? " binds every writer"
                          : " binds writers of " + shape.version(rule->from) + " and newer"));
    // CASE: the condition may raise for rows that it does not bind. In parentheses: PL/pgSQL would
    // take its THEN for that of IF.
    code.open("IF (CASE WHEN " + guard + " THEN (" + rule->condition.str() +
              ") IS FALSE END) THEN");
    raise(code, shape.table, *rule);
    code.end_if();
  }
}

}  // namespace pgstrata::plan::sync
