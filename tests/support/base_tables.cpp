#include "base_tables.hpp"

#include <algorithm>

namespace pgstrata::test {
namespace {

constexpr const char* us = "migrator";

catalog::Column& named(catalog::Table& table, const std::string& column) {
  return *std::ranges::find(table.columns, column, &catalog::Column::name);
}

void add_index(catalog::Table& table, const std::string& called, const std::string& column,
               const std::string& constraint) {
  catalog::Index index;
  index.name = called;
  index.method = "btree";
  index.unique = !constraint.empty();
  if (!constraint.empty()) index.constraint = constraint;
  catalog::IndexColumn key;
  key.column = column;
  index.keys = {key};
  table.indexes.push_back(index);
}

void add_key(catalog::Table& table, const std::string& called, const std::string& column,
             char type) {
  catalog::Constraint constraint;
  constraint.name = called;
  constraint.type = type;
  constraint.columns = {column};
  constraint.index = called;
  table.constraints.push_back(constraint);
  add_index(table, called, column, called);
}

}  // namespace

table::table(const std::string& called) {
  name = called;
  owner = us;
  owned = true;
  privileges = {{us, "INSERT"}, {us, "SELECT"}, {us, "UPDATE"}};
}

table& table::column(const std::string& called, const std::string& type,
                     std::optional<std::string> default_) {
  catalog::Column column;
  column.name = called;
  column.attnum = ++attribute_count;
  column.type = type;
  column.image_equality = type == "integer" || type == "text" || type == "bigint";
  column.default_ = std::move(default_);
  columns.push_back(column);
  return *this;
}

table& table::required(const std::string& column) {
  named(*this, column).not_null = true;
  return *this;
}

table& table::primary_key(const std::string& column) {
  add_key(*this, name + "_pkey", column, 'p');
  return required(column);
}

table& table::unique(const std::string& constraint, const std::string& column) {
  add_key(*this, constraint, column, 'u');
  return *this;
}

table& table::index(const std::string& called, const std::string& column) {
  add_index(*this, called, column, {});
  return *this;
}

table& table::check(const std::string& constraint, const std::string& condition,
                    const Names& columns) {
  catalog::Constraint check;
  check.name = constraint;
  check.type = 'c';
  check.columns = columns;
  check.check = {condition, columns};
  constraints.push_back(check);
  return *this;
}

table& table::references(const std::string& constraint, const std::string& column,
                         const std::string& parent, const std::string& parent_column,
                         char on_delete) {
  catalog::Constraint key;
  key.name = constraint;
  key.type = 'f';
  key.columns = {column};
  key.referenced_schema = "public";
  key.referenced_table = parent;
  key.referenced_columns = {parent_column};
  key.on_delete = on_delete;
  constraints.push_back(key);
  return *this;
}

table& table::comment_on(const std::string& column, const std::string& text) {
  named(*this, column).comment = text;
  return *this;
}

table& table::grant(const std::string& role, const std::string& privilege,
                    const std::string& column) {
  auto& holders = column.empty() ? privileges : named(*this, column).privileges;
  holders.push_back({role, privilege});
  return *this;
}

catalog::Snapshot snapshot(std::initializer_list<catalog::Table> tables) {
  catalog::Snapshot snapshot;
  snapshot.schema = "public";
  snapshot.schema_exists = snapshot.can_create_in_schema = snapshot.can_create_in_database = true;
  snapshot.role = us;
  snapshot.schema_privileges = {{us, "CREATE"}, {us, "USAGE"}, {"app", "USAGE"}};
  snapshot.server_version = 150000;
  for (const catalog::Table& table : tables) {
    snapshot.tables.emplace(table.name, table);
    for (const catalog::Index& index : table.indexes) snapshot.index_names.push_back(index.name);
  }
  std::ranges::sort(snapshot.index_names);
  return snapshot;
}

}  // namespace pgstrata::test
