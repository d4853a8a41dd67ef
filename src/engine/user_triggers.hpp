// Users' triggers in the commands: what has to be agreed to, what PostgreSQL says of their WHEN
// clauses over a new shape, and what somebody's DDL has put out of order.
#pragma once

#include "engine/commands.hpp"

namespace pgstrata::engine {

// Error(Exit::migration, "triggers-fire") for the first that a backfill would fire.
void refuse_firing(const std::vector<plan::Step>& steps);

// Makes them over an empty stand-in of the newest version's table, in a transaction that is rolled
// back; Error(Exit::migration, "not-possible") with PostgreSQL's own words.
void try_triggers(Session& session, const Prepared& prepared);

// What becomes of them, and of those that a backfill fires.
void add_triggers(PlanReport& report, Session& session, const Prepared& prepared);
// What is out of order with them while several versions are live.
std::vector<std::string> trigger_disorder(Session& session, const plan::Chain& chain);

// Refuses to go on from shapes that may have come apart: Error(Exit::state, "sync-broken").
void require_sync(const plan::Surroundings& around, const plan::Chain& chain);

// Those of all tables, without the rest of the catalog. Refuses what the retirement of the oldest
// version cannot carry over: triggers may have been made or changed since the start.
plan::Surroundings around_triggers(Session& session, const catalog::Snapshot& nothing,
                                   const plan::Chain& chain);

}  // namespace pgstrata::engine
