// Version models: the shape of the base schema that one application version sees.
//
// Every element (table, column, index, constraint) has a logical name, which this version shows,
// and a physical one, which the base schema holds. Two adjacent versions share an element exactly
// when its physical name is the same in both; what only the newer one has is made at start, what
// only the older one has goes at completion. That set difference is all the planners need.
//
// Plain values, serialised into the state schema. Nothing here connects.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/shared.hpp"
#include "model/word.hpp"
#include "sql/expression.hpp"

namespace pgstrata::model {

struct Column {
  Word name, physical;
  Word type;                                // as PostgreSQL prints it, typmod included
  Word collation;                           // qualified; empty if the type's default
  Maybe<sql::Expression> default_;          // also the expression of a generated column
  Maybe<sql::Expression> physical_default;  // what the base column has while versions differ
  Word identity_options;                    // of a column this step makes: START WITH …, verbatim
  Maybe<std::string> owned_sequence;        // qualified and quoted
  Maybe<std::string> comment;
  Word privileges_of;  // physical column whose grants a twin inherits; empty = own
  Word identity_of;  // physical column that numbers the rows for a twin; empty = itself, if at all
  bool not_null = false;
  char identity = 0;            // 'a', 'd', 0
  char generated = 0;           // 's', 0
  bool image_equality = false;  // equality of the type is identity of bytes
  bool operator==(const Column&) const = default;
};

struct IndexKey {
  std::optional<std::string> column;  // logical name, or
  Maybe<sql::Expression> expression;
  Word collation, opclass;  // qualified, quoted; empty = default
  bool descending = false, nulls_first = false;
  int statistics_target = -1;
  bool operator==(const IndexKey&) const = default;
};

struct Index {
  std::string name, physical;
  Word method = "btree";
  bool unique = false, nulls_not_distinct = false;
  std::vector<IndexKey> keys;
  std::vector<std::string> include;  // logical names
  Maybe<sql::Expression> predicate;
  std::vector<std::string> options;  // "fillfactor=70"
  Word tablespace;
  Maybe<std::string> comment;
  bool clustered = false;  // what a plain CLUSTER would order the table by
  char constraint = 0;     // 'p', 'u', 'x' if a constraint of the same name rests on it
  Maybe<std::string> constraint_comment;
  bool deferrable = false, deferred = false;
  std::string definition;  // of an exclusion constraint, verbatim
  bool operator==(const Index&) const = default;
};

struct Check {
  std::string name, physical;
  sql::Expression expression;  // over logical columns
  bool no_inherit = false, validated = true;
  std::optional<std::string> comment;
  bool operator==(const Check&) const = default;
};

struct ForeignKey {
  std::string name, physical;
  std::vector<std::string> columns;     // logical
  std::string schema, table;            // referenced, physical
  std::vector<std::string> referenced;  // physical columns there
  char on_delete = 'a', on_update = 'a', match = 's';
  std::vector<std::string> set_columns;  // ON DELETE SET NULL (columns), logical
  bool deferrable = false, deferred = false, validated = true;
  std::optional<std::string> comment;
  bool operator==(const ForeignKey&) const = default;
};

// A column that an inner view lists beside the version's own: an older version's, so that a newer
// writer does not evaluate its default. Without a physical column the view shows NULL in its place.
struct Spared {
  std::string name;      // in the inner view
  std::string physical;  // empty: gone
  std::string type, collation;
  bool operator==(const Spared&) const = default;
};

struct Table {
  std::string name, physical;
  char kind = 'r';
  List<Column> columns;  // in this version's order
  List<Index> indexes;   // those of primary key and unique constraints included
  List<Check> checks;
  List<ForeignKey> foreign_keys;
  Maybe<std::string> comment;
  bool marked = false;        // the physical table carries the marker
  bool owner_rights = false;  // its views run with their owner's rights, not the caller's
  Word inner_view;            // in the support schema, under this version's view; empty: one layer
  List<Spared> spared;        // what the inner view lists beyond `columns` and the marker
  Word sync;  // names its sync functions as long as it is marked, whatever it is called
  // Its sync triggers come in pairs around BEFORE ROW triggers of users, and it has the column in
  // which a pair talks.
  bool paired = false;

  const Column* column(const std::string& logical) const;
  Column* column(const std::string& logical);
  const Column* physical_column(const std::string& name) const;
  bool operator==(const Table&) const = default;
};

// One output column of a translation across the boundary below the version that holds it.
struct Translation {
  std::string table;                    // physical
  bool up = true;                       // up: over the older version's shape; down: over this one's
  std::string output;                   // physical column
  std::vector<std::string> inputs;      // physical columns
  std::vector<std::string> parameters;  // their logical names, for the function's signature
  sql::Expression expression;           // over `parameters`
  std::string type;                     // of the output column
  std::string function;                 // name in the support schema
  bool loses_values = false, can_raise = false;
  std::string title;  // "accounts.abalance: integer → numeric(12,2)"
  bool operator==(const Translation&) const = default;
};

// A rule of this version on columns that older versions share: the trigger enforces it for this
// version's writers, and it becomes native when every live version demands it.
struct Rule {
  std::string table;                    // physical
  std::string name;                     // constraint; empty for NOT NULL
  std::string column;                   // NOT NULL: logical name
  std::vector<std::string> inputs;      // physical columns
  sql::Expression condition;            // over logical columns of this version
  std::vector<std::string> parameters;  // their logical names
  std::string helper;                   // physical name of the CHECK that proves it at completion
  std::string function;                 // of a check, in the support schema: bound once, path-proof
  bool operator==(const Rule&) const = default;
};

struct Version {
  int ordinal = 0;
  std::string name, schema;               // version schema
  std::map<std::string, Table> tables;    // by logical name
  std::vector<Translation> translations;  // across the boundary below this version
  std::vector<Rule> rules;
  std::vector<std::string> on_complete;  // SQL of the last unit of completion
  std::optional<std::string> sql_down;   // raw SQL that a rollback runs
  // Its shape was read from the catalog (a `sql` operation, a baseline): its boundary makes and
  // drops nothing.
  bool raw_sql = false;

  const Table* table(const std::string& logical) const;
  const Table* physical_table(const std::string& name) const;
  Table* physical_table(const std::string& name);
  bool has_links(
      const std::string& physical_table) const;  // translations or rules of this boundary
  bool operator==(const Version&) const = default;
};

inline constexpr const char* marker = "_m";
inline constexpr const char* pair_column = "_s";

// What is equal in both becomes the same memory.
void share(Table& table, const Table& other);

// A version is stored as its head, which is everything but the tables, and each table.
Version head_from_json(const std::string& json);
Table table_from_json(const std::string& json);

// How a version differs from another one, which is stored; a table by its logical name.
struct ModelChange {
  std::string head;               // of the version
  std::string tables;             // those that are not equal, as a JSON object
  std::vector<std::string> gone;  // those that it does not have
  bool empty = true;              // it is the other one
};
ModelChange change_of(const Version& version, const Version& stored);

}  // namespace pgstrata::model
