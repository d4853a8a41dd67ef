// CREATE TRIGGER as pg_get_triggerdef() prints it, with parts of it replaced by position.
//
// PostgreSQL prints keywords in capitals, quotes every name that could be taken for one, and writes
// the columns of a WHEN clause as old.c and new.c: tokens alone say what is what.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sql/identifier.hpp"

namespace pgstrata::sql {

struct TriggerChanges {
  std::vector<std::string> of_columns = {};              // empty: as they are
  std::map<std::string, std::string> when_columns = {};  // of OLD and NEW: name, other name
  Qualified table = {};                                  // empty: as it is
};

// Throws Error(Exit::failure) on a text that is no such statement.
std::string changed_trigger(const std::string& definition, const TriggerChanges& changes);

// The text of its WHEN clause without the parentheses; empty if it has none.
std::string when_clause(const std::string& definition);

}  // namespace pgstrata::sql
