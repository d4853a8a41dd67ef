// The columns that users' triggers name, in OF lists and WHEN clauses, as versions come and go.
//
// A trigger is a thing of the table, in the shape of its oldest live version: WHEN reads that
// version's columns, which the sync triggers keep right. An OF list is about the columns that a
// statement names, so each is followed there by the newer columns that give it its value. Columns
// that only newer versions show are in a list for that reason alone: what the user wrote can be
// told from it at any time.
#pragma once

#include <string>
#include <vector>

#include "plan/planner.hpp"

namespace pgstrata::plan {

// The list while these versions are live.
std::vector<std::string> of_list(const Chain& live, const std::string& physical,
                                 const std::vector<std::string>& list);

// CREATE OR REPLACE of each trigger whose OF list is to be another one while `live` are.
// `was`: the live versions that the lists are made for now.
std::vector<std::string> reissue_for(const Surroundings& around, const Chain& was,
                                     const Chain& live, const std::string& physical);
// The same when the oldest version retires and before columns take new names: what dies gives its
// place to what its lineage has in the next version. `now` is the table's name at that moment.
std::vector<std::string> reissue_for_retirement(const Surroundings& around, const Chain& live,
                                                const std::string& physical,
                                                const sql::Qualified& now);

// Refuses what cannot be held when the live versions retire one after another.
void refuse_triggers(const Surroundings& around, const Chain& chain);

// The same for the removal of the newest version: somebody has made a trigger over its columns.
void refuse_triggers_over(const Surroundings& around, const std::string& physical,
                          const std::vector<const model::Column*>& going);

// Definitions of triggers with the names that the columns of their WHEN clauses have in the newest
// version, on the table `trial`: PostgreSQL says whether they still hold.
std::vector<std::string> trigger_trials(const Surroundings& around, const Chain& chain,
                                        const std::string& physical, const sql::Qualified& trial);

// What becomes of the columns that it names, in words.
std::vector<std::string> describe_columns(const Chain& chain, const std::string& physical,
                                          const catalog::Trigger& trigger);

}  // namespace pgstrata::plan
