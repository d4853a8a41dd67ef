// Unit T: one table takes the shape of the now oldest version, under its one lock.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "plan/settle.hpp"

namespace pgstrata::plan {

// What the retirement of a version means for one table that stays.
struct TableChange {
  std::string physical;                         // the table's name when the unit runs
  std::string stem;                             // names its sync functions
  TableNames names;                             // what it and its parts will be called
  const model::Table* retired = nullptr;        // none: the table is newer than the retired version
  const model::Table* oldest = nullptr;         // of the now oldest version, in the names before
  const model::Table* settled = nullptr;        // the same in the names after
  std::vector<const model::Column*> dying;      // physical columns that no survivor shows
  std::vector<std::string> dying_after_rename;  // their names once survivors took theirs
  std::set<std::string> newer_columns;          // physical names that survivors hold
  std::vector<std::string> dying_indexes;       // without a constraint
  std::vector<std::string> dying_constraints;   // checks and keys of the retired version
  std::set<std::string> filled;  // physical columns that translations of the oldest version fill
  std::vector<const model::Rule*> rules;      // of the oldest, native from now on
  bool linked = false, still_linked = false;  // triggers before, triggers afterwards
  bool keeps_triggers = false;                // they never knew the retired version
  bool paired = false;                        // its triggers go round those of users
  std::vector<std::string> pairs_up;          // makes them go round those of users from now on
  bool drops_marker = false;
  bool drops_columns_at_once = false;  // no inner view lists what goes
  std::vector<bool> hides_default;     // per survivor: its view must go on hiding a base default
  std::vector<std::vector<std::string>> pruned;  // per survivor: what its inner view must let go
  std::vector<std::string> relaxed;              // physical columns that lose NOT NULL
};

TableChange table_change(const Surroundings& around, const model::Version& retired,
                         const Chain& before, const Chain& after, const std::string& physical,
                         const TableNames& names);

std::vector<std::string> settle_statements(const Surroundings& around, const TableChange& change);

// Fails with check_violation if any row breaks the rule; reads the table, locks nothing.
Step count_violations(const Surroundings& around, const model::Table& table,
                      const model::Rule& rule);
Step drop_foreign_key(const Surroundings& around, const std::string& table,
                      const model::ForeignKey& key, const std::string& phase);

}  // namespace pgstrata::plan
