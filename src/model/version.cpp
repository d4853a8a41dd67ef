#include "model/version.hpp"

#include <algorithm>
#include <utility>

namespace pgstrata::model {
namespace {

template <typename Elements, typename Predicate>
auto* find(Elements& elements, Predicate matches) {
  auto found = std::find_if(elements.begin(), elements.end(), matches);
  return found == elements.end() ? nullptr : &*found;
}

}  // namespace

const Column* Table::column(const std::string& logical) const {
  return find(columns, [&](const Column& c) { return c.name == logical; });
}
Column* Table::column(const std::string& logical) {
  return find(columns, [&](const Column& c) { return c.name == logical; });
}
const Column* Table::physical_column(const std::string& wanted) const {
  return find(columns, [&](const Column& c) { return c.physical == wanted; });
}

const Table* Version::table(const std::string& logical) const {
  auto found = tables.find(logical);
  return found == tables.end() ? nullptr : &found->second;
}
// Nearly every table is called in the base schema what the version calls it.
const Table* Version::physical_table(const std::string& wanted) const {
  auto same = tables.find(wanted);
  if (same != tables.end() && same->second.physical == wanted) return &same->second;
  for (auto& [logical, table] : tables)
    if (table.physical == wanted) return &table;
  return nullptr;
}
Table* Version::physical_table(const std::string& wanted) {
  return const_cast<Table*>(std::as_const(*this).physical_table(wanted));
}

void share(Table& table, const Table& other) {
  auto take = [](auto& list, const auto& same) {
    if (list == same) list = same;
  };
  take(table.columns, other.columns);
  take(table.indexes, other.indexes);
  take(table.checks, other.checks);
  take(table.foreign_keys, other.foreign_keys);
  take(table.spared, other.spared);
}

bool Version::has_links(const std::string& physical) const {
  auto here = [&](const auto& link) { return link.table == physical; };
  return std::any_of(translations.begin(), translations.end(), here) ||
         std::any_of(rules.begin(), rules.end(), here);
}

}  // namespace pgstrata::model
