// Settling: once the oldest version is gone, what is left takes the names of the now oldest
// version.
#pragma once

#include <map>
#include <set>
#include <string>

#include "plan/planner.hpp"

namespace pgstrata::plan {

// Of one physical table; keys are physical names before, values after.
struct TableNames {
  std::string table;  // physical name after
  std::map<std::string, std::string> columns, indexes, constraints;
  std::set<std::string> dying;               // physical columns that only the retired version shows
  std::map<std::string, std::string> heirs;  // of dying identity columns, by their names after
};
using Settlement = std::map<std::string, TableNames>;  // by physical name of the table before

// The names every table of the oldest survivor takes.
Settlement settlement_of(const model::Version& retired, const Chain& survivors);
// The version with the new physical names, in its translations and rules too, and in foreign keys
// that point to settled tables.
model::Version settle(const model::Version& version, const Settlement& settlement,
                      const std::string& base_schema);

}  // namespace pgstrata::plan
