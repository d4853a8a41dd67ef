// Steps as JSON. Fields that have their default are left out, so the journal stays readable; fields
// that a later release added are ignored on reading only if `format` is still the same.
#include "plan/step.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "pgstrata/error.hpp"

namespace pgstrata::plan {
namespace {

using Json = nlohmann::ordered_json;

constexpr int current_format = 1;

constexpr std::array<std::pair<StepKind, const char*>, 7> kinds{{
    {StepKind::transaction, "transaction"},
    {StepKind::attempt, "attempt"},
    {StepKind::concurrently, "concurrently"},
    {StepKind::validate, "validate"},
    {StepKind::backfill, "backfill"},
    {StepKind::user_sql, "user_sql"},
    {StepKind::publish, "publish"},
}};

StepKind kind_from(const std::string& word) {
  for (const auto& [kind, name] : kinds)
    if (word == name) return kind;
  throw Error(Exit::failure, "unreadable-journal",
              "the journal holds a step of unknown kind \"" + word + "\"");
}

void put(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

void put(Json& json, const char* key, bool flag) {
  if (flag) json[key] = true;
}

Json locks_json(const std::vector<StepLock>& locks) {
  Json list = Json::array();
  for (const auto& lock : locks)
    list.push_back({{"schema", lock.schema}, {"table", lock.table}, {"mode", lock.mode}});
  return list;
}

Json index_json(const IndexBuild& index) {
  Json json{{"schema", index.schema}, {"table", index.table}, {"index", index.index}};
  put(json, "drop", index.drop);
  put(json, "unique", index.unique);
  return json;
}

Json fill_json(const Fill& fill) {
  Json assignments = Json::array();
  for (const auto& assignment : fill.assignments)
    assignments.push_back({{"column", assignment.column}, {"expression", assignment.expression}});
  Json json{{"schema", fill.schema},
            {"table", fill.table},
            {"marker", fill.marker},
            {"newest", fill.newest},
            {"assignments", std::move(assignments)}};
  put(json, "checkRowsKept", fill.check_rows_kept);
  put(json, "silenced", fill.silenced);
  put(json, "throughTrigger", fill.through_trigger);
  if (!fill.fires.empty()) json["fires"] = fill.fires;
  return json;
}

IndexBuild index_from(const Json& json) {
  return {json.at("schema"), json.at("table"), json.at("index"), json.value("drop", false),
          json.value("unique", false)};
}

Fill fill_from(const Json& json) {
  Fill fill;
  fill.schema = json.at("schema");
  fill.table = json.at("table");
  fill.marker = json.at("marker");
  fill.newest = json.at("newest");
  for (const auto& assignment : json.at("assignments"))
    fill.assignments.push_back({assignment.at("column"), assignment.at("expression")});
  fill.check_rows_kept = json.value("checkRowsKept", false);
  fill.silenced = json.value("silenced", false);
  fill.through_trigger = json.value("throughTrigger", false);
  fill.fires = json.value("fires", std::vector<std::string>());
  return fill;
}

Step step_from(const Json& json) {
  if (json.at("format") != current_format)
    throw Error(Exit::failure, "unreadable-journal",
                "the journal was written by a release of pgstrata that this one cannot read", {},
                "finish the running command with the release that began it");
  Step step;
  step.phase = json.at("phase");
  step.kind = kind_from(json.at("kind"));
  step.title = json.value("title", "");
  step.reason = json.value("reason", "");
  step.lock = json.value("lock", "");
  step.scans = json.value("scans", false);
  step.rewrites = json.value("rewrites", false);
  step.beside = json.value("beside", false);
  step.makes = json.value("makes", "");
  if (json.contains("locks"))
    for (const auto& lock : json.at("locks"))
      step.locks.push_back({lock.at("schema"), lock.at("table"), lock.at("mode")});
  if (json.contains("statements")) step.statements = json.at("statements");
  if (json.contains("index")) step.index = index_from(json.at("index"));
  if (json.contains("fill")) step.fill = fill_from(json.at("fill"));
  return step;
}

}  // namespace

std::string to_string(StepKind kind) {
  for (const auto& [candidate, name] : kinds)
    if (candidate == kind) return name;
  throw Error(Exit::failure, "unknown-step-kind", "a step has a kind without a name");
}

std::string to_json(const Step& step) {
  Json json{{"format", current_format}, {"phase", step.phase}, {"kind", to_string(step.kind)}};
  put(json, "title", step.title);
  put(json, "reason", step.reason);
  put(json, "lock", step.lock);
  put(json, "scans", step.scans);
  put(json, "rewrites", step.rewrites);
  put(json, "beside", step.beside);
  put(json, "makes", step.makes);
  if (!step.locks.empty()) json["locks"] = locks_json(step.locks);
  if (!step.statements.empty()) json["statements"] = step.statements;
  if (step.index) json["index"] = index_json(*step.index);
  if (step.fill) json["fill"] = fill_json(*step.fill);
  return json.dump();
}

Step step_from_json(const std::string& text) {
  try {
    return step_from(Json::parse(text));
  } catch (const Json::exception& defect) {
    throw Error(Exit::failure, "unreadable-journal",
                std::string("a step in the journal cannot be read: ") + defect.what());
  }
}

}  // namespace pgstrata::plan
