// Installs and upgrades the state schema from the numbered files in schemas/state.
#pragma once

#include "db/connection.hpp"
#include "state/store.hpp"

namespace pgstrata::state {

// The version this release reads and writes: the number of the last file.
int current_schema_version();

// The version installed in the database, 0 if none.
int installed_schema_version(db::Connection& connection, const Names& names);

// Throws Error(Exit::state, "newer-state-schema") if it is newer than this release.
void refuse_newer(int installed, const Names& names);

// Brings the schema to the current version in one transaction; safe against others doing the same.
// True if it changed something. Throws as Store::ensure().
bool install_schema(db::Connection& connection, const Names& names);

// Whose hashtextextended is the advisory lock of whoever installs or upgrades it.
std::string upgrade_key(const Names& names);

// For an upgrade: until the transaction ends, no command on any base schema is at work, and no
// transaction of one that was killed goes past the fence. Others that wait for the upgrade are
// none. Throws Error(Exit::state, "another-runner") naming one that is.
void keep_runners_out(db::Connection& connection, const Names& names);

}  // namespace pgstrata::state
