// What `plan` says about rules: whom each binds while older and newer version are live.
#pragma once

#include "model/version.hpp"
#include "pgstrata/plan.hpp"

namespace pgstrata::engine {

void add_rules(PlanReport& report, const model::Version& before, const model::Version& next);

}  // namespace pgstrata::engine
