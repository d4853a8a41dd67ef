// What a statement that refuses a transaction leaves when it is ended half-way: indexes that are
// not valid (CREATE INDEX and REINDEX CONCURRENTLY); or everything, but no word of it in the
// journal.
//
// Before its first run the journal notes what was there, and keeps the note until the step is done
// or undone: it tells what our own run left from others', and what it made from what was there.
#pragma once

#include <string>
#include <vector>

#include "db/attempt.hpp"
#include "plan/step.hpp"

namespace pgstrata::engine {

// The note: the indexes that are not valid, and what the statement is about (sql::subject_of).
// Names mean what they mean to `connection`.
std::string begun_note(db::Connection& connection, const std::string& statement);

// Not valid, our role's, not in the note, and built by nobody now: to be dropped. Whoever builds an
// index holds a lock on its table until the index is valid; `attempt` (on `connection`, or another
// one of the role) waits for that lock, and throws where it gives up.
std::vector<plan::IndexBuild> leftovers_since(db::Connection& connection, const std::string& begun,
                                              db::Attempt& attempt);

// Does the catalog prove that the statement has run to its end since? Made: it was not there, and
// is now, as good as new. Dropped: it was there, and is gone. Of other statements it proves
// nothing.
bool done_since(db::Connection& connection, const std::string& begun, const std::string& statement);

}  // namespace pgstrata::engine
