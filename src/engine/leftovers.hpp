// What a statement that refuses a transaction leaves when it is ended half-way: indexes that are
// not valid (CREATE INDEX and REINDEX CONCURRENTLY).
//
// The journal notes before the statement which there were, so those of our own run are told from
// others'. An index that somebody is building right now is not valid either; its table is locked.
#pragma once

#include <string>
#include <vector>

#include "db/connection.hpp"
#include "plan/step.hpp"

namespace pgstrata::engine {

// What the journal says of such a step before it runs; a failure takes its place.
std::string begun_note(db::Connection& connection);
bool is_begun_note(const std::string& error);

// Not valid, our role's, not in the note, and built by nobody now: to be dropped.
std::vector<plan::IndexBuild> leftovers_since(db::Connection& connection, const std::string& note);

// Would a statement that has run to its end already fail like this?
bool says_done_already(const std::string& sqlstate);

}  // namespace pgstrata::engine
