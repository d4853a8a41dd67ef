#include "engine/try_out.hpp"

#include <algorithm>

#include "pgstrata/error.hpp"
#include "plan/elements.hpp"

namespace pgstrata::engine {

using model::Table;
using sql::format;

namespace {

template <typename Element>
std::vector<Element> only_new(const model::List<Element>& elements,
                              const model::List<Element>* before) {
  std::vector<Element> found;
  for (const Element& element : elements)
    if (!before || std::none_of(before->begin(), before->end(),
                                [&](auto& e) { return e.physical == element.physical; }))
      found.push_back(element);
  return found;
}

// The error is about what was asked for, not about rights, locks or the connection.
bool about_the_shape(const db::SqlError& error) {
  const std::string& state = error.sqlstate();
  if (error.connection_lost() || state == "42501") return false;
  return state.starts_with("42") || state.starts_with("0A") || state.starts_with("22") ||
         state.starts_with("54");
}

class TryOut {
 public:
  TryOut(Session& session, const Prepared& prepared)
      : session_(session),
        prepared_(prepared),
        before_(prepared.live.back()),
        schema_(session.stand_in().schema) {}

  void run() {
    for (auto& [logical, table] : prepared_.next.tables) {
      const Table* before = before_.physical_table(table.physical);
      if (before && *before == table) continue;
      try_table(table, before);
    }
  }

 private:
  void try_table(const Table& table, const Table* before) {
    Table trial = table;
    trial.indexes = only_new(table.indexes, before ? &before->indexes : nullptr);
    trial.checks = only_new(table.checks, before ? &before->checks : nullptr);
    trial.foreign_keys = only_new(table.foreign_keys, before ? &before->foreign_keys : nullptr);
    // A column by itself was tried when its type was bound.
    if (before && trial.indexes.empty() && trial.checks.empty() && trial.foreign_keys.empty())
      return;
    if (before) keep_used_columns(trial);
    db::Transaction transaction(session_.connection, "SET LOCAL lock_timeout = '1s'");
    try {
      if (before)
        make(stand_in(trial, own_name));
      else
        for (auto& statement : plan::create_table(session_.names.base_schema, trial))
          session_.connection.execute(statement);
      for (const model::ForeignKey& key : trial.foreign_keys) {
        referenced_ = key.table;
        refer(table, before != nullptr, key);
      }
    } catch (const db::SqlError& error) {
      if (!about_the_shape(error)) throw;
      throw Error(Exit::migration, "not-possible",
                  "PostgreSQL does not take what the migration makes of table \"" + table.name +
                      "\": " + in_user_terms(error.fields().message, table) +
                      (error.fields().detail.empty() ? "" : "; " + error.fields().detail),
                  table.name, error.fields().hint);
    }
  }

  // What the new indexes, checks and keys name: a table of 1,000 columns takes long to make.
  static void keep_used_columns(Table& table) {
    auto used = [&](const auto& elements, const std::string& column) {
      return std::any_of(elements.begin(), elements.end(),
                         [&](auto& element) { return model::uses_column(element, column); });
    };
    table.columns.erase_if([&](const model::Column& column) {
      return !used(table.indexes, column.name) && !used(table.checks, column.name) &&
             !used(table.foreign_keys, column.name);
    });
  }

  // What PostgreSQL says of it names the columns as the version does.
  static Table under_own_names(Table table) {
    for (model::Column& column : table.columns) column.physical = column.name;
    return table;
  }

  // Columns, keys and rules alone: nothing that needs a sequence, and every index by a name of its
  // own.
  Table stand_in(const Table& table, const std::string& name) const {
    Table copy = under_own_names(table);
    copy.name = copy.physical = name;
    copy.comment.reset();
    for (model::Column& column : copy.columns) {
      column.default_.reset();
      column.physical_default.reset();
      column.owned_sequence.reset();
      column.comment.reset();
      column.identity = column.generated = 0;
    }
    int number = 0;
    for (model::Index& index : copy.indexes) {
      index.constraint = 0;
      index.comment.reset();
      index.name = index.physical = name + "_" + std::to_string(++number);
    }
    return copy;
  }

  void make(const Table& table) {
    for (auto& statement : plan::create_table(schema_, table))
      session_.connection.execute(statement);
  }

  // Against a stand-in of the referenced table with its unique keys: the table itself would be
  // locked.
  void refer(const Table& table, bool altered, model::ForeignKey key) {
    const Table* parent = key.schema == session_.names.base_schema
                              ? prepared_.next.physical_table(key.table)
                              : nullptr;
    if (!parent) return;
    Table child = altered ? under_own_names(table) : table;
    const std::string schema = altered ? schema_ : session_.names.base_schema;
    if (altered) child.physical = own_name;
    Table referenced = stand_in(*parent, parent_name);
    referenced.indexes.erase_if(
        [](auto& index) { return !index.unique || index.predicate || index.deferrable; });
    referenced.checks.clear();
    make(referenced);
    key.schema = schema_;
    key.table = parent_name;
    key.physical = key.name;
    for (std::string& column : key.referenced)
      if (const model::Column* named = parent->physical_column(column)) column = named->name;
    session_.connection.execute(format("ALTER TABLE {} ADD {}",
                                       sql::Qualified{schema, child.physical},
                                       plan::foreign_key_definition(child, key))
                                    .str());
    session_.connection.execute(
        format("DROP TABLE {} CASCADE", sql::Qualified{schema_, parent_name}).str());
  }

  std::string in_user_terms(std::string message, const Table& table) const {
    auto replace = [&](const std::string& name, const std::string& by) {
      for (auto at = message.find(name); at != std::string::npos;
           at = message.find(name, at + by.size()))
        message.replace(at, name.size(), by);
    };
    replace(parent_name, referenced_);
    replace(own_name, table.name);
    return message;
  }

  std::string referenced_;                                 // what the stand-in parent stands for
  static constexpr const char* own_name = "pgstrata_try";  // Session::stand_in()
  static constexpr const char* parent_name = "pgstrata_try_parent";
  Session& session_;
  const Prepared& prepared_;
  const model::Version& before_;
  std::string schema_;
};

}  // namespace

void try_out(Session& session, const Prepared& prepared) {
  if (!prepared.next.raw_sql) TryOut(session, prepared).run();
}

}  // namespace pgstrata::engine
