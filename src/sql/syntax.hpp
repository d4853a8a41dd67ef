// What can be said about SQL in a document without a server, and how complaints about it look.
#pragma once

#include <string>

#include "pgstrata/error.hpp"

namespace pgstrata::sql {

inline constexpr std::size_t max_expression_bytes = 16 * 1024;

// "bad-expression": `message` with the place in `source`, and the line with a caret as hint.
// position: 1-based character in `source`; past its end means "at the end", 0 means unknown.
Error bad_expression(const std::string& source, const std::string& message, int position,
                     const std::string& where, const std::string& server_hint = {});

// Throws bad_expression unless `source` is one expression: no second statement, no list, no alias.
// Judged by PostgreSQL 15's grammar; with a server at hand let that decide.
void check_expression_syntax(const std::string& source, const std::string& where);

// The part of it that does not depend on the grammar's age: length, and one expression where it can
// be read at all. For callers that ask a server next.
void check_one_expression(const std::string& source, const std::string& where);

// Throws "bad-sql" on statements that PostgreSQL 15's grammar refuses, with the place in them.
void check_statements_syntax(const std::string& source, const std::string& where);

// Throws "unknown-type" unless `source` is a type name and nothing else.
void check_type_syntax(const std::string& source, const std::string& where);

}  // namespace pgstrata::sql
