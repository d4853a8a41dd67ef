// Triggers of users on a table in flight: ours around them, and which of them a backfill fires.
#pragma once

#include <string>
#include <vector>

#include "plan/planner.hpp"
#include "plan/sync.hpp"

namespace pgstrata::plan {

// By the name that the table has in the catalog. Ours are among them.
const std::vector<catalog::Trigger>& triggers_of(const Surroundings& around,
                                                 const std::string& table);
// It can change a row between its writer and the table, so ours go before and after it.
bool comes_between(const catalog::Trigger& trigger);

// Decides which tables of the new version get a pair of sync triggers. A pair that stands stays.
void assign_pairs(const Surroundings& around, const Chain& live, model::Version& next);
// The same for versions that stay, whose table is called `physical`. `around` may know of BEFORE
// ROW triggers that were made since, under the name `in_catalog`. What adds the column of a new
// pair.
std::vector<std::string> pair_up(const Surroundings& around, Chain& versions,
                                 const std::string& physical, const std::string& in_catalog,
                                 bool stands);
std::vector<std::string> add_pair_column(const sql::Qualified& table);

// The names that sort ours before and after `triggers`, and what stands of ours already.
void place_around(SyncTable& sync, const std::vector<catalog::Trigger>& triggers);

// Users' triggers are silenced where the role may and no trigger wakes by it. Else they fire, and
// what they change between the sync triggers is for the last of these to follow.
void consider_triggers(const Surroundings& around, const model::Table& table, Fill& fill);

// Makes sessions compile the table's trigger functions anew, as far as the role owns them: PL/pgSQL
// keeps the types that NEW's columns had in each session, and fails where one has become another.
std::vector<std::string> recompile_functions(const sql::Qualified& table,
                                             const std::vector<catalog::Trigger>& triggers);

// What a start makes of users' triggers, in words.
std::vector<Remark> describe_triggers(const Surroundings& around, const Chain& live,
                                      const model::Version& next);
// What somebody's DDL in flight has put out of order, in words.
std::vector<std::string> trigger_disorder(const Chain& live, const catalog::Triggers& triggers);

}  // namespace pgstrata::plan
