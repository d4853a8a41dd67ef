// The planners: from the difference of version models to steps. Pure.
//
//   start      adds what only the new version has, fills it, proves it, publishes its views
//   complete   retires the oldest version, drops what only it has, renames what is left
//   rollback   removes the newest version and what only it has
//
// A chain is a list of versions, oldest first.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/snapshot.hpp"
#include "model/version.hpp"
#include "plan/step.hpp"

namespace pgstrata::plan {

using Chain = std::vector<model::Version>;

struct Surroundings {
  std::string base_schema, support_schema;
  const catalog::Snapshot& snapshot;  // privileges, statistics targets and the like of what exists
  std::string user_path;              // search_path that `sql` operations run under
  catalog::Triggers triggers = {};    // of the tables that are not in the snapshot
  std::set<sql::Qualified> dropped_views = {};  // by hand, of versions that stay or below theirs
};

// "pgstrata_<base>": inner views, sync and translation functions.
std::string support_schema_name(const std::string& state_schema, const std::string& base_schema);
// What a version schema is called before it is published and after it is retired. The number stands
// first: no other base schema's support schema can have such a name, and cut to 63 bytes it still
// ends in a hash of the whole.
std::string hidden_schema_name(const std::string& support_schema, const model::Version& version);

// Only views, built hidden and published: a baseline, or what a `sql` operation left.
std::vector<Step> plan_publish(const Surroundings& around, const Chain& live, model::Version& next);

// `next` gets what planning decides (inner views). `live` is what is published now.
std::vector<Step> plan_start(const Surroundings& around, const Chain& live, model::Version& next);

struct Outcome {
  std::vector<Step> steps;
  Chain survivors;  // as they are once all steps are done: physical names settled
};
// `chain.front()` goes; at least one version stays. `dropped_constraints` and the like follow from
// the models.
Outcome plan_complete(const Surroundings& around, const Chain& chain);

// What the start of a version has made, by Step::makes; an index build counts from its beginning.
// Only that is undone: an object of the same name that the journal does not know is somebody
// else's.
using Made = std::optional<std::set<std::string>>;  // none: everything
// `chain.back()` goes. Every statement can be repeated.
Outcome plan_rollback(const Surroundings& around, const Chain& chain, const Made& made);

// Gives a retired schema its name back: the first step of a rollback after `complete` stopped
// before its first unit.
Step unretire(const Surroundings& around, const model::Version& version);

// Views of the only live version after `onComplete` SQL: `shown` is what they show, `now` what the
// catalog says since; it gets what planning decides.
std::vector<Step> plan_show(const Surroundings& around, const model::Version& shown,
                            model::Version& now);

// What readers of `plan` should know; one sentence each, with the object it is about.
struct Remark {
  std::string object, text;
};
std::vector<Remark> path_dependent_writes(const Surroundings& around, const Chain& live,
                                          const model::Version& next);

}  // namespace pgstrata::plan
