// Finds the reader of an operation by its name.
#include "migration/operations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "migration/families.hpp"
#include "model/suggestion.hpp"

namespace pgstrata::migration {

namespace {

const std::vector<OperationKind>& registry() {
  static const std::vector<OperationKind> kinds = [] {
    std::vector<OperationKind> all;
    for (const Family& family : {table_operations(), column_operations(), index_operations(),
                                 constraint_operations(), sql_operations()}) {
      all.insert(all.end(), family.begin(), family.end());
    }
    return all;
  }();
  return kinds;
}

const OperationKind& kind_of(const Value& item, const Entry& entry) {
  std::vector<std::string_view> names;
  for (const OperationKind& kind : registry()) {
    if (kind.name == entry.key) return kind;
    names.push_back(kind.name);
  }
  item.refuse_key(entry, "unknown-operation",
                  fmt::format("unknown operation {}{}", shown(entry.key),
                              model::did_you_mean(entry.key, names)),
                  fmt::format("known operations: {}", fmt::join(names, ", ")));
}

}  // namespace

LocatedOperation read_operation(const Value& item) {
  if (!item.is_map() || item.node().entries.empty()) {
    item.refuse("wrong-type", "an operation must be a mapping of its name to its keys",
                "for example: - drop_table: {name: orders}");
  }
  const std::vector<Entry>& entries = item.node().entries;
  const OperationKind& kind = kind_of(item, entries.front());
  if (entries.size() > 1) {
    const bool not_indented = entries.front().value.kind == Node::Kind::nothing;
    item.refuse_key(
        entries[1], "several-operations",
        fmt::format("an item of 'operations' has one key, this one has '{}' and {}", kind.name,
                    shown(entries[1].key)),
        not_indented ? fmt::format("indent what belongs to '{}' further than its name", kind.name)
                     : "start each operation with its own '-'");
  }
  const Value body(item.child(entries.front()).named(std::string(kind.name)));
  return {.operation = kind.read(body),
          .name = std::string(kind.name),
          .at = item.key_text(entries.front()).at};
}

}  // namespace pgstrata::migration
