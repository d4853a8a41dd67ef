// Turns a JSON description of a SyncTable (stdin) into the statements of its sync triggers (stdout,
// a JSON object), so that tests in other languages can drive the compiler. Fields are named as in
// plan/sync.hpp; those with a default may be left out.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>

#include "plan/sync.hpp"

namespace {

using nlohmann::json;
using namespace pgstrata;

sql::Sql text(const json& object, const char* key) {
  return sql::Sql::trusted(object.value(key, std::string()));
}

plan::SyncTable read_table(const json& in) {
  plan::SyncTable table;
  table.base_schema = in.at("base_schema");
  table.table = in.at("table");
  table.support_schema = in.at("support_schema");
  table.filling = in.value("filling", false);
  table.oldest_unmarked = in.value("oldest_unmarked", false);
  table.pair = in.value("pair", false);
  table.first_trigger = in.value("first_trigger", std::string());
  table.last_trigger = in.value("last_trigger", std::string());
  for (const json& v : in.at("versions"))
    table.versions.push_back({v.at("ordinal"), v.at("name"), v.at("schema")});
  for (const json& c : in.at("columns"))
    table.columns.push_back({c.at("name"), c.at("lo"), c.at("hi"), c.value("image_equality", false),
                             text(c, "type"), c.value("not_null", false)});
  for (const json& l : in.at("links"))
    table.links.push_back({l.at("boundary"), l.at("up"), l.at("output"), l.at("inputs"),
                           text(l, "function"), l.value("reason", std::string()),
                           l.value("keeps_null", false)});
  for (const json& r : in.value("rules", json::array()))
    table.rules.push_back({r.at("from"), r.value("constraint", std::string()),
                           r.value("column", std::string()), r.at("inputs"), text(r, "condition")});
  return table;
}

json statements(const std::vector<sql::Sql>& list) {
  json out = json::array();
  for (const auto& statement : list) out.push_back(statement.str());
  return out;
}

}  // namespace

int main() try {
  const plan::SyncTable table = read_table(json::parse(std::cin));
  const plan::SyncSql compiled = plan::compile_sync(table);
  std::cout << json{{"needed", compiled.needed},
                    {"update_trigger", compiled.update_trigger},
                    {"functions", statements(compiled.functions)},
                    {"triggers", statements(compiled.triggers)},
                    {"drop", statements(plan::drop_sync(table))},
                    {"path_dependent_columns", plan::path_dependent_columns(table)}}
            << "\n";
} catch (const std::exception& error) {
  std::cerr << "sync_compile: " << error.what() << "\n";
  return 1;
}
