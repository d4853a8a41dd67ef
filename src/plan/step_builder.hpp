// The common shapes of steps.
#pragma once

#include <string>
#include <vector>

#include "plan/planner.hpp"
#include "plan/sync.hpp"

namespace pgstrata::plan {

Step transaction(const std::string& phase, const std::string& title, const std::string& reason);
// Statements under a table lock, taken by attempts.
Step attempt(const Surroundings& around, const model::Table& table, const std::string& mode,
             const std::string& phase, const std::string& title, const std::string& reason);
Step attempt_on(const std::string& schema, const std::string& table, const std::string& mode,
                const std::string& phase, const std::string& title, const std::string& reason);
Step validate(const Surroundings& around, const model::Table& table, const std::string& constraint);
std::string drop_index_statement(const std::string& schema, const std::string& index);
Step drop_index(const IndexBuild& index, const std::string& phase, const std::string& reason);
// A user's SQL as it stands, names looked up as its author would.
Step user_sql(const std::string& phase, const std::string& title, const std::string& reason,
              const std::string& path, const std::string& sql);
void append(std::vector<Step>& steps, std::vector<Step> more);
void append_sync(Step& step, const SyncTable& table);
void append(std::vector<std::string>& statements, const std::vector<sql::Sql>& more);
void append(std::vector<std::string>& statements, const std::vector<std::string>& more);

}  // namespace pgstrata::plan
