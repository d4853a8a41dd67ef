// The sync triggers of one table, for any number of live versions.
//
// In: which physical column is shown by which live versions, the links between them, the rules.
// Out: the SQL of the trigger functions, of the triggers and of their removal. Pure. The algorithm
// and the cases it was decided by: docs/architecture.md, "Who wrote, and what follows".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/identifier.hpp"

namespace pgstrata::plan {

struct SyncVersion {
  int ordinal = 0;
  std::string name;    // version name, for messages and comments
  std::string schema;  // version schema, as an app names it in search_path
};

struct SyncColumn {
  std::string name;    // physical
  int lo = 0, hi = 0;  // ordinals of the oldest and the newest *live* version that shows it
                       // (unpublished newest included)
  bool image_equality =
      false;  // type's equality is identity of bytes: IS DISTINCT FROM style comparison is allowed
  sql::Sql type;          // as PostgreSQL prints it
  bool not_null = false;  // natively, so PostgreSQL itself reports a NULL
  bool identity = false;  // numbers the rows of every writer that gives none
};

// One output column of one translation across one boundary (named by the newer version's ordinal).
struct SyncLink {
  int boundary = 0;
  bool up = true;      // up: output shown from `boundary` on; down: output shown until before it
  std::string output;  // physical column
  std::vector<std::string> inputs;  // physical columns, may be empty
  sql::Sql function;   // qualified translation function; called with NEW.<inputs> in this order
  std::string reason;  // "accounts.abalance: integer → numeric(12,2)" for the comment
  bool keeps_null = false;  // one input, and NULL gives NULL
};

// A rule that binds only writers of versions >= from (until completion makes it native).
struct SyncRule {
  int from = 0;
  std::string constraint;           // name PostgreSQL would report; empty for NOT NULL
  std::string column;               // for NOT NULL: logical name that is reported
  std::vector<std::string> inputs;  // physical columns it reads
  // Over NEW."physical"; violated when it is FALSE (NULL passes, as CHECK); NOT NULL: "NEW.x IS NOT
  // NULL". It is parsed under the caller's search_path: a CHECK is best a call of a function bound
  // by OID, as translations are.
  sql::Sql condition;
};

struct SyncTable {
  std::string base_schema, table;  // physical
  std::string support_schema;
  std::string stem;  // names the functions while the table may be renamed; empty: its name
  std::string marker = "_m";
  std::vector<SyncVersion> versions;  // live, oldest first; the last may be unpublished
  bool filling = false;               // the last version is not yet published: its boundary fills
  bool oldest_unmarked = false;       // the oldest version's view is the table itself: no marker
  // Users have BEFORE ROW triggers: sync runs before the first of them and after the last, in this
  // order of names. The two talk through the marker and `saved`, a text[] that rests at NULL.
  bool pair = false;
  std::string first_trigger, last_trigger;  // prefixes; "insert" and "update" follow
  std::string saved = "_s";
  std::vector<std::string> standing;  // triggers of ours that the table has
  std::vector<SyncColumn> columns;    // all physical columns shown by a live version
  std::vector<SyncLink> links;        // any order
  std::vector<SyncRule> rules;
};

struct SyncSql {
  bool needed = false;  // no link and no rule: no trigger at all
  // A table can need only the INSERT trigger (links without inputs, steady).
  bool update_trigger = false;
  bool drops = false;  // triggers of an earlier issue: that takes ACCESS EXCLUSIVE
  std::vector<sql::Sql>
      functions;  // CREATE OR REPLACE FUNCTION …, COMMENT ON, GRANT EXECUTE … TO PUBLIC
  // CREATE OR REPLACE TRIGGER …, ENABLE ALWAYS: SHARE ROW EXCLUSIVE on the table. Their WHEN is
  // parsed under the path of our own session, which must be pg_catalog.
  std::vector<sql::Sql> triggers;
};

// Names of our functions and triggers on `table` (stable over the table's life in flight).
struct SyncNames {
  sql::Qualified insert_function, update_function;
  std::string insert_trigger, update_trigger;
  sql::Qualified last_insert_function, last_update_function;  // of a pair
};
SyncNames sync_names(const SyncTable& table);

SyncSql compile_sync(const SyncTable& table);
// Statements that remove triggers, then functions; IF EXISTS, so they can be repeated.
std::vector<sql::Sql> drop_sync(const SyncTable& table);

// The updates whose version only search_path can tell: shared columns that a link or a rule of an
// inner boundary reads (design.md section 5). For `plan`.
std::vector<std::string> path_dependent_columns(const SyncTable& table);

}  // namespace pgstrata::plan
