#define BOOST_TEST_DYN_LINK
#include "statement_facts.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "sql/parser.hpp"

namespace pgstrata::plan {
namespace {

using Json = nlohmann::json;

const char* const exclusive = "ACCESS EXCLUSIVE";
const char* const row_exclusive = "SHARE ROW EXCLUSIVE";

std::string name_of(const Json& range) {
  return range.value("schemaname", "") + "." + range.at("relname").get<std::string>();
}

// [{"String": {"sval": "a"}}, …] as a.b
std::string dotted(const Json& names) {
  std::string text;
  for (const Json& name : names)
    text += (text.empty() ? "" : ".") + name.at("String").at("sval").get<std::string>();
  return text;
}

class Reader {
 public:
  explicit Reader(StatementFacts& facts) : facts_(facts) {}

  void read(const std::string& kind, const Json& node) {
    static const std::set<std::string> harmless = {"CommentStmt",     "GrantStmt",  "AlterSeqStmt",
                                                   "VacuumStmt",      "UpdateStmt", "DoStmt",
                                                   "VariableSetStmt", "SelectStmt"};
    if (node.value("behavior", "") == "DROP_CASCADE") facts_.cascade = true;
    if (kind == "CreateStmt")
      add("table " + name_of(node.at("relation")));
    else if (kind == "CreateSeqStmt")
      add("sequence " + name_of(node.at("sequence")));
    else if (kind == "ViewStmt")
      add("view " + name_of(node.at("view")));
    else if (kind == "CreateSchemaStmt")
      add("schema " + node.at("schemaname").get<std::string>());
    else if (kind == "CreateFunctionStmt")
      add("function " + dotted(node.at("funcname")));
    else if (kind == "IndexStmt")
      index(node);
    else if (kind == "CreateTrigStmt")
      trigger(node);
    else if (kind == "AlterTableStmt")
      alter(node);
    else if (kind == "RenameStmt")
      rename(node);
    else if (kind == "DropStmt")
      drop(node);
    else
      BOOST_TEST(harmless.count(kind) == 1u, "a plan holds a " << kind << ", unknown to this test");
  }

 private:
  void add(const std::string& object) { facts_.adds.insert(object); }
  void lock(const std::string& table, const char* mode) { facts_.locks.emplace_back(table, mode); }

  void index(const Json& node) {
    const Json& table = node.at("relation");
    add("index " + table.value("schemaname", "") + "." + node.at("idxname").get<std::string>());
    if (!node.value("concurrent", false)) lock(name_of(table), row_exclusive);
  }

  void trigger(const Json& node) {
    const std::string table = name_of(node.at("relation"));
    add("trigger " + table + "." + node.at("trigname").get<std::string>());
    lock(table, row_exclusive);
  }

  void alter(const Json& node) {
    if (node.at("objtype") == "OBJECT_VIEW") return;  // its own lock, on nothing below
    const std::string table = name_of(node.at("relation"));
    for (const Json& item : node.at("cmds")) command(table, item.at("AlterTableCmd"));
  }

  void command(const std::string& table, const Json& command) {
    const std::string what = command.at("subtype");
    if (command.value("behavior", "") == "DROP_CASCADE") facts_.cascade = true;
    if (what == "AT_ValidateConstraint" || what == "AT_SetStatistics" || what == "AT_SetOptions")
      return;
    if (what == "AT_EnableAlwaysTrig") return lock(table, row_exclusive);
    if (what == "AT_AddConstraint") return constraint(table, command.at("def").at("Constraint"));
    lock(table, exclusive);
    const std::string column = table + "." + command.value("name", "");
    if (what == "AT_DropColumn") facts_.drops.insert("column " + column);
    if (what == "AT_DropConstraint") facts_.drops.insert("constraint " + column);
    if (what == "AT_SetNotNull") facts_.proves = true;
    if (what != "AT_AddColumn") return;
    const Json& definition = command.at("def").at("ColumnDef");
    add("column " + table + "." + definition.at("colname").get<std::string>());
    facts_.strict_column = definition.contains("constraints");
  }

  void constraint(const std::string& table, const Json& node) {
    add("constraint " + table + "." + node.at("conname").get<std::string>());
    if (node.at("contype") == "CONSTR_FOREIGN") {
      lock(table, row_exclusive);
      lock(name_of(node.at("pktable")), row_exclusive);
      return;
    }
    lock(table, exclusive);
    if (node.at("contype") == "CONSTR_CHECK") facts_.proves = true;
  }

  void rename(const Json& node) {
    const std::string what = node.at("renameType");
    if (what == "OBJECT_SCHEMA") {
      facts_.drops.insert("schema " + node.at("subname").get<std::string>());
      add("schema " + node.at("newname").get<std::string>());
    } else if (what != "OBJECT_INDEX") {
      const std::string table = name_of(node.at("relation"));
      lock(table, exclusive);
      if (what == "OBJECT_TABLE")
        facts_.renamed = {
            table, table.substr(0, table.find('.') + 1) + node.at("newname").get<std::string>()};
    }
  }

  void drop(const Json& node) {
    static const std::map<std::string, std::string> words = {
        {"OBJECT_TABLE", "table "},     {"OBJECT_VIEW", "view "},
        {"OBJECT_INDEX", "index "},     {"OBJECT_SCHEMA", "schema "},
        {"OBJECT_TRIGGER", "trigger "}, {"OBJECT_FUNCTION", "function "}};
    const std::string what = node.at("removeType");
    for (const Json& object : node.at("objects")) {
      std::string name;
      if (object.contains("List"))
        name = dotted(object.at("List").at("items"));
      else if (object.contains("ObjectWithArgs"))
        name = dotted(object.at("ObjectWithArgs").at("objname"));
      else
        name = object.at("String").at("sval");
      facts_.drops.insert(words.at(what) + name);
      if (what == "OBJECT_TABLE") lock(name, exclusive);
      if (what == "OBJECT_TRIGGER") lock(name.substr(0, name.rfind('.')), exclusive);
      if (what == "OBJECT_INDEX")
        BOOST_TEST(node.value("concurrent", false), "an index of ours is dropped under a lock");
    }
  }

  StatementFacts& facts_;
};

}  // namespace

StatementFacts facts_of(const std::string& statement) {
  StatementFacts facts;
  Json parsed;
  if (auto error = sql::parse_statements(statement, parsed)) {
    BOOST_ERROR("PostgreSQL cannot read this: " << error->message << "\n" << statement);
    return facts;
  }
  BOOST_TEST(parsed.size() == 1u, "several statements in one: " << statement);
  for (const Json& item : parsed)
    for (auto& [kind, node] : item.at("stmt").items()) Reader(facts).read(kind, node);
  return facts;
}

}  // namespace pgstrata::plan
