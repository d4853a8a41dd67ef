#include "random_migration.hpp"

#include <iterator>
#include <nlohmann/json.hpp>

#include "sql/identifier.hpp"

namespace pgstrata::plan {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> table_names = {"orders", "Order Lines", "Größen"};
const std::vector<std::string> column_names = {"a", "select", "Größe", "Two Words"};

std::string dump(const char* operation, const Json& keys) {
  return Json{{operation, keys}}.dump();
}

bool is_text(const model::Column& column) {
  return column.type == "text";
}

}  // namespace

catalog::Snapshot RandomMigration::base() {
  test::table first("orders"), second("Order Lines");
  for (test::table* table : {&first, &second}) {
    table->column("id", "integer").primary_key("id");
    for (const std::string& name : column_names) {
      if (number(3) == 0) continue;
      const bool text = coin();
      table->column(name, text ? "text" : "integer");
      if (coin()) table->columns.back().default_ = text ? "'x'::text" : "5";
      if (coin()) table->required(name);
      const std::string quoted = sql::quote_identifier(name);
      if (number(4) == 0)
        table->check("check_" + name,
                     text ? "(" + quoted + " <> ''::text)" : "(" + quoted + " > 0)", {name});
      if (number(4) == 0) table->index(table->name + "_" + name, name);
    }
    if (coin()) table->grant("app", "SELECT").grant("app", "INSERT");
    if (coin()) table->grant("clerk", "UPDATE", "id");
  }
  if (coin())
    second.column("order", "integer").references("line_order", "order", "orders", "id", 'c');
  return test::snapshot({first, second});
}

std::string RandomMigration::document(const model::Version& version) {
  std::string list;
  for (int i = 1 + number(4); i > 0; --i) list += (list.empty() ? "" : ",\n") + operation(version);
  return "{\"operations\": [\n" + list + "\n]}";
}

std::string RandomMigration::operation(const model::Version& version) {
  const std::string unused = table_names[number(3)];
  if (version.tables.empty() || number(12) == 0) {
    const Json id = {{"name", "id"}, {"type", coin() ? "integer" : "serial"}, {"pk", true}};
    const Json more = {{"name", column_names[number(4)]}, {"type", "text"}, {"nullable", coin()}};
    return dump("create_table", {{"name", unused}, {"columns", {id, more}}});
  }
  const model::Table& table =
      std::next(version.tables.begin(), number(static_cast<int>(version.tables.size())))->second;
  if (number(15) == 0) return dump("drop_table", {{"name", table.name}});
  if (number(15) == 0) return dump("rename_table", {{"from", table.name}, {"to", unused}});
  if (number(12) == 0 && !table.indexes.empty())
    return dump("drop_index",
                {{"name", table.indexes[number(static_cast<int>(table.indexes.size()))].name}});
  return column_operation(table.name,
                          table.columns[number(static_cast<int>(table.columns.size()))]);
}

std::string RandomMigration::column_operation(const std::string& table,
                                              const model::Column& column) {
  const std::string quoted = sql::quote_identifier(column.name.str());
  const bool text = is_text(column);
  const std::string number_ = std::to_string(++made_);
  Json keys = {{"table", table}, {"column", column.name}};
  switch (number(10)) {
    case 0: {  // a new column: computed, constant, volatile or empty
      const char* const types[] = {"integer", "text"};
      Json added = {{"name", column_names[number(4)]}, {"type", types[text]}, {"nullable", coin()}};
      const int value = number(4);
      if (value == 0) added["default"] = text ? "'x'" : "5";
      if (value == 1)
        added["default"] = text ? "gen_random_uuid()::text" : "(random() * 9)::integer";
      if (value == 2 && text) keys["up"] = "upper(" + quoted + ")";
      if (value == 2 && !text) keys["up"] = quoted + " + 1";
      keys.erase("column");
      keys["column"] = added;
      return dump("add_column", keys);
    }
    case 1:
      if (coin()) keys["down"] = text ? "'gone'" : "0";
      return dump("drop_column", keys);
    case 2:
      return dump("rename_column",
                  {{"table", table}, {"from", column.name}, {"to", column_names[number(4)]}});
    case 3:
    case 4:  // other values in the same type, or another type of numbers
      if (text) {
        keys["up"] = "upper(" + quoted + ")";
        keys["down"] = "lower(" + quoted + ")";
      } else {
        keys["type"] = column.type == "bigint" ? "integer" : "bigint";
      }
      break;
    case 5:
      keys["nullable"] = !column.not_null;
      break;
    case 6:
      if (coin())
        keys["default"] = nullptr;
      else
        keys["default"] = text ? "'x'" : "5";
      break;
    case 7:
      keys["check"] = {{"name", "rule_" + number_},
                       {"constraint", text ? quoted + " <> ''" : quoted + " > 0"}};
      break;
    case 8:
      keys["unique"] = "unique_" + number_;
      break;
    default:
      return dump("create_index", {{"table", table},
                                   {"name", "index_" + number_},
                                   {"columns", {column.name}},
                                   {"unique", coin()}});
  }
  return dump("alter_column", keys);
}

}  // namespace pgstrata::plan
