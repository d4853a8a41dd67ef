#include "sql/statements.hpp"

#include <pg_query.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "pgstrata/error.hpp"
#include "sql/parser.hpp"
#include "sql/scanner.hpp"

namespace pgstrata::sql {
namespace {

using nlohmann::json;

struct SplitResult {
  explicit SplitResult(PgQuerySplitResult result) : raw(result) {}
  ~SplitResult() { pg_query_free_split_result(raw); }
  SplitResult(const SplitResult&) = delete;
  SplitResult& operator=(const SplitResult&) = delete;
  PgQuerySplitResult raw;
};

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// Reserved words of the text in upper case, quoted names and constants left out.
std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> result;
  for (const Token& token : scan(text).tokens) {
    if (token.kind != Token::Kind::word) continue;
    std::string word = text.substr(token.begin, token.end - token.begin);
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::toupper(c); });
    result.push_back(std::move(word));
  }
  return result;
}

bool has_option(const json& body, const char* option) {
  if (!body.contains("params")) return false;
  return std::ranges::any_of(body["params"], [&](const json& element) {
    return element.contains("DefElem") && element["DefElem"].value("defname", "") == option;
  });
}

bool detaches_concurrently(const json& body) {
  if (!body.contains("cmds")) return false;
  return std::ranges::any_of(body["cmds"], [](const json& element) {
    const json& command = element["AlterTableCmd"];
    return command.contains("def") && command["def"].contains("PartitionCmd") &&
           command["def"]["PartitionCmd"].value("concurrent", false);
  });
}

bool outside(const std::string& kind, const json& body) {
  static const std::vector<std::string> always = {"CreatedbStmt",         "DropdbStmt",
                                                  "CreateTableSpaceStmt", "DropTableSpaceStmt",
                                                  "AlterSystemStmt",      "CreateSubscriptionStmt",
                                                  "DropSubscriptionStmt", "AlterSubscriptionStmt"};
  if (std::ranges::find(always, kind) != always.end()) return true;
  if (kind == "IndexStmt" || kind == "DropStmt") return body.value("concurrent", false);
  if (kind == "VacuumStmt") return body.value("is_vacuumcmd", false);
  if (kind == "ClusterStmt") return !body.contains("relation");
  if (kind == "AlterTableStmt") return detaches_concurrently(body);
  if (kind == "ReindexStmt") {
    const std::string target = body.value("kind", "");
    return has_option(body, "concurrently") || target == "REINDEX_OBJECT_SCHEMA" ||
           target == "REINDEX_OBJECT_SYSTEM" || target == "REINDEX_OBJECT_DATABASE";
  }
  return false;
}

// True if `judge` says so of any statement; an unreadable text is judged by `judge_words`.
template <typename Judge, typename JudgeWords>
bool any_statement(const std::string& text, Judge judge, JudgeWords judge_words) {
  for (const std::string& one : split_statements(text)) {
    json statements;
    if (parse_statements(one, statements)) {
      if (judge_words(words(one))) return true;
      continue;
    }
    for (const json& statement : statements) {
      for (const auto& [kind, body] : statement["stmt"].items()) {
        if (judge(kind, body)) return true;
      }
    }
  }
  return false;
}

}  // namespace

std::vector<std::string> split_statements(const std::string& text) {
  SplitResult parsed(pg_query_split_with_parser(text.c_str()));
  SplitResult scanned(parsed.raw.error != nullptr ? pg_query_split_with_scanner(text.c_str())
                                                  : PgQuerySplitResult{});
  const PgQuerySplitResult& result = parsed.raw.error != nullptr ? scanned.raw : parsed.raw;
  if (result.error != nullptr) {
    throw Error(Exit::migration, "bad-sql", result.error->message);
  }
  std::vector<std::string> statements;
  for (int i = 0; i < result.n_stmts; ++i) {
    std::string one = trimmed(text.substr(static_cast<std::size_t>(result.stmts[i]->stmt_location),
                                          static_cast<std::size_t>(result.stmts[i]->stmt_len)));
    if (!one.empty()) statements.push_back(std::move(one));
  }
  return statements;
}

bool runs_outside_transaction(const std::string& statements) {
  return any_statement(statements, outside, [](const std::vector<std::string>& words) {
    if (words.empty()) return false;
    return words.front() == "VACUUM" || std::ranges::find(words, "CONCURRENTLY") != words.end();
  });
}

bool controls_transaction(const std::string& statements) {
  return any_statement(
      statements, [](const std::string& kind, const json&) { return kind == "TransactionStmt"; },
      [](const std::vector<std::string>& words) {
        static const std::vector<std::string> begins = {"BEGIN", "COMMIT", "ROLLBACK", "END",
                                                        "ABORT"};
        return !words.empty() && std::ranges::find(begins, words.front()) != begins.end();
      });
}

}  // namespace pgstrata::sql
