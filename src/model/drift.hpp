// What somebody changed by hand on base tables while several versions are live.
//
// The models say what belongs to which version. What is beside them and stays is only told; what
// the end of a version would take along is refused, Error(Exit::state, "drift"), with the object's
// name.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/snapshot.hpp"
#include "model/version.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {

// Error(Exit::state, "drift") for what only a new baseline can adopt.
Error changed_behind(const std::string& what, const std::string& where);
Error table_gone(const Version& version, const Table& table);

// Is everything that the live versions show there still, as they show it? `take` each table of the
// base schema once, as the catalog is read; what is wrong is thrown by `finish`, which asks the
// snapshot for nothing but the names of its tables.
class InFlight {
 public:
  explicit InFlight(const std::vector<Version>& live);
  void take(const catalog::Table& base);
  // What is there beside it is said in `drift`.
  void finish(const catalog::Snapshot& snapshot, std::vector<std::string>& drift);

 private:
  const std::vector<Version>& live_;
  // What a `sql` migration left is in its version's model alone; older views follow by themselves.
  std::span<const Version> judged_;
  std::map<std::string, std::vector<std::string>> drift_;  // by base table
  std::optional<Error> wrong_;
};

// A default as PostgreSQL prints it once a column of that type has it.
using PrintDefault = std::function<std::string(const Column& column)>;

// Columns of `before` that `after` holds in twins go with `before`: was anything added to them, or
// changed of them, that their twins do not have? Of those that both share, was anything changed
// that `after` sets to something else? `live` are all live versions, `after` may be the next one.
void check_replaced(const std::vector<Version>& live, const Version& before, const Version& after,
                    const catalog::Snapshot& snapshot, const PrintDefault& print);

// What hangs on a column and is no version's, in words: it goes with the column.
std::vector<std::string> additions_to(const std::vector<Version>& live, const std::string& table,
                                      const std::string& column, const catalog::Snapshot& snapshot);

// The completion of live.front() renames and drops by name: is what the versions have there, and
// are the names that the next one takes free?
void check_names(const std::vector<Version>& live, const catalog::Snapshot& snapshot);
// The part of it that asks what was set by hand on indexes and constraints that copies replace.
void check_settings(const std::vector<Version>& live, const catalog::Snapshot& snapshot);

}  // namespace pgstrata::model
