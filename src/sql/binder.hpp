// What the compiler asks PostgreSQL before anything is changed.
//
// The interface exists so that everything up to the plan is a pure function of its answers: unit
// tests feed it answers recorded from a server, the engine uses catalog::ServerBinder.
#pragma once

#include <string>
#include <vector>

#include "sql/expression.hpp"

namespace pgstrata::sql {

// A column as an expression sees it: name, full type with typmod, collation if not the type's
// default.
struct ShapeColumn {
  std::string name, type, collation;
  bool operator==(const ShapeColumn&) const = default;
};

// The row an expression is bound over. `table` is the name that may qualify its columns.
struct Shape {
  std::string table;
  std::vector<ShapeColumn> columns;
};

struct BoundType {
  std::string type;       // as format_type prints it under search_path = pg_catalog
  std::string collation;  // default collation of the type differs per column; empty = default
  std::string
      serial;  // "smallint", "integer", "bigint" if the text named a serial pseudo-type, else empty
  bool image_equality =
      false;  // equality is identity of bytes (btree equalimage), so `=` may stand for it
  bool is_domain = false;
};

class Binder {
 public:
  virtual ~Binder() = default;
  // Binds `source` over `shape`; `target` (a bound type, may be empty) must be assignable from it.
  // Throws Error(Exit::migration, "bad-expression", …) whose message is PostgreSQL's own with a
  // caret position relative to `source` in where/hint; `where` is passed through to the error.
  virtual Expression bind(const std::string& source, const Shape& shape, const std::string& target,
                          const std::string& where) = 0;
  // Resolves a type name ("varchar(20)", "serial", "app.mood[]"). Throws "unknown-type".
  virtual BoundType type(const std::string& source, const std::string& where) = 0;
  // Can a value of `from` be cast to `to` without USING, by assignment? And is that cast unable to
  // raise or to lose anything (binary coercible or a widening such as integer → bigint)?
  virtual bool assignable(const std::string& from, const std::string& to) = 0;
  virtual bool lossless(const std::string& from, const std::string& to) = 0;
  // A collation or operator class as the user names it ("de_DE", "gin_trgm_ops", "ext.my_ops"):
  // qualified and quoted. Throws "unknown-collation", "unknown-operator-class".
  virtual std::string collation(const std::string& source, const std::string& where) = 0;
  virtual std::string operator_class(const std::string& source, const std::string& method,
                                     const std::string& where) = 0;
};

}  // namespace pgstrata::sql
