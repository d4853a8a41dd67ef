#include "plan/step_builder.hpp"

#include "model/names.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::plan {

using sql::format;
using sql::Name;
using sql::Qualified;

Step transaction(const std::string& phase, const std::string& title, const std::string& reason) {
  Step step;
  step.phase = phase;
  step.title = title;
  step.reason = reason;
  return step;
}

Step attempt_on(const std::string& schema, const std::string& table, const std::string& mode,
                const std::string& phase, const std::string& title, const std::string& reason) {
  Step step = transaction(phase, title, reason);
  step.kind = StepKind::attempt;
  step.lock = mode + " on " + table;
  step.locks = {{schema, table, mode}};
  return step;
}

Step attempt(const Surroundings& around, const model::Table& table, const std::string& mode,
             const std::string& phase, const std::string& title, const std::string& reason) {
  return attempt_on(around.base_schema, table.physical, mode, phase, title, reason);
}

Step validate(const Surroundings& around, const model::Table& table,
              const std::string& constraint) {
  Step step = transaction("validate", "validate " + constraint + " on " + table.physical,
                          "reads and writes go on meanwhile");
  step.kind = StepKind::validate;
  step.lock = "SHARE UPDATE EXCLUSIVE on " + table.physical;
  step.scans = true;
  step.statements.push_back(format("ALTER TABLE {} VALIDATE CONSTRAINT {}",
                                   Qualified{around.base_schema, table.physical}, Name(constraint))
                                .str());
  return step;
}

std::string drop_index_statement(const std::string& schema, const std::string& index) {
  return format("DROP INDEX CONCURRENTLY IF EXISTS {}", Qualified{schema, index}).str();
}

Step drop_index(const IndexBuild& index, const std::string& phase, const std::string& reason) {
  Step step = transaction(phase, "drop index " + index.index, reason);
  step.kind = StepKind::concurrently;
  step.lock = "SHARE UPDATE EXCLUSIVE on " + index.table;
  step.index = index;
  step.index->drop = true;
  step.statements.push_back(drop_index_statement(index.schema, index.index));
  return step;
}

Step user_sql(const std::string& phase, const std::string& title, const std::string& reason,
              const std::string& path, const std::string& sql) {
  Step step = transaction(phase, title, reason);
  step.kind = StepKind::user_sql;
  step.lock = "whatever the SQL takes";
  step.statements = {"SET LOCAL search_path = " + path, sql};
  return step;
}

void append(std::vector<Step>& steps, std::vector<Step> more) {
  for (Step& step : more) steps.push_back(std::move(step));
}

void append(std::vector<std::string>& statements, const std::vector<sql::Sql>& more) {
  for (const sql::Sql& statement : more) statements.push_back(statement.str());
}

void append(std::vector<std::string>& statements, const std::vector<std::string>& more) {
  statements.insert(statements.end(), more.begin(), more.end());
}

void append_sync(Step& step, const SyncTable& table) {
  SyncSql sync = compile_sync(table);
  append(step.statements, sync.functions);
  append(step.statements, sync.triggers);
}

std::string support_schema_name(const std::string& state_schema, const std::string& base_schema) {
  return model::with_suffix(state_schema + "_" + base_schema, "");
}

std::string hidden_schema_name(const std::string& support_schema, const model::Version& version) {
  return model::with_suffix("_v" + std::to_string(version.ordinal) + "_" + support_schema, "");
}

}  // namespace pgstrata::plan
