// Tokens of SQL text, by byte position.
//
// The scanner knows PostgreSQL's lexical rules (quotes, dollar quotes, comments, keywords) and
// nothing else. Private to src/sql. Known flaw of libpg_query 15: U&"…" comes back as a one-byte
// token, so text with unicode_identifiers() set must not be rewritten by token ends.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pgstrata::sql {

struct Token {
  enum class Kind { word, quoted, dot, open, close, semicolon, comment, other };
  std::size_t begin = 0, end = 0;
  Kind kind = Kind::other;
};

struct Tokens {
  std::vector<Token> tokens;
  bool unicode_identifiers = false;
  bool complete = true;  // false: the text has a lexical error, such as an unterminated quote
};

Tokens scan(const std::string& text);

// Is `word` a keyword of any supported PostgreSQL version that cannot be used as a bare identifier?
bool is_reserved_word(const std::string& word);

}  // namespace pgstrata::sql
