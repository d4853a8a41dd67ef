#include "model/drift.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "model/drift_parts.hpp"
#include "model/names.hpp"

namespace pgstrata::model {

namespace {

const std::vector<std::string> our_columns{marker, pair_column};

// Columns and indexes that somebody added meanwhile.
void note_additions(const std::vector<Version>& live, const catalog::Table& base,
                    std::vector<std::string>& drift) {
  auto note = [&](const std::string& what) {
    drift.push_back(what + " of table " + base.name +
                    " is no version's: it is left alone, and goes with the columns it is on");
  };
  for (auto& column : base.columns)
    if (!contains(our_columns, column.name) &&
        !known(live, base.name, &Table::columns, column.name))
      note("column " + column.name);
  for (auto& index : base.indexes)
    if (index.valid && !known(live, base.name, &Table::indexes, index.name))
      note("index " + index.name);
}

// Row triggers are not inherited: what is written to a child reaches one version alone.
Error inherits(const Version& version, const Table& table) {
  return Error(Exit::state, "drift",
               "table \"" + table.physical + "\", which version \"" + version.name +
                   "\" shows, was given inheritance parents or children: rows written there are "
                   "not seen by the other versions",
               table.physical,
               "ALTER TABLE … NO INHERIT takes that back; make it again once a single version is "
               "live");
}

}  // namespace

Error changed_behind(const std::string& what, const std::string& where) {
  return Error(Exit::state, "drift", what, where,
               "the table was changed behind pgstrata: take that back, or let `pgstrata baseline "
               "NAME` adopt what is there, once a single version is live");
}

Error table_gone(const Version& version, const Table& table) {
  return changed_behind(
      "table \"" + table.physical + "\" of version \"" + version.name + "\" is gone",
      table.physical);
}

InFlight::InFlight(const std::vector<Version>& live) : live_(live) {
  const auto sql = std::find_if(live.rbegin(), live.rend(), [](auto& v) { return v.raw_sql; });
  judged_ = std::span(live).last(sql == live.rend() ? live.size() : sql - live.rbegin() + 1);
}

void InFlight::take(const catalog::Table& base) {
  if (live_.back().physical_table(base.name)) note_additions(live_, base, drift_[base.name]);
  for (const Version& version : judged_) {
    const Table* table = version.physical_table(base.name);
    if (!table || wrong_) continue;
    if (table->marked && base.inheritance) wrong_ = inherits(version, *table);
    for (const Column& column : table->columns) {
      const catalog::Column* found = base.column(column.physical);
      if (found && column.type == found->type) continue;
      wrong_ = changed_behind("column \"" + column.physical + "\" of table \"" + table->physical +
                                  "\", which version \"" + version.name + "\" shows, is " +
                                  (found ? found->type + " now, not " + column.type : "gone"),
                              table->name + "." + column.name);
      break;
    }
  }
}

void InFlight::finish(const catalog::Snapshot& snapshot, std::vector<std::string>& drift) {
  for (auto& [table, notes] : drift_) drift.insert(drift.end(), notes.begin(), notes.end());
  for (const Version& version : judged_)
    for (auto& [logical, table] : version.tables)
      if (!snapshot.table(table.physical)) throw table_gone(version, table);
  if (wrong_) throw *wrong_;
}

namespace {

bool uses(const catalog::Index& index, const std::string& column) {
  auto in = [&](const auto& expression) {
    return expression && contains(expression->columns, column);
  };
  return contains(index.include, column) || in(index.predicate) ||
         std::ranges::any_of(index.keys,
                             [&](auto& key) { return key.column == column || in(key.expression); });
}

// The check that stands for NOT NULL of a twin until its version is the oldest.
bool proves_not_null(const catalog::Constraint& constraint, const catalog::Column& column) {
  return constraint.type == 'c' && constraint.columns.size() == 1 && !column.not_null &&
         constraint.check && constraint.check->text.ends_with(" IS NOT NULL)");
}

// What hangs on a column and is no version's: it goes with the column.
std::vector<std::string> additions(const std::vector<Version>& live, const catalog::Table& base,
                                   const catalog::Column& column) {
  std::vector<std::string> found;
  for (auto& index : base.indexes)
    if (index.valid && !index.constraint && uses(index, column.name) &&
        !known(live, base.name, &Table::indexes, index.name))
      found.push_back("index \"" + index.name + "\"");
  for (auto& constraint : base.constraints)
    if (contains(constraint.columns, column.name) &&
        !known_constraint(live, base.name, constraint.name) && !proves_not_null(constraint, column))
      found.push_back("constraint \"" + constraint.name + "\"");
  for (auto& dependent : base.dependents)
    if (dependent.kind == "statistics" && contains(dependent.columns, column.name))
      found.push_back("statistics object " + dependent.name);
  return found;
}

// One column that goes, and the twin that stays in its place.
class Replaced {
 public:
  Replaced(const std::vector<Version>& live, const Version& before, const Version& after,
           const catalog::Table& base, const catalog::Column& column, const PrintDefault& print)
      : live_(live), before_(before), after_(after), base_(base), column_(column), print_(print) {}

  void check() const {
    for (auto& addition : additions(live_, base_, column_)) added(addition);
    if (const Column* shown = recorded()) compare_with_model(*shown);
    const Table* later = after_.physical_table(base_.name);
    for (const Column& twin : later->columns)
      if (twin.privileges_of == column_.name)
        if (const catalog::Column* there = base_.column(twin.physical)) compare_with_twin(*there);
  }

 private:
  // As the catalog had it last: in the oldest version, unless a `sql` migration came later.
  const Column* recorded() const {
    const Column* last = nullptr;
    for (const Version& version : live_) {
      const Table* table = version.physical_table(base_.name);
      if (table && (&version == &live_.front() || version.raw_sql))
        last = table->physical_column(column_.name);
    }
    return last;
  }

  void compare_with_model(const Column& shown) const {
    if (shown.not_null != column_.not_null)
      changed(column_.not_null ? "was made NOT NULL" : "is no longer NOT NULL");
    const std::string comment = shown.comment ? *shown.comment : "";
    if (comment != column_.comment.value_or("")) changed("has another comment");
    if (column_.identity && !shown.identity) changed("was made an identity column");
    if (shown.identity || shown.generated) return;
    const std::string now = column_.default_.value_or("");
    const std::string was = shown.default_ ? shown.default_->text : "";
    if (now != was && (now.empty() || was.empty() || now != print_(shown)))
      changed(now.empty() ? "has no default any more" : "has the default " + now);
  }

  void compare_with_twin(const catalog::Column& twin) const {
    if (grants(column_) != grants(twin))
      changed("has other privileges than its twin \"" + twin.name + "\"");
    if (column_.statistics_target != twin.statistics_target || column_.options != twin.options)
      changed("has other statistics settings than its twin \"" + twin.name + "\"");
  }

  // Who may do what, and pass it on: two grantors may have given the same.
  std::map<std::pair<std::string, std::string>, bool> grants(const catalog::Column& column) const {
    std::map<std::pair<std::string, std::string>, bool> held;
    for (auto& privilege : column.privileges)
      if (privilege.grantee != base_.owner)
        held[{privilege.grantee, privilege.privilege}] |= privilege.grantable;
    return held;
  }

  std::string column() const {
    return "column \"" + column_.name + "\" of table \"" + base_.name + "\"";
  }

  [[noreturn]] void added(const std::string& what) const {
    drifted(what + " was added to " + column() + " while version \"" + after_.name +
                "\" has that column as another one, and would go with version \"" + before_.name +
                "\"",
            base_.name + "." + column_.name,
            "drop it, and make it again once \"" + before_.name + "\" is retired");
  }

  [[noreturn]] void changed(const std::string& what) const {
    drifted(column() + " " + what + ": it was changed by hand while version \"" + after_.name +
                "\" has that column as another one, and the change would go with version \"" +
                before_.name + "\"",
            base_.name + "." + column_.name,
            "take the change back, and make it again once \"" + before_.name + "\" is retired");
  }

  const std::vector<Version>& live_;
  const Version& before_;
  const Version& after_;
  const catalog::Table& base_;
  const catalog::Column& column_;
  const PrintDefault& print_;
};

}  // namespace

std::vector<std::string> additions_to(const std::vector<Version>& live, const std::string& table,
                                      const std::string& column,
                                      const catalog::Snapshot& snapshot) {
  const catalog::Table* base = snapshot.table(table);
  const catalog::Column* found = base ? base->column(column) : nullptr;
  return found ? additions(live, *base, *found) : std::vector<std::string>();
}

namespace {

std::string text_of(const Column& column) {
  return column.default_ ? column.default_->text : "";
}

// A default or a comment that both have on one column: the completion sets what `after` says.
void check_shared(const Column& column, const Column& later, const catalog::Column& base,
                  const Version& after, const std::string& table, const PrintDefault& print) {
  auto changed = [&](const std::string& what) {
    drifted("the " + what + " of column \"" + base.name + "\" of table \"" + table +
                "\" was changed by hand, and version \"" + after.name + "\" sets another one",
            table + "." + base.name, "take the change back");
  };
  const std::string now = base.default_.value_or("");
  if (text_of(column) != text_of(later) && !base.identity && !base.generated &&
      now != text_of(column) && now != text_of(later) &&
      (now.empty() || !column.default_ || now != print(column)) &&
      (now.empty() || !later.default_ || now != print(later)))
    changed("default");
  const std::string said = base.comment.value_or("");
  if (!(column.comment == later.comment) && said != (column.comment ? *column.comment : "") &&
      said != (later.comment ? *later.comment : ""))
    changed("comment");
}

}  // namespace

void check_replaced(const std::vector<Version>& live, const Version& before, const Version& after,
                    const catalog::Snapshot& snapshot, const PrintDefault& print) {
  const bool retires = &before == &live.front();  // what it has is what the base table has
  for (auto& [logical, table] : before.tables) {
    const Table* later = after.physical_table(table.physical);
    const catalog::Table* base = snapshot.table(table.physical);
    if (!later || !base || table.columns == later->columns) continue;
    for (const Column& column : table.columns) {
      const catalog::Column* found = base->column(column.physical);
      if (!found) continue;
      if (const Column* shared = later->physical_column(column.physical)) {
        if (retires) check_shared(column, *shared, *found, after, base->name, print);
      } else if (std::ranges::any_of(later->columns, [&](auto& twin) {
                   return twin.privileges_of == column.physical;
                 })) {
        Replaced(live, before, after, *base, *found, print).check();
      }
    }
  }
}

}  // namespace pgstrata::model
