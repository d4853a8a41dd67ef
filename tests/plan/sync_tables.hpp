// Tables in flight for the tests of the sync triggers.
#pragma once

#include <boost/test/unit_test.hpp>

#include "plan/sync.hpp"

namespace pgstrata::plan {

inline SyncColumn shown(std::string name, int lo, int hi, std::string type = "integer") {
  const bool identity = type == "integer" || type == "text";
  return {std::move(name), lo, hi, identity, sql::Sql::trusted(std::move(type)), false};
}

inline SyncLink up(int boundary, std::string output, std::vector<std::string> inputs) {
  const auto function = sql::format("{}", sql::Qualified{"public_support", "up_" + output});
  return {boundary, true, std::move(output), std::move(inputs), function, "", false};
}

inline SyncLink down(int boundary, std::string output, std::vector<std::string> inputs) {
  const auto function = sql::format("{}", sql::Qualified{"public_support", "down_" + output});
  return {boundary, false, std::move(output), std::move(inputs), function, "", false};
}

inline SyncTable accounts(std::vector<int> ordinals) {
  SyncTable table;
  table.base_schema = "public";
  table.table = "accounts";
  table.support_schema = "public_support";
  for (const int n : ordinals)
    table.versions.push_back({n, "v" + std::to_string(n), "public_v" + std::to_string(n)});
  return table;
}

// Version 2 shows the balance as numeric.
inline SyncTable two_versions() {
  SyncTable table = accounts({1, 2});
  table.columns = {shown("id", 1, 2), shown("balance", 1, 1),
                   shown("_balance_2", 2, 2, "numeric(12,2)")};
  table.links = {up(2, "_balance_2", {"balance"}), down(2, "balance", {"_balance_2"})};
  table.links[0].reason = "accounts.balance: integer → numeric(12,2)";
  table.links[1].reason = "accounts.balance: numeric(12,2) → integer";
  return table;
}

// Version 4 also derives full_name from columns that all show, version 7 shows the balance as text,
// and demands an email.
inline SyncTable three_versions() {
  SyncTable table = accounts({2, 4, 7});
  table.columns = {shown("id", 2, 7),
                   shown("balance", 2, 2),
                   shown("first", 2, 7, "text"),
                   shown("last", 2, 7, "text"),
                   shown("email", 2, 7, "public.citext"),
                   shown("_balance_4", 4, 4, "numeric"),
                   shown("full_name", 4, 7, "text"),
                   shown("_balance_7", 7, 7, "text"),
                   shown("note", 7, 7, "text")};
  table.links = {up(4, "_balance_4", {"balance"}), down(4, "balance", {"_balance_4"}),
                 up(4, "full_name", {"first", "last"}), up(7, "_balance_7", {"_balance_4"}),
                 down(7, "_balance_4", {"_balance_7"})};
  SyncRule rule;
  rule.from = 7;
  rule.column = "email";
  rule.inputs = {"email"};
  rule.condition = sql::Sql::trusted("NEW.email IS NOT NULL");
  table.rules = {rule};
  return table;
}

inline SyncTable filling(SyncTable table) {
  table.filling = true;
  return table;
}

inline std::string text(const std::vector<sql::Sql>& statements) {
  std::string all;
  for (const auto& statement : statements) all += statement.str() + ";\n";
  return all;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace pgstrata::plan
