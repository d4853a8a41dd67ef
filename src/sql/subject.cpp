#include "sql/subject.hpp"

#include <nlohmann/json.hpp>

#include "sql/parser.hpp"

namespace pgstrata::sql {
namespace {

using nlohmann::json;
using Thing = Subject::Thing;

Qualified relation(const json& range) {
  return {range.value("schemaname", ""), range.value("relname", "")};
}

std::optional<Subject> dropped_index(const json& body) {
  const json& objects = body["objects"];
  if (body.value("removeType", "") != "OBJECT_INDEX" || objects.size() != 1) return {};
  const json& parts = objects[0]["List"]["items"];
  if (parts.empty() || parts.size() > 2) return {};
  const auto part = [&](std::size_t at) { return parts[at]["String"].value("sval", ""); };
  if (parts.size() == 1) return Subject{Thing::index, false, {"", part(0)}, {}};
  return Subject{Thing::index, false, {part(0), part(1)}, {}};
}

std::optional<Subject> detached(const json& body) {
  const json& commands = body["cmds"];
  if (commands.size() != 1) return {};
  const json& command = commands[0]["AlterTableCmd"];
  if (command.value("subtype", "") != "AT_DetachPartition") return {};
  return Subject{Thing::partition, false, relation(command["def"]["PartitionCmd"]["name"]),
                 relation(body["relation"])};
}

std::optional<Subject> by_name(Thing thing, bool makes, const json& body, const char* key) {
  return Subject{thing, makes, {"", body.value(key, "")}, {}};
}

std::optional<Subject> of(const std::string& kind, const json& body) {
  if (kind == "IndexStmt" && body.contains("idxname"))
    return Subject{Thing::index, true, {"", body.value("idxname", "")}, relation(body["relation"])};
  if (kind == "DropStmt") return dropped_index(body);
  if (kind == "AlterTableStmt") return detached(body);
  if (kind == "CreatedbStmt") return by_name(Thing::database, true, body, "dbname");
  if (kind == "DropdbStmt") return by_name(Thing::database, false, body, "dbname");
  if (kind == "CreateTableSpaceStmt")
    return by_name(Thing::tablespace, true, body, "tablespacename");
  if (kind == "DropTableSpaceStmt")
    return by_name(Thing::tablespace, false, body, "tablespacename");
  if (kind == "CreateSubscriptionStmt") return by_name(Thing::subscription, true, body, "subname");
  if (kind == "DropSubscriptionStmt") return by_name(Thing::subscription, false, body, "subname");
  return {};
}

}  // namespace

std::optional<Subject> subject_of(const std::string& statement) {
  json statements;
  if (parse_statements(statement, statements) || statements.size() != 1) return {};
  for (const auto& [kind, body] : statements[0]["stmt"].items()) return of(kind, body);
  return {};
}

}  // namespace pgstrata::sql
