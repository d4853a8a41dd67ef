// Privileges on what we create: app roles need what they already hold on the tables, nothing more
// (law 10).
#pragma once

#include <string>
#include <vector>

#include "plan/elements.hpp"
#include "plan/planner.hpp"

namespace pgstrata::plan {

// PUBLIC or a quoted role name.
Sql grantee(const std::string& role);

// Default privileges may have opened a new schema; nobody but its owner and PUBLIC, if
// `and_public`, keeps any.
std::string close_schema(const std::string& schema, bool and_public = false);

// What is granted on the base table, granted on a view of it. Column grants follow the column; on
// an inner view (`inner`) their holders also get SELECT on the marker.
void grant_on_view(const Surroundings& around, const model::Table& table, const Qualified& view,
                   bool inner, std::vector<std::string>& out);

// Column grants of a lineage's older column for its twin, and SELECT on the marker for whoever
// holds column grants.
void grant_on_twins(const Surroundings& around, const model::Table& table,
                    const std::vector<const model::Column*>& twins, bool marker,
                    std::vector<std::string>& out);

}  // namespace pgstrata::plan
