// Changes made by hand while several versions are live, as commands meet them.
#pragma once

#include "engine/session.hpp"
#include "model/drift.hpp"

namespace pgstrata::engine {

// Tables, by their physical names, that two live versions have differently, that are translated, or
// that one of them lacks.
std::vector<std::string> changed_tables(const plan::Chain& chain);

// Refuses to retire chain.front() where that would lose a change, or where something that the
// completion counts on is not there or in its way.
void check_drift(Session& session, const History& history, const plan::Chain& chain);

// The same for a completion that has begun, of the tables that its units have not come to: their
// names are as the models say, but for what is dropped already.
void check_drift_of_rest(Session& session, const History& history, const state::RunRow& run);

// What somebody hung on columns that only the newest version shows, and which of those are not to
// be found: a sentence each. `made`: as plan_rollback says.
std::vector<std::string> columns_by_hand(const plan::Chain& chain,
                                         const catalog::Snapshot& snapshot, const plan::Made& made);

// Refuses to take the newest version off where the triggers of the versions that stay would name a
// column that is not there any more.
void check_staying_columns(const plan::Chain& chain, const catalog::Snapshot& snapshot);

// Refuses to take it off where a twin of it has another name now: it would stay, and be nobody's.
void check_renamed_twins(const plan::Chain& chain, const catalog::Snapshot& snapshot);

// Asks PostgreSQL, on a stand-in.
model::PrintDefault printer_of_defaults(Session& session);

}  // namespace pgstrata::engine
