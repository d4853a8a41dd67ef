// How many layers a version's view of a table has, and why.
//
// Two where the marker must be set, or a base column's default must be kept from the version's
// writers; one otherwise. A view loses its inner layer once no boundary needs it (unit F); an inner
// view that stays shows NULL in place of what goes (unit I). One lock each, on that view alone.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "plan/planner.hpp"

namespace pgstrata::plan {

// Decides which tables of `next` need an inner view, names it, and says what it lists. `live`: the
// chain it will join.
void assign_layers(const Surroundings& around, const Chain& live, model::Version& next);

// The version has no default where the base column has one, or gets one when an older version's
// becomes the base's.
bool hides_base_default(const Chain& live, const model::Version& version, const model::Table& table,
                        const model::Column& column);
// The same for a whole table, among the versions of `chain` alone: each older one is going to be
// the oldest.
bool hides_older_default(const Chain& chain, std::size_t version, const std::string& physical);

// A boundary of some version translates or demands something of the table.
bool has_links(const Chain& chain, const std::string& physical);

// The steps that fit the version's view of the table to what is left, and `table` with them.
// `gone`: columns of its inner view that are about to lose what they show; the marker is one of
// them where `unmarked`. `keeps`: the inner view hides a default still.
std::vector<Step> shed_layers(const Surroundings& around, const model::Version& version,
                              model::Table& table, std::vector<std::string> gone, bool unmarked,
                              bool keeps);

}  // namespace pgstrata::plan
