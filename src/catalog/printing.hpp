// How PostgreSQL prints the expressions that models and journals keep.
#pragma once

namespace pgstrata::catalog {

// SET LOCAL for a transaction that asks for printed expressions: a role's or database's settings
// must not make the text mean something else to the session that reads it back. The settings that
// pg_dump makes, for the same reason. The order of day and month stays the role's: what is printed
// has none to guess, and what its migrations write does.
inline constexpr const char* unambiguous_printing =
    "SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres';"
    "SET LOCAL extra_float_digits = 1; SET LOCAL quote_all_identifiers = off;";

}  // namespace pgstrata::catalog
