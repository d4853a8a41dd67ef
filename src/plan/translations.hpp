// Translation functions, and a table's sync triggers from a chain of versions.
#pragma once

#include <string>
#include <vector>

#include "plan/planner.hpp"
#include "plan/sync.hpp"

namespace pgstrata::plan {

// CREATE FUNCTION support.up_… (parameters) RETURNS … RETURN expression, with comment and EXECUTE
// to PUBLIC. Bound by OID when created, so nothing is looked up on a caller's path; SECURITY
// DEFINER with a pinned path only where it reads other tables or calls users' functions.
std::vector<std::string> create_translation(const Surroundings& around,
                                            const model::Version& version,
                                            const model::Version& before,
                                            const model::Translation& link);
std::string drop_translation(const Surroundings& around, const model::Version& version,
                             const model::Version& before, const model::Translation& link);

// The same for a check that the trigger enforces.
std::vector<std::string> create_rule(const Surroundings& around, const model::Version& version,
                                     const model::Rule& rule);
std::string drop_rule(const Surroundings& around, const model::Version& version,
                      const model::Rule& rule);

// The call of the function over the table's physical columns, for a backfill.
sql::Sql call_translation(const Surroundings& around, const model::Translation& link);

// What the trigger generator needs to know of one table of the chain (oldest first). `in_catalog`:
// the name it has there, if it has another one when the statements run.
SyncTable sync_table(const Surroundings& around, const Chain& chain, const std::string& physical,
                     bool filling, const std::string& in_catalog = {});
// As much of it as is needed to drop its triggers. `physical`: when the statements run.
SyncTable standing_sync(const Surroundings& around, const std::string& physical,
                        const std::string& stem, bool paired, const std::string& in_catalog);

}  // namespace pgstrata::plan
