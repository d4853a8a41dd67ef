// Bound expressions.
//
// An Expression is SQL that PostgreSQL has already resolved (design.md section 4): every name is
// qualified, and every reference to a column of the migrated row is known by its byte range. It is
// a value; rewriting it to other column names, to NEW.x or to $n is pure and never touches anything
// between two references.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sql/identifier.hpp"

namespace pgstrata::sql {

enum class Volatility { immutable, stable, volatile_ };

struct ColumnReference {
  std::string column;  // logical column name
  std::size_t begin =
      0;  // byte range in Expression::text of the whole reference, qualifier included
  std::size_t end = 0;
  bool operator==(const ColumnReference&) const = default;
};

struct Expression {
  std::string source;     // as the user wrote it, for messages
  std::string text;       // as PostgreSQL printed it under search_path = pg_catalog
  std::string type;       // format_type with typmod, schema-qualified outside pg_catalog
  std::string collation;  // qualified and quoted; empty if default or not collatable
  std::vector<ColumnReference> references;  // in order of appearance
  Volatility volatility = Volatility::immutable;
  bool reads_tables = false;       // reads a table, view or sequence
  bool calls_user_code = false;    // calls a function outside pg_catalog and extensions
  bool session_dependent = false;  // current_user and its kind
  bool can_raise = true;           // false only if evaluation can provably not raise an error
  bool operator==(const Expression&) const = default;

  bool constant() const {
    return references.empty() && volatility != Volatility::volatile_ && !reads_tables;
  }
  bool needs_definer() const { return reads_tables || calls_user_code; }
  // The name of the only thing the expression is, if it is a bare column reference; else empty.
  std::string identity_of() const;
  // Distinct referenced columns, in order of first appearance.
  std::vector<std::string> inputs() const;
  // The text with each reference replaced by what `render` returns for its column.
  Sql rewrite(const std::function<Sql(const std::string& column)>& render) const;
};

}  // namespace pgstrata::sql
