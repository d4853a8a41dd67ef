// What one statement of a plan does, read by PostgreSQL's own grammar: the laws of plans are stated
// over this, not over our text.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pgstrata::plan {

struct StatementFacts {
  std::set<std::string> adds, drops;  // "table public.t", "column public.t.c", "index public.i" …
  // Table locks that conflict with writes: schema.table and "ACCESS EXCLUSIVE" or "SHARE ROW
  // EXCLUSIVE".
  std::vector<std::pair<std::string, std::string>> locks;
  std::pair<std::string, std::string> renamed;  // a table: schema.old, schema.new
  bool cascade = false;                         // DROP … CASCADE in any form
  bool proves = false;                          // adds a CHECK or sets NOT NULL
  bool strict_column = false;                   // ADD COLUMN with a DEFAULT or NOT NULL
};

// Fails the test on a statement that cannot be read, or of a kind not known here.
StatementFacts facts_of(const std::string& statement);

}  // namespace pgstrata::plan
