#include "sql/scanner.hpp"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace pgstrata::sql {
namespace {

// Not unreserved in PostgreSQL 16 to 18, unknown to the grammar we link.
constexpr auto newer_keywords = std::to_array<std::string_view>(
    {"json", "json_array", "json_arrayagg", "json_exists", "json_object", "json_objectagg",
     "json_query", "json_scalar", "json_serialize", "json_table", "json_value", "merge_action",
     "system_user"});

struct ScanResult {
  explicit ScanResult(const char* text) : raw(pg_query_scan(text)) {
    if (raw.error == nullptr) {
      unpacked = pg_query__scan_result__unpack(
          nullptr, raw.pbuf.len, reinterpret_cast<const std::uint8_t*>(raw.pbuf.data));
    }
  }
  ~ScanResult() {
    if (unpacked != nullptr) pg_query__scan_result__free_unpacked(unpacked, nullptr);
    pg_query_free_scan_result(raw);
  }
  ScanResult(const ScanResult&) = delete;
  ScanResult& operator=(const ScanResult&) = delete;

  PgQueryScanResult raw;
  PgQuery__ScanResult* unpacked = nullptr;
};

Token::Kind kind_of(const PgQuery__ScanToken& token, const std::string& text) {
  switch (token.token) {
    case PG_QUERY__TOKEN__ASCII_46:
      return Token::Kind::dot;
    case PG_QUERY__TOKEN__ASCII_40:
      return Token::Kind::open;
    case PG_QUERY__TOKEN__ASCII_41:
      return Token::Kind::close;
    case PG_QUERY__TOKEN__ASCII_59:
      return Token::Kind::semicolon;
    case PG_QUERY__TOKEN__SQL_COMMENT:
    case PG_QUERY__TOKEN__C_COMMENT:
      return Token::Kind::comment;
    case PG_QUERY__TOKEN__IDENT:
      return text[token.start] == '"' ? Token::Kind::quoted : Token::Kind::word;
    default:
      return token.keyword_kind == PG_QUERY__KEYWORD_KIND__NO_KEYWORD ? Token::Kind::other
                                                                      : Token::Kind::word;
  }
}

}  // namespace

Tokens scan(const std::string& text) {
  Tokens result;
  const ScanResult scanned(text.c_str());
  if (scanned.unpacked == nullptr) {
    result.complete = false;
    return result;
  }
  result.tokens.reserve(scanned.unpacked->n_tokens);
  for (std::size_t i = 0; i < scanned.unpacked->n_tokens; ++i) {
    const PgQuery__ScanToken& token = *scanned.unpacked->tokens[i];
    if (token.token == PG_QUERY__TOKEN__UIDENT) result.unicode_identifiers = true;
    result.tokens.push_back({static_cast<std::size_t>(token.start),
                             static_cast<std::size_t>(token.end), kind_of(token, text)});
  }
  return result;
}

bool is_reserved_word(const std::string& word) {
  // Names repeat by the thousand when views are written, and a scan costs a microsecond.
  thread_local std::unordered_map<std::string, bool> known;
  if (const auto found = known.find(word); found != known.end()) return found->second;

  bool reserved = std::ranges::find(newer_keywords, word) != newer_keywords.end();
  const ScanResult scanned(word.c_str());
  if (scanned.unpacked != nullptr && scanned.unpacked->n_tokens == 1) {
    const auto kind = scanned.unpacked->tokens[0]->keyword_kind;
    reserved |= kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD &&
                kind != PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD;
  }
  known.emplace(word, reserved);
  return reserved;
}

}  // namespace pgstrata::sql
