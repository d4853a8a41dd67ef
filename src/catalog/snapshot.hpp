// A snapshot of one base schema's catalog: what PostgreSQL has now, as plain values.
//
// Everything the compiler may ask about existing objects is here, in a few set-based reads (about
// twenty for any number of tables), all types and expressions printed under search_path =
// pg_catalog, so that every name outside pg_catalog is qualified. Nothing here connects;
// catalog::read() fills it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgstrata::catalog {

using Oid = std::uint32_t;

// An expression that PostgreSQL printed, with the columns of its table that it reads (by attnum
// order).
struct PrintedExpression {
  std::string text;
  std::vector<std::string> columns;
  bool operator==(const PrintedExpression&) const = default;
};

struct Privilege {        // one aclitem, exploded
  std::string grantee;    // role name; "" = PUBLIC
  std::string privilege;  // SELECT, INSERT, …
  bool grantable = false;
  auto operator<=>(const Privilege&) const = default;
};

struct Column {
  std::string name;
  int attnum = 0;
  std::string type;       // with typmod
  std::string collation;  // qualified, quoted; empty if the type's default
  bool not_null = false;
  std::optional<std::string> default_;  // printed; also the expression of a generated column
  bool default_volatile = false;  // calls a volatile function (nextval, random, gen_random_uuid, …)
  char identity = 0;              // 'a', 'd' or 0
  char generated = 0;             // 's' or 0
  std::optional<std::string> owned_sequence;  // qualified and quoted; of serial or identity
  std::optional<std::string> comment;
  std::vector<Privilege> privileges;  // column-level grants
  int statistics_target = -1;
  char storage = 0;                  // attstorage where it differs from the type's, else 0
  std::string compression;           // "", "pglz", "lz4"
  std::vector<std::string> options;  // attoptions
  bool image_equality = false;       // type's equality is identity of bytes
  bool dropped = false;
};

struct IndexColumn {
  std::optional<std::string> column;            // name, or
  std::optional<PrintedExpression> expression;  // expression
  std::string collation;                        // qualified if not the column's, else empty
  std::string opclass;  // qualified, with parameters, if not the default, else empty
  bool descending = false, nulls_first = false;
  int statistics_target = -1;  // of expression columns
  bool operator==(const IndexColumn&) const = default;
};

struct Index {
  std::string name;
  Oid oid = 0;
  std::string method;
  bool unique = false, valid = true, ready = true, nulls_not_distinct = false,
       replica_identity = false, clustered = false;
  std::vector<IndexColumn> keys;
  std::vector<std::string> include;
  std::optional<PrintedExpression> predicate;
  std::vector<std::string> options;  // reloptions
  std::string tablespace;            // empty = the database's
  std::optional<std::string> comment;
  std::optional<std::string> constraint;  // the constraint it belongs to (PK, unique, exclude)
  std::string definition;                 // pg_get_indexdef
};

struct Constraint {
  std::string name;
  Oid oid = 0;
  char type = 0;                           // 'c', 'f', 'p', 'u', 'x', 't'
  std::string definition;                  // pg_get_constraintdef
  std::vector<std::string> columns;        // conkey
  std::optional<PrintedExpression> check;  // type 'c': the expression without CHECK ( )
  std::string referenced_schema, referenced_table;
  std::vector<std::string> referenced_columns;
  char on_delete = 'a', on_update = 'a', match = 's';
  std::vector<std::string> set_columns;  // ON DELETE SET NULL (columns)
  bool deferrable = false, deferred = false, validated = true, no_inherit = false,
       inherited = false;
  std::optional<std::string> comment;
  std::optional<std::string> index;  // its index's name
};

struct Trigger {
  std::string name;
  std::string definition;  // pg_get_triggerdef
  bool before = false, row = false, on_insert = false, on_update = false, on_delete = false;
  bool ours = false;        // its function lives in the support schema
  bool constraint = false;  // a constraint trigger
  char enabled = 'O';
  std::vector<std::string> of_columns;
  // Columns that the WHEN clause names; OLD and NEW as a whole depend on none.
  std::vector<std::string> when_columns;
  bool when_row = false;  // it reads OLD or NEW as a whole
  std::string function;   // qualified
  std::optional<std::string> comment;
};
using Triggers = std::map<std::string, std::vector<Trigger>>;  // by table

// Something outside the table that PostgreSQL itself says depends on it or on some of its columns.
struct Dependent {
  std::string kind;                  // "view", "materialized view", "rule", "policy", "statistics",
                                     // "function", "generated column", "publication", "trigger",
                                     // "foreign key" (inbound)
  std::string name;                  // for messages: qualified name, and "on …" where it helps
  std::vector<std::string> columns;  // of this table; empty = the table as a whole
};

struct Table {
  std::string name;
  Oid oid = 0;
  char kind = 'r';           // 'r' or 'p'
  bool partition = false;    // a leaf or sub-partition
  bool inheritance = false;  // has inheritance children or parents (not partitions)
  bool row_security = false, force_row_security = false, has_rules = false, unlogged = false;
  std::string owner;
  bool owned = false;                 // our role has the owner's rights
  std::vector<Privilege> privileges;  // table-level grants, the owner's own included
  std::optional<std::string> comment;
  std::vector<std::string> options;  // reloptions
  char replica_identity = 'd';
  std::vector<std::string> partition_key;  // columns
  std::vector<Column> columns;             // live ones, attnum order
  int attribute_count = 0;                 // dropped ones included: the 1,600 limit counts them
  std::vector<Index> indexes;
  std::vector<Constraint> constraints;
  std::vector<Trigger> triggers;
  std::vector<Dependent> dependents;
  std::vector<std::string> policies;    // printed, one text each
  std::vector<std::string> statistics;  // CREATE STATISTICS texts, with target and comment
  std::vector<std::string>
      publications;  // name, column list and row filter; FOR TABLE members only
  std::int64_t pages = 0,
               rows = 0;  // about: relpages (measured if never analysed), reltuples (-1 unknown)

  const Column* column(const std::string& name) const;
  const Index* index(const std::string& name) const;
  const Constraint* constraint(const std::string& name) const;
};

// A function of the user whose body is text, for the search of column names in it.
struct TextFunction {
  std::string name;  // qualified, with argument types
  std::string body;
  std::vector<std::string>
      trigger_tables;  // tables of the base schema that use it as a trigger function
};

struct Snapshot {
  std::string schema;  // the base schema
  bool schema_exists = false;
  bool can_create_in_schema = false, can_create_in_database = false;
  std::string role;  // current_user
  std::vector<std::string>
      default_grantees;  // whom default privileges give rights on every new view; "" = PUBLIC
  std::vector<Privilege> schema_privileges;
  std::map<std::string, Table> tables;  // kinds r and p of the base schema
  std::vector<std::string>
      other_relations;  // names of views, sequences, indexes … of the base schema
  // Names of enums, domains, ranges … of the base schema: a table has a row type, so it cannot take
  // them. Arrays give way.
  std::vector<std::string> other_types;
  std::vector<std::string> index_names;  // of the tables' indexes, sorted
  std::vector<TextFunction> functions;   // of non-system schemas, not of extensions
  int deadlock_timeout_ms = 1000;
  int prepared_transactions = 0;  // pg_prepared_xacts rows of this database
  int lock_slots = 0;             // max_locks_per_transaction * (max_connections + max_prepared)
  int server_version = 0;
  bool can_silence_triggers = false;  // the role may set session_replication_role

  const Table* table(const std::string& name) const;
};

}  // namespace pgstrata::catalog
