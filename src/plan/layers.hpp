// How many layers a version's view of a table has, and why.
//
// Two where the marker must be set, or a base column's default must be kept from the version's
// writers; one otherwise. A view loses its inner layer once no boundary needs it (unit F); an inner
// view that stays shows NULL in place of what goes (unit I). One lock each, on that view alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "plan/planner.hpp"

namespace pgstrata::plan {

// Decides which tables of `next` need an inner view, names it, and says what it lists. `live`: the
// chain it will join, all older.
void assign_layers(const Surroundings& around, const Chain& live, model::Version& next);

// A version that shows the column without a default must not meet the base column's: the one that
// an `older` version gives it, now or once that is the oldest, or the one that it was added with.
bool hides_default(std::span<const model::Version> older, const model::Table& table,
                   const model::Column& column);
// The same for any column of the table that the version at that place of the chain shows.
bool hides_default(const Chain& chain, std::size_t version, const std::string& physical);

// A boundary of some version translates or demands something of the table.
bool has_links(std::span<const model::Version> chain, const std::string& physical);

// The steps that fit the version's view of the table to what is left, and `table` with them.
// `gone`: columns of its inner view that are about to lose what they show; the marker is one of
// them where `unmarked`. `keeps`: the inner view hides a default still.
std::vector<Step> shed_layers(const Surroundings& around, const model::Version& version,
                              model::Table& table, std::vector<std::string> gone, bool unmarked,
                              bool keeps);

}  // namespace pgstrata::plan
