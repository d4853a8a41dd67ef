// What the two halves of model/drift share.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "model/version.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {

[[noreturn]] inline void drifted(const std::string& what, const std::string& where,
                                 const std::string& hint) {
  throw Error(Exit::state, "drift", what, where, hint);
}

// Does any of the versions have an element of that physical name on the table?
bool known(const std::vector<Version>& versions, const std::string& table, auto member,
           const std::string& name) {
  return std::ranges::any_of(versions, [&](const Version& version) {
    const Table* shown = version.physical_table(table);
    return shown && std::ranges::any_of(shown->*member,
                                        [&](auto& element) { return element.physical == name; });
  });
}

inline bool known_constraint(const std::vector<Version>& versions, const std::string& table,
                             const std::string& name) {
  if (known(versions, table, &Table::checks, name) ||
      known(versions, table, &Table::foreign_keys, name) ||
      known(versions, table, &Table::indexes, name))
    return true;
  return std::ranges::any_of(versions, [&](const Version& version) {
    return std::ranges::any_of(
        version.rules, [&](auto& rule) { return rule.table == table && rule.helper == name; });
  });
}

}  // namespace pgstrata::model
