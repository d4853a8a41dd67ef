// The view that makes PostgreSQL bind an expression.
//
// Its one target is the expression, its FROM a sub-select of typed NULLs with the shape's names: no
// lock on any user table, and tables that do not exist yet bind as well. A second FROM item makes
// every server version print qualified names; the expression again in WHERE makes it refuse
// aggregates, window and set-returning functions. Private to src/catalog.
#pragma once

#include <string>

#include "db/connection.hpp"
#include "sql/binder.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::catalog {

struct BoundView {
  std::string statement;              // CREATE VIEW
  std::size_t first = 0, second = 0;  // 0-based characters where the two copies begin
  std::size_t length = 0;             // of the expression, in characters

  // The 1-based character of the expression that a 1-based position in the statement means; one
  // past its end if it means our own text after it, 0 if it means anything else.
  int position_in_expression(int position) const;
  // PostgreSQL's message without what only our statement has.
  static std::string in_user_terms(std::string message, const std::string& subject);
};

BoundView make_bound_view(const sql::Qualified& view, const std::string& expression,
                          const sql::Shape& shape);

// What PostgreSQL says of the view $1: its definition, the target's type, what the target calls.
// One row.
std::string bound_view_query();

// The row of bound_view_query as an Expression, all but `source` and `references`.
sql::Expression read_bound_view(const db::Result& row);

}  // namespace pgstrata::catalog
