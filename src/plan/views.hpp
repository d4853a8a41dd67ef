// Views of a version: one layer over a table without links, two over a table with them.
//
//   version view   exactly the version's columns, order, defaults, comments and grants (law 1)
//   inner view     the same columns, the marker with DEFAULT <ordinal>, and older versions' columns
//   whose
//                  default must not be evaluated for a newer writer (design.md section 5)
#pragma once

#include <string>
#include <vector>

#include "plan/planner.hpp"

namespace pgstrata::plan {

// The comments by which our schemas are told from others'.
std::string support_schema_comment(const std::string& base_schema);
std::string version_schema_comment(const std::string& version, const std::string& base_schema);
bool is_our_schema_comment(
    const std::string& comment);  // of any base schema, or the state schema's
// The schema of inner views and functions, open to whoever writes through a version.
std::vector<std::string> create_support_schema(const Surroundings& around);
// CREATE SCHEMA <schema> with usage granted to whoever may use the base schema.
std::vector<std::string> create_version_schema(const Surroundings& around,
                                               const model::Version& version,
                                               const std::string& schema);
// The view (or both) of one table, with defaults, comments and grants.
std::vector<std::string> create_views(const Surroundings& around, const Chain& live,
                                      const model::Version& version, const model::Table& table,
                                      const std::string& schema);
// The version view over the base table itself, in place.
std::vector<std::string> flatten_view(const Surroundings& around, const model::Version& version,
                                      const model::Table& table);
// The table's inner view in place, as `table` has it now: `columns` of it have lost what they
// showed, which a default on them would turn into an error. (PostgreSQL forgets reloptions that are
// not repeated.)
std::vector<std::string> prune_inner_view(const Surroundings& around, const model::Table& table,
                                          const std::vector<std::string>& columns);
// The same with defaults, comments and grants; `shown` is what the view shows, and none of its
// columns is gone.
std::vector<std::string> replace_view(const Surroundings& around, const model::Version& version,
                                      const model::Table& shown, const model::Table& table);
std::vector<std::string> drop_views(const Surroundings& around,
                                    const std::vector<const model::Table*>& tables,
                                    const std::string& schema);

// The steps that drop a hidden version's views in chunks, then its schema. `views`: as the lock
// names them.
std::vector<Step> drop_version_views(const Surroundings& around, const model::Version& version,
                                     const std::string& phase, const std::string& views);

}  // namespace pgstrata::plan
