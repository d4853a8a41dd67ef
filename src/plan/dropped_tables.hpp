// Tables that somebody dropped while several versions showed them, with every view that stood on
// them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "plan/planner.hpp"

namespace pgstrata::plan {

// Takes the tables (physical names) out of all versions; the steps drop the functions they leave.
std::vector<Step> forget_tables(const Surroundings& around, Chain& chain,
                                const std::set<std::string>& gone);

}  // namespace pgstrata::plan
