// What one statement makes or drops, for those that refuse to run inside a transaction.
#pragma once

#include <optional>
#include <string>

#include "sql/identifier.hpp"

namespace pgstrata::sql {

struct Subject {
  enum class Thing { index, partition, database, tablespace, subscription };
  Thing thing = Thing::index;
  bool makes = true;  // or drops, or detaches
  Qualified name;     // the schema is empty where the statement names none
  Qualified table;    // of an index that is made; of a partition
};

// Absent where there is none, it has no name, or our grammar cannot read the statement.
std::optional<Subject> subject_of(const std::string& statement);

}  // namespace pgstrata::sql
