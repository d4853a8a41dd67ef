// What PostgreSQL itself has to say about the new shape, before anything is changed.
//
// New tables, indexes, checks and foreign keys are made on empty stand-ins in a transaction that is
// rolled back: an operator class that does not take the type or a key that no unique index backs is
// refused here, not after the backfill. Locks nothing that clients use.
#pragma once

#include "engine/commands.hpp"

namespace pgstrata::engine {

// Error(Exit::migration, "not-possible", …) with PostgreSQL's own words.
void try_out(Session& session, const Prepared& prepared);

// Error(Exit::migration, "down-needed", …) where nothing that the new version could write would be
// taken.
void check_dropped_columns(Session& session, const Prepared& prepared);

}  // namespace pgstrata::engine
