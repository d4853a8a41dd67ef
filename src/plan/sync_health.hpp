// Are the sync triggers there, and on? ALTER TABLE … DISABLE TRIGGER ALL of a loader takes them
// along, and ENABLE TRIGGER ALL brings them back without ALWAYS.
#pragma once

#include <string>
#include <vector>

#include "plan/planner.hpp"

namespace pgstrata::plan {

// A sentence for each that is missing or off; writes of one version may not have reached the others
// since. `around` needs the triggers alone.
std::vector<std::string> broken_sync(const Surroundings& around, const Chain& live);

}  // namespace pgstrata::plan
