#include "catalog/snapshot.hpp"

#include <algorithm>

namespace pgstrata::catalog {
namespace {

template <typename Object>
const Object* named(const std::vector<Object>& objects, const std::string& name) {
  const auto found = std::ranges::find(objects, name, &Object::name);
  return found == objects.end() ? nullptr : &*found;
}

}  // namespace

const Column* Table::column(const std::string& wanted) const {
  return named(columns, wanted);
}

const Index* Table::index(const std::string& wanted) const {
  return named(indexes, wanted);
}

const Constraint* Table::constraint(const std::string& wanted) const {
  return named(constraints, wanted);
}

const Table* Snapshot::table(const std::string& wanted) const {
  const auto found = tables.find(wanted);
  return found == tables.end() ? nullptr : &found->second;
}

}  // namespace pgstrata::catalog
