// What readers of a plan should know before they run it.
#include "plan/planner.hpp"
#include "plan/translations.hpp"

namespace pgstrata::plan {

std::vector<Remark> path_dependent_writes(const Surroundings& around, const Chain& live,
                                          const model::Version& next) {
  Chain chain = live;
  chain.push_back(next);
  std::vector<Remark> remarks;
  for (auto& [logical, table] : next.tables) {
    if (!next.has_links(table.physical)) continue;
    for (const std::string& column :
         path_dependent_columns(sync_table(around, chain, table.physical, false))) {
      const model::Column* shown = table.physical_column(column);
      remarks.push_back(
          {logical + "." + (shown ? shown->name.str() : column),
           "which version an UPDATE of only this column came from depends on search_path"});
    }
  }
  return remarks;
}

}  // namespace pgstrata::plan
