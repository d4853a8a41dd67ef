#include "model/refuse.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "model/compose.hpp"
#include "model/names.hpp"
#include "model/refuse_columns.hpp"
#include "pgstrata/error.hpp"

namespace pgstrata::model {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& where,
                         const std::string& hint) {
  throw Error(Exit::migration, "not-supported", what, where, hint);
}

// What a step does to one table of the previous version.
struct Change {
  const Table& previous;
  std::vector<std::string> translated, dropped, renamed;  // logical columns of the previous version
  bool links = false, touched = false;
};

Change change_of(const Draft& draft, const DraftTable& table) {
  Change change{*draft.previous().table(table.origin), {}, {}, {}};
  for (const Column& before : change.previous.columns) {
    bool kept = false;
    for (auto& [name, lineage] : table.lineages) {
      if (lineage.origin != before.name) continue;
      kept = true;
      if (lineage.translated) change.translated.push_back(before.name);
      if (name != before.name) change.renamed.push_back(before.name);
      const Column* now = table.table.column(name);
      change.links |= now->not_null && !before.not_null;
      change.touched |= now->not_null != before.not_null || now->default_ != before.default_ ||
                        now->comment != before.comment;
    }
    if (!kept) change.dropped.push_back(before.name);
  }
  for (auto& [name, lineage] : table.lineages) {
    change.links |= lineage.translated || (!lineage.origin && lineage.up);
    change.touched |= !lineage.origin;
  }
  for (auto& name : change.dropped)
    change.links |= table.down.at(name).has_value() ||
                    default_of_dropped(*change.previous.column(name)).has_value();
  change.links |= !table.new_checks.empty();
  change.touched |= change.links || !change.translated.empty() || !change.dropped.empty() ||
                    !change.renamed.empty() || !table.new_foreign_keys.empty() ||
                    table.table.name != change.previous.name ||
                    table.table.indexes != change.previous.indexes;
  return change;
}

void refuse_dependents(const Change& change, const catalog::Table& base) {
  auto affected = change.translated;
  affected.insert(affected.end(), change.dropped.begin(), change.dropped.end());
  for (const std::string& column : affected) {
    for (const catalog::Dependent& dependent : base.dependents)
      if (dependent.kind != "trigger" &&  // the planner follows the columns that triggers name
          contains(dependent.columns, change.previous.column(column)->physical))
        refuse("column \"" + column + "\" cannot change while " + dependent.kind + " " +
                   dependent.name + " depends on it",
               base.name + "." + column, "drop it first, and create it again afterwards");
  }
}

// PostgreSQL rewrites no row that a stored column holds, and prints a row type by its table's name:
// in the base schema that is recorded.
void refuse_row_type(const DraftTable& table, const Change& change, const catalog::Table& base,
                     const std::string& schema) {
  const bool renamed = table.table.name != change.previous.name;
  const bool changed = change.links || std::ranges::any_of(table.lineages, [&](auto& entry) {
                         return !entry.second.origin && table.table.column(entry.first)->default_;
                       });
  const std::string here = sql::format("{}.", sql::Name(schema)).str();
  for (const catalog::Dependent& dependent : base.dependents)
    if (dependent.kind == "column" && dependent.columns.empty() &&
        (changed || (renamed && dependent.name.starts_with(here))))
      refuse("table \"" + change.previous.name + "\" cannot " +
                 (changed ? "change its columns" : "be renamed") + " while column " +
                 dependent.name + " has its row type",
             base.name, "give that column another type first");
}

// Keys that foreign keys point at, the table's own included: PostgreSQL ties them to one index.
void refuse_referenced(const DraftTable& table, const Change& change, const catalog::Table& base,
                       const std::string& schema) {
  auto affected = change.translated;
  affected.insert(affected.end(), change.dropped.begin(), change.dropped.end());
  std::vector<std::pair<std::string, std::set<std::string>>>
      keys;  // name, physical columns referenced
  for (const catalog::Dependent& dependent : base.dependents)
    if (dependent.kind == "foreign key")
      keys.push_back({dependent.name, {dependent.columns.begin(), dependent.columns.end()}});
  for (const ForeignKey& key : table.table.foreign_keys)
    if (key.schema == schema && key.table == base.name)
      keys.push_back({key.name, {key.referenced.begin(), key.referenced.end()}});
  for (auto& [name, referenced] : keys) {
    for (const std::string& column : affected)
      if (referenced.count(change.previous.column(column)->physical))
        refuse(
            "column \"" + column + "\" cannot change while foreign key " + name + " references it",
            base.name + "." + column, "keys that foreign keys reference are not supported yet");
    for (const Index& index : change.previous.indexes) {
      std::set<std::string> own;
      for (const IndexKey& key : index.keys)
        if (key.column) own.insert(change.previous.column(*key.column)->physical);
      if (!index.unique || index.predicate || own != referenced) continue;
      bool stays = std::any_of(table.table.indexes.begin(), table.table.indexes.end(),
                               [&](auto& i) { return i.physical == index.physical; });
      bool copied = std::any_of(affected.begin(), affected.end(),
                                [&](auto& column) { return uses_column(index, column); });
      if (!stays || copied)
        refuse("unique index \"" + index.name + "\" cannot change while foreign key " + name +
                   " may rest on it",
               base.name, "keys that foreign keys reference are not supported yet");
    }
  }
}

// In flight a default that only the new version has stands on its view, where no foreign key looks.
void refuse_set_default(const DraftTable& table, const Change& change) {
  for (const ForeignKey& key : table.table.foreign_keys) {
    if (!table.new_foreign_keys.count(key.name)) continue;
    if (key.on_delete != 'd' && key.on_update != 'd') continue;
    for (const std::string& column : key.columns) {
      const Lineage& lineage = table.lineages.at(column);
      std::optional<sql::Expression> meanwhile;
      if (lineage.origin && !lineage.translated)
        meanwhile = change.previous.column(*lineage.origin)->default_;
      if (table.table.column(column)->default_ == meanwhile) continue;
      refuse("foreign key \"" + key.name + "\" has a SET DEFAULT action, and column \"" + column +
                 "\" has its default only once the migration is completed",
             change.previous.name + "." + column,
             "use another action, or add the key in a migration of its own, without `up`");
    }
  }
}

void refuse_foreign_keys(const DraftTable& table, const Change& change) {
  for (const ForeignKey& key : change.previous.foreign_keys)
    for (const std::string& column : change.translated) {
      if (!contains(key.columns, column)) continue;
      std::string where = change.previous.name + "." + column;
      if (key.on_delete == 'd' || key.on_update == 'd')
        refuse("foreign key \"" + key.name +
                   "\" has a SET DEFAULT action, which cannot be held for two "
                   "shapes of \"" +
                   column + "\" at a time",
               where, "change its action first");
      if (key.on_delete != 'n' && key.on_update != 'n') continue;
      bool plain = false;
      for (auto& [name, lineage] : table.lineages)
        if (lineage.origin == column) plain = lineage.up && !lineage.up->identity_of().empty();
      if (!plain)
        refuse("foreign key \"" + key.name +
                   "\" has a SET NULL action, and `up` may not map NULL to NULL",
               where, "use a plain type change, or change the action first");
    }
}

void refuse_kinds(const DraftTable& table, const Change& change, const catalog::Table& base) {
  const std::string& name = base.name;
  if (!base.owned)
    throw Error(Exit::connection, "not-owner",
                "the current role does not own table \"" + name + "\"", name,
                "run as its owner (" + base.owner + "), or give --role");
  if (base.kind == 'p' || base.partition)
    refuse(
        "table \"" + name + "\" is partitioned; changing partitioned tables is not supported yet",
        name, {});
  if (base.inheritance)
    refuse("table \"" + name + "\" has inheritance parents or children", name, {});
  if (base.row_security)
    refuse(
        "table \"" + name + "\" has row-level security; changing such tables is not supported yet",
        name, {});
  if (change.links && base.has_rules)
    refuse("table \"" + name + "\" has rewrite rules, which bypass translations", name,
           "drop the rules first");
  refuse_columns(table, change.previous, base);
}

// As the catalog names them: "key on schema.table". Those of this version were looked at by
// drop_table.
std::set<std::string> foreign_keys_of(const Version& version, const std::string& schema) {
  std::set<std::string> names;
  for (auto& [logical, table] : version.tables)
    for (const ForeignKey& key : table.foreign_keys)
      names.insert(
          sql::format("{} on {}", sql::Name(key.physical), sql::Qualified{schema, table.physical})
              .str());
  return names;
}

bool names_word(const std::string& text, const std::string& word) {
  auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80);
  };
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    bool starts = at == 0 || !is_word(text[at - 1]);
    bool ends = at + word.size() == text.size() || !is_word(text[at + word.size()]);
    if (starts && ends) return true;
  }
  return false;
}

// Columns of this change that the trigger is told of by name.
std::vector<std::string> columns_in_arguments(const Change& change,
                                              const catalog::Trigger& trigger) {
  std::vector<std::string> found;
  const std::size_t call = trigger.definition.find(" EXECUTE FUNCTION ");
  if (trigger.ours || call == std::string::npos) return found;
  const std::string arguments = trigger.definition.substr(trigger.definition.find('(', call));
  for (auto* columns : {&change.translated, &change.dropped, &change.renamed})
    for (const std::string& column : *columns)
      if (names_word(arguments, change.previous.column(column)->physical)) found.push_back(column);
  return found;
}

// tsvector_update_trigger() looks whether the statement names its columns: one of the new version
// names their twins, and the index would go stale unseen.
void refuse_text_search(const Change& change, const catalog::Table& base) {
  for (const catalog::Trigger& trigger : base.triggers) {
    if (!trigger.function.starts_with("pg_catalog.tsvector_update_trigger")) continue;
    const auto columns = columns_in_arguments(change, trigger);
    if (!columns.empty())
      refuse("column \"" + columns.front() + "\" cannot change under trigger \"" + trigger.name +
                 "\": " + trigger.function + "() goes by the columns that a statement names",
             base.name + "." + columns.front(),
             "put a trigger function of your own in its place, or a generated column");
  }
}

// "NEW.*" or "OLD.*": INSERT INTO history VALUES (NEW.*) fails once the row has more columns.
bool takes_whole_row(const std::string& body) {
  for (std::size_t star = body.find('*'); star != std::string::npos;
       star = body.find('*', star + 1)) {
    std::string before;  // backwards, without spaces
    for (std::size_t i = star; i > 0 && before.size() < 4; --i)
      if (const auto c = static_cast<unsigned char>(body[i - 1]); !std::isspace(c))
        before += static_cast<char>(std::tolower(c));
    if (before == ".wen" || before == ".dlo") return true;
  }
  return false;
}

}  // namespace

void refuse_unsupported(const Draft& draft) {
  for (auto& [logical, table] : draft.tables()) {
    if (table.created || !table.unfolded) continue;
    const catalog::Table* base = draft.snapshot().table(table.table.physical);
    if (!base) continue;
    Change change = change_of(draft, table);
    if (!change.touched) continue;
    refuse_kinds(table, change, *base);
    refuse_dependents(change, *base);
    refuse_row_type(table, change, *base, draft.snapshot().schema);
    refuse_text_search(change, *base);
    refuse_foreign_keys(table, change);
    refuse_set_default(table, change);
    refuse_referenced(table, change, *base, draft.snapshot().schema);
  }
  const auto known_keys = foreign_keys_of(draft.previous(), draft.snapshot().schema);
  auto dropped = draft.dropped_tables();
  for (const std::string& physical : dropped) {
    const catalog::Table* base = draft.snapshot().table(physical);
    if (!base) continue;
    if (!base->owned)
      throw Error(Exit::connection, "not-owner",
                  "the current role does not own table \"" + physical + "\"", physical);
    if (base->kind == 'p' || base->partition || base->inheritance)
      refuse("table \"" + physical +
                 "\" is partitioned or inherited; dropping it is not supported yet",
             physical, {});
    for (const catalog::Dependent& dependent : base->dependents)
      if (!known_keys.count(dependent.name) && dependent.kind != "policy" &&
          dependent.kind != "statistics" && dependent.kind != "trigger" &&
          dependent.kind != "generated column" && dependent.kind != "publication")
        refuse("table \"" + physical + "\" cannot be dropped while " + dependent.kind + " " +
                   dependent.name + " depends on it",
               physical, "drop it first");
  }
}

namespace {

// Functions such as moddatetime() find columns by the names that they are given.
void add_triggers_naming_affected(const Draft& draft, std::vector<std::string>& found) {
  for (auto& [logical, table] : draft.tables()) {
    if (table.created || !table.unfolded) continue;
    const catalog::Table* base = draft.snapshot().table(table.table.physical);
    if (!base) continue;
    const Change change = change_of(draft, table);
    for (const catalog::Trigger& trigger : base->triggers)
      for (const std::string& column : columns_in_arguments(change, trigger))
        found.push_back("trigger " + trigger.name + " names column \"" + base->name + "." + column +
                        "\" in its arguments, which this migration changes");
  }
}

}  // namespace

std::vector<std::string> functions_naming_affected(const Draft& draft) {
  std::vector<std::string> found;
  for (const catalog::TextFunction& function : draft.snapshot().functions) {
    auto report = [&](const std::string& what) {
      found.push_back("function " + function.name + " names " + what +
                      ", which this migration changes");
    };
    for (auto& [logical, table] : draft.tables()) {
      if (table.created || !table.unfolded) continue;
      const std::string& physical = table.table.physical;
      bool about_table = contains(function.trigger_tables, physical) ||
                         names_word(function.body, physical) ||
                         names_word(function.body, table.origin);
      if (!about_table) continue;
      Change change = change_of(draft, table);
      const bool grows = change.links || std::ranges::any_of(table.lineages, [](auto& entry) {
                           return !entry.second.origin;
                         });
      if (grows && contains(function.trigger_tables, physical) && takes_whole_row(function.body))
        report("all columns of table \"" + physical + "\" (NEW.* or OLD.*)");
      if (table.table.name != change.previous.name) report("table \"" + physical + "\"");
      for (auto* columns : {&change.translated, &change.dropped, &change.renamed})
        for (const std::string& column : *columns)
          if (names_word(function.body, column) ||
              names_word(function.body, change.previous.column(column)->physical))
            report("column \"" + physical + "." + column + "\"");
    }
    for (const std::string& physical : draft.dropped_tables())
      if (names_word(function.body, physical)) report("table \"" + physical + "\"");
  }
  add_triggers_naming_affected(draft, found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace pgstrata::model
