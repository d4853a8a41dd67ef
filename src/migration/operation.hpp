// Typed operations: what a migration document says, and nothing about what it means.
//
// One struct per operation of migration-format; every SQL text carries where it stands in the file,
// so that PostgreSQL's complaint about it can be shown as file:line:column. Names are exactly as
// written. Operations compare equal if they say the same, wherever they stand.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pgstrata::migration {

// 1-based; column counts characters. line 0: not from a file.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  std::string str() const;  // "file:line:column"
};

// A scalar of the document with its place. `at` points at the value's first character.
struct Text {
  std::string value;
  Location at;
  // The file holds exactly these characters, one line of it per line of `value` and all of them
  // starting in the column of `at`: plain text, or a `|` block.
  bool verbatim = false;
  // The place of the character at byte `offset` of `value`; `at` itself if the text is not
  // verbatim.
  Location inside(std::size_t offset) const;
  bool operator==(const Text& other) const { return value == other.value; }
};

struct Check {
  Text name, constraint;
  bool no_inherit = false;
  bool operator==(const Check&) const = default;
};

enum class FkAction { no_action, restrict_, cascade, set_null, set_default };
enum class FkMatch { simple, full, partial };

struct References {
  Text name, table, column;
  FkAction on_delete = FkAction::no_action, on_update = FkAction::no_action;
  FkMatch match = FkMatch::simple;
  bool deferrable = false, initially_deferred = false;
  bool operator==(const References&) const = default;
};

struct Column {
  Text name, type;
  bool nullable = false;
  std::optional<Text> default_;
  bool pk = false, unique = false;
  std::optional<Check> check;
  std::optional<References> references;
  std::optional<Text> comment;
  std::optional<Text> generated_expression;  // GENERATED ALWAYS AS (…) STORED
  std::optional<std::string> identity;       // "ALWAYS" or "BY DEFAULT"
  std::optional<Text> identity_options;      // sequence options, verbatim
  bool operator==(const Column&) const = default;
};

enum class ConstraintType { unique, check, primary_key, foreign_key, exclude };

struct TableConstraint {  // create_table.constraints[]
  Text name;
  ConstraintType type = ConstraintType::check;
  std::vector<Text> columns;
  std::optional<Text> check;
  std::optional<Text> referenced_table;
  std::vector<Text> referenced_columns;
  FkAction on_delete = FkAction::no_action, on_update = FkAction::no_action;
  FkMatch match = FkMatch::simple;
  bool deferrable = false, initially_deferred = false, no_inherit = false;
  // Keys that are read and validated now and refused by name when the model meets them:
  std::vector<Text>
      unsupported;  // "exclude", "nulls_not_distinct", "index_parameters", "on_delete_set_columns"
  bool operator==(const TableConstraint&) const = default;
};

struct CreateTable {
  Text name;
  std::vector<Column> columns;
  std::vector<TableConstraint> constraints;
  std::optional<Text> comment;
  bool operator==(const CreateTable&) const = default;
};
struct DropTable {
  Text name;
  bool operator==(const DropTable&) const = default;
};
struct RenameTable {
  Text from, to;
  bool operator==(const RenameTable&) const = default;
};
struct AddColumn {
  Text table;
  Column column;
  std::optional<Text> up;
  bool operator==(const AddColumn&) const = default;
};
struct DropColumn {
  Text table, column;
  std::optional<Text> down;
  bool operator==(const DropColumn&) const = default;
};
struct RenameColumn {
  Text table, from, to;
  bool operator==(const RenameColumn&) const = default;
};

// `default: null` and `comment: null` remove: present with empty inner optional.
struct AlterColumn {
  Text table, column;
  std::optional<Text> type;
  std::optional<bool> nullable;
  std::optional<std::optional<Text>> default_;
  std::optional<std::optional<Text>> comment;
  std::optional<Check> check;
  std::optional<Text> unique;  // constraint name
  std::optional<References> references;
  std::optional<Text> up, down;
  bool operator==(const AlterColumn&) const = default;
};

struct IndexColumn {
  Text column;  // a column's name
  std::optional<Text> collate;
  bool descending = false;
  std::optional<bool> nulls_first;
  std::optional<Text> opclass;
  bool operator==(const IndexColumn&) const = default;
};
struct CreateIndex {
  Text table, name;
  std::vector<IndexColumn> columns;
  std::string method = "btree";
  bool unique = false;
  std::optional<Text> predicate;
  std::optional<Text> storage_parameters;  // "fillfactor = 70"
  std::vector<Text> unsupported;           // "include", "expression", "opclass.params"
  bool operator==(const CreateIndex&) const = default;
};
struct DropIndex {
  Text name;
  bool operator==(const DropIndex&) const = default;
};
struct RawSql {
  Text up;
  std::optional<Text> down;
  bool on_complete = false;
  bool operator==(const RawSql&) const = default;
};

// An operation of the format that this release refuses by name.
struct Unsupported {
  std::string operation;
  bool operator==(const Unsupported&) const = default;
};

using Operation =
    std::variant<CreateTable, DropTable, RenameTable, AddColumn, DropColumn, RenameColumn,
                 AlterColumn, CreateIndex, DropIndex, RawSql, Unsupported>;

struct LocatedOperation {
  Operation operation;
  std::string name;  // "add_column"
  Location at;       // of the operation's name
};

// A parsed document. `name` is the file name without .yaml/.yml/.json.
struct Migration {
  std::string name;
  std::string file;
  std::string content;  // the bytes of the file, for the history and its hash
  std::vector<LocatedOperation> operations;
};

}  // namespace pgstrata::migration
