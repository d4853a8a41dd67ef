// Version models from what PostgreSQL has now.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/snapshot.hpp"
#include "model/version.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {

// The shape of one base table; every physical name is the logical one.
Table table_from_catalog(const catalog::Table& table);

// The whole base schema as a version: a baseline, or what a `sql` operation left.
Version version_from_catalog(const catalog::Snapshot& snapshot, int ordinal,
                             const std::string& name, const std::string& schema);

// Columns that `before` showed stand in its order, new ones after them: completions add columns at
// the end of a table, whatever their place in a version.
void keep_column_order(Version& version, const Version& before);

// The catalog is read a part at a time, and most of a part is let go of once it has been looked at:
// these two look. `take` each table of the base schema once, in any order; what is wrong is thrown
// by `finish`, which asks the snapshot for nothing but the names of its tables.

// The only live version, brought up to date with the catalog: its tables, columns and their order
// stay, what the catalog says of them (defaults, indexes, constraints, comments) is taken anew.
class Refresh {
 public:
  explicit Refresh(const Version& version);
  void take(const catalog::Table& base);
  // What differs is said in `drift`, one sentence each. Throws Error(Exit::state, "drift") where a
  // table or column of the version is gone or has another type.
  Version finish(const catalog::Snapshot& snapshot, std::vector<std::string>& drift);

 private:
  const Version& version_;
  Version fresh_;
  std::map<std::string, std::vector<std::string>> drift_;  // by logical table
  std::optional<Error> wrong_;
};

}  // namespace pgstrata::model
