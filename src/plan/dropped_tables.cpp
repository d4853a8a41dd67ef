#include "plan/dropped_tables.hpp"

#include "plan/step_builder.hpp"
#include "plan/translations.hpp"

namespace pgstrata::plan {
namespace {

Step drop_functions_of(const Surroundings& around, const Chain& chain,
                       const std::string& physical) {
  Step step =
      transaction("rollback", "drop the functions of " + physical, "the table was dropped by hand");
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const model::Table* table = chain[i].physical_table(physical);
    if (!table) continue;
    if (table->marked)
      append(step.statements,
             drop_sync(standing_sync(around, physical, table->sync, table->paired, physical)));
    for (const model::Translation& link : chain[i].translations)
      if (i > 0 && link.table == physical)
        step.statements.push_back(drop_translation(around, chain[i], chain[i - 1], link));
    for (const model::Rule& rule : chain[i].rules)
      if (rule.table == physical && !rule.function.empty())
        step.statements.push_back(drop_rule(around, chain[i], rule));
  }
  return step;
}

}  // namespace

std::vector<Step> forget_tables(const Surroundings& around, Chain& chain,
                                const std::set<std::string>& gone) {
  std::vector<Step> steps;
  for (const std::string& physical : gone)
    if (Step step = drop_functions_of(around, chain, physical); !step.statements.empty())
      steps.push_back(std::move(step));
  const auto is_gone = [&](auto& part) { return gone.count(part.table) > 0; };
  for (model::Version& version : chain) {
    std::erase_if(version.tables,
                  [&](auto& entry) { return gone.count(entry.second.physical) > 0; });
    for (auto& [logical, table] : version.tables)  // keys that referred to them went along
      table.foreign_keys.erase_if(
          [&](auto& key) { return key.schema == around.base_schema && gone.count(key.table) > 0; });
    std::erase_if(version.translations, is_gone);
    std::erase_if(version.rules, is_gone);
  }
  return steps;
}

}  // namespace pgstrata::plan
