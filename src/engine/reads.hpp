// What translations read beside their row, and what they make of other versions' rules: refused
// before anything is changed where a completion could not be finished or an old contract would
// break.
#pragma once

#include "engine/commands.hpp"

namespace pgstrata::engine {

// A translation is a function that PostgreSQL knows to depend on the tables and columns it reads.
// They must be what the version before shows, under those names, and must not go with it: its
// functions are in use until then. Error(Exit::migration, "reads-what-goes" or
// "reads-older-shape").
void check_reads(Session& session, const Prepared& prepared);

// A rule that a live version has and older ones may break would become a native one of the twin,
// and bind them. Error(Exit::state, "rule-in-flight").
void check_rules_in_flight(const Prepared& prepared);

}  // namespace pgstrata::engine
