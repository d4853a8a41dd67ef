// What a completion renames and drops by name: is it there, and are the new names free?
#include <algorithm>
#include <set>

#include "model/drift.hpp"
#include "model/drift_parts.hpp"
#include "model/names.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::model {

namespace {

template <typename Element>
const Element* find(const List<Element>& elements, auto member, const std::string& name) {
  auto found = std::ranges::find(elements, name, member);
  return found == elements.end() ? nullptr : &*found;
}

// What only the next version has must be there, and so must what it has a copy of.
template <typename Element>
void require_elements(const Version& oldest, const Table* before, const Version& next,
                      const Table& after, List<Element> Table::*member, auto is_there) {
  auto require = [&](const Element& element, const Version& version, const Table& table) {
    const bool later = std::ranges::any_of(version.rules, [&](auto& rule) {
      return rule.table == table.physical && rule.helper == element.physical;
    });
    if (later || is_there(element.physical)) return;
    drifted("\"" + element.physical + "\" of table \"" + table.physical + "\", which version \"" +
                version.name + "\" has, was dropped by hand",
            table.physical, "make it again, and let a migration drop it");
  };
  for (const Element& element : after.*member) {
    if (before && find(before->*member, &Element::physical, element.physical)) continue;
    require(element, next, after);
    if (const Element* copied =
            before ? find(before->*member, &Element::name, element.name) : nullptr)
      require(*copied, oldest, *before);
  }
}

void require_elements(const Version& oldest, const Table* before, const Version& next,
                      const Table& after, const catalog::Table& base) {
  auto index = [&](const std::string& name) { return base.index(name) != nullptr; };
  auto constraint = [&](const std::string& name) { return base.constraint(name) != nullptr; };
  require_elements(oldest, before, next, after, &Table::indexes, index);
  require_elements(oldest, before, next, after, &Table::checks, constraint);
  require_elements(oldest, before, next, after, &Table::foreign_keys, constraint);
}

// By hand since the start, which refuses it: PostgreSQL would drop the index and keep nothing.
void require_replica_identity(const Table& before, const Table& after, const Version& next,
                              const catalog::Table& base) {
  for (const catalog::Index& index : base.indexes) {
    if (!index.replica_identity) continue;
    const bool stays = find(after.indexes, &Index::physical, index.name) ||
                       !find(before.indexes, &Index::physical, index.name);
    const bool keeps_rule = std::ranges::all_of(index.keys, [&](auto& key) {
      const Column* column = key.column ? after.physical_column(*key.column) : nullptr;
      return !column || column->not_null;
    });
    if (!stays || !keeps_rule)
      drifted("index \"" + index.name + "\" was made the replica identity of table \"" + base.name +
                  "\" by hand, and version \"" + next.name +
                  (stays ? "\" drops NOT NULL from a column of it"
                         : "\" has another index in its place"),
              base.name, "ALTER TABLE … REPLICA IDENTITY DEFAULT or FULL until it is complete");
  }
}

// What is set on an index or a constraint that a copy over twins takes the place of.
class Settings {
 public:
  Settings(const Table& before, const Table& after, const Version& next, const catalog::Table& base)
      : before_(before), after_(after), next_(next), base_(base) {}

  void require() const {
    for (const Check& check : before_.checks) require(check, after_.checks);
    for (const ForeignKey& key : before_.foreign_keys) require(key, after_.foreign_keys);
    for (const Index& index : before_.indexes) require(index);
  }

 private:
  // None where the element stays, or goes without a copy.
  template <typename Element>
  static const Element* copy_of(const Element& element, const List<Element>& later) {
    if (find(later, &Element::physical, element.physical)) return nullptr;
    return find(later, &Element::name, element.name);
  }

  template <typename Element>
  void require(const Element& element, const List<Element>& later) const {
    const catalog::Constraint* now = base_.constraint(element.physical);
    const Element* copy = copy_of(element, later);
    if (!now || !copy) return;
    if (text(now->comment) != text(element.comment)) changed("comment", now->name);
    if constexpr (requires { element.deferrable; })
      if (now->deferrable != element.deferrable || now->deferred != element.deferred)
        changed("deferrability", now->name);
    const catalog::Constraint* there = base_.constraint(copy->physical);
    if (now->validated && !element.validated && there && !there->validated)
      replaced(
          "constraint \"" + now->name + "\" of table \"" + base_.name + "\" was validated by hand",
          "ALTER TABLE … VALIDATE CONSTRAINT " + sql::quote_identifier(there->name) + " too");
  }

  void require(const Index& index) const {
    const catalog::Index* now = base_.index(index.physical);
    const Index* copy = copy_of(index, after_.indexes);
    if (!now || !copy) return;
    if (text(now->comment) != text(index.comment)) changed("comment", now->name);
    if (now->options != index.options) changed("storage parameters", now->name);
    for (std::size_t i = 0; i < index.keys.size() && i < now->keys.size(); ++i)
      if (now->keys[i].statistics_target != index.keys[i].statistics_target)
        changed("statistics target", now->name);
    const catalog::Index* there = base_.index(copy->physical);
    if (now->tablespace != index.tablespace && there && there->tablespace != now->tablespace)
      replaced("the tablespace of \"" + now->name + "\" of table \"" + base_.name +
                   "\" was changed by hand",
               "ALTER INDEX " + sql::quote_identifier(there->name) + " SET TABLESPACE … too");
    if (now->clustered != index.clustered)
      replaced("whether table \"" + base_.name + "\" is clustered by \"" + now->name +
                   "\" was changed by hand",
               std::string("ALTER TABLE … ") +
                   (now->clustered ? "SET WITHOUT CLUSTER" : "CLUSTER ON it") +
                   " until it is complete");
    const catalog::Constraint* rests =
        now->constraint ? base_.constraint(*now->constraint) : nullptr;
    if (rests && text(rests->comment) != text(index.constraint_comment))
      changed("comment", rests->name);
  }

  static std::string text(const auto& comment) { return comment ? *comment : std::string(); }

  [[noreturn]] void changed(const std::string& what, const std::string& name) const {
    replaced("the " + what + " of \"" + name + "\" of table \"" + base_.name + "\" " +
                 (what.ends_with('s') ? "were" : "was") + " changed by hand",
             "take the change back, and make it again once the migration is complete");
  }

  [[noreturn]] void replaced(const std::string& what, const std::string& hint) const {
    drifted(
        what + ", and version \"" + next_.name + "\" has a copy without that change in its place",
        base_.name, hint);
  }

  const Table &before_, &after_;
  const Version& next_;
  const catalog::Table& base_;
};

[[noreturn]] void name_taken(const Version& version, const std::string& what,
                             const std::string& name, const std::string& where) {
  drifted(what + " \"" + name + "\" was added by hand, and version \"" + version.name +
              "\" takes that name when it is the oldest",
          where, "rename it");
}

void require_free_names(const std::vector<Version>& live, const Version& version,
                        const Table& table, const catalog::Table& base) {
  for (auto& column : table.columns)
    if (column.name != column.physical && base.column(column.name) &&
        !known(live, base.name, &Table::columns, column.name))
      name_taken(version, "column", column.name, base.name);
  auto constraint = [&](auto& element) {
    if (element.name != element.physical && base.constraint(element.name) &&
        !known_constraint(live, base.name, element.name))
      name_taken(version, "constraint", element.name, base.name);
  };
  std::ranges::for_each(table.checks, constraint);
  std::ranges::for_each(table.foreign_keys, constraint);
  for (auto& index : table.indexes)
    if (index.constraint) constraint(index);
}

// Tables, views, sequences and indexes share one space of names.
void require_free_relations(const std::vector<Version>& live, const Version& version,
                            const catalog::Snapshot& snapshot) {
  std::set<std::string> ours,
      taken(snapshot.other_relations.begin(), snapshot.other_relations.end());
  for (auto& [name, base] : snapshot.tables) taken.insert(name);
  for (auto& each : live)
    for (auto& [logical, table] : each.tables) {
      ours.insert(table.physical);
      for (auto& index : table.indexes) ours.insert(index.physical);
    }
  auto require = [&](auto& element) {
    if (element.name != element.physical && taken.count(element.name) && !ours.count(element.name))
      name_taken(version, "relation", element.name, snapshot.schema);
  };
  for (auto& [logical, table] : version.tables) {
    require(table);
    if (table.name != table.physical && contains(snapshot.other_types, table.name))
      name_taken(version, "type", table.name, snapshot.schema);
    std::ranges::for_each(table.indexes, require);
  }
}

}  // namespace

void check_names(const std::vector<Version>& live, const catalog::Snapshot& snapshot) {
  const Version& oldest = live.front();
  const Version& next = live.at(1);
  for (auto& [logical, table] : next.tables) {
    const catalog::Table* base = snapshot.table(table.physical);
    if (!base)
      drifted("table \"" + table.physical + "\" of version \"" + next.name + "\" is gone",
              table.physical, "it was dropped behind pgstrata");
    const Table* before = oldest.physical_table(table.physical);
    if (before && *before == table) continue;
    require_elements(oldest, before, next, table, *base);
    if (before) require_replica_identity(*before, table, next, *base);
    require_free_names(live, next, table, *base);
  }
  check_settings(live, snapshot);
  require_free_relations(live, next, snapshot);
}

void check_settings(const std::vector<Version>& live, const catalog::Snapshot& snapshot) {
  const Version& next = live.at(1);
  for (auto& [logical, table] : next.tables) {
    const catalog::Table* base = snapshot.table(table.physical);
    const Table* before = live.front().physical_table(table.physical);
    if (base && before && !(*before == table)) Settings(*before, table, next, *base).require();
  }
}

}  // namespace pgstrata::model
