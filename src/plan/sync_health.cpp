#include "plan/sync_health.hpp"

#include <set>

#include "plan/translations.hpp"
#include "plan/user_triggers.hpp"

namespace pgstrata::plan {
namespace {

void examine(const Surroundings& around, const Chain& live, const std::string& physical,
             std::vector<std::string>& out) {
  const SyncTable sync = sync_table(around, live, physical, false);
  const SyncSql wanted = compile_sync(sync);
  if (!wanted.needed) return;
  const long each = sync.pair ? 2 : 1;
  long on_insert = 0, on_update = 0;
  for (const catalog::Trigger& trigger : triggers_of(around, physical)) {
    if (!trigger.ours) continue;
    on_insert += trigger.on_insert;
    on_update += trigger.on_update;
    if (trigger.enabled != 'A')
      out.push_back(
          "the sync trigger \"" + trigger.name + "\" of table \"" + physical +
          "\" was disabled: writes of one version are not seen by the others; ALTER "
          "TABLE … ENABLE ALWAYS TRIGGER brings it back, `pgstrata verify` finds the rows");
  }
  if (on_insert < each || (wanted.update_trigger && on_update < each))
    out.push_back("a sync trigger of table \"" + physical +
                  "\" was dropped: writes of one version are not seen by the others; roll the "
                  "newest version back and start it again");
}

}  // namespace

std::vector<std::string> broken_sync(const Surroundings& around, const Chain& live) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const model::Version& version : live)
    for (auto& [logical, table] : version.tables)
      if (table.marked && seen.insert(table.physical).second)
        examine(around, live, table.physical, out);
  return out;
}

}  // namespace pgstrata::plan
