// A draft: the next version while operations edit it.
//
// Operations see the shape that those before them left. The draft keeps, for every column, where it
// came from (its lineage) and how its value follows from the previous version's columns, and for
// every column of the previous version how it follows from the draft's. So any number of operations
// on a lineage net out to at most one translation in each direction. finish() turns the draft into
// a Version.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/snapshot.hpp"
#include "model/version.hpp"
#include "sql/binder.hpp"

namespace pgstrata::model {

// One logical column of the draft, seen from the previous version.
struct Lineage {
  std::optional<std::string> origin;  // its column there; none: added by this step
  std::optional<sql::Expression>
      up;                   // its value over the previous shape; none: added without translation
  bool translated = false;  // the two versions need different values: a twin
};

struct DraftTable {
  Table table;
  bool created = false;   // by this step: no rows, no older shape
  bool unfolded = false;  // an operation named it; the others are as they were, and have neither
                          // lineages nor down
  std::map<std::string, Lineage> lineages;  // by logical column of the draft
  // By logical column of the previous version: its value over the draft's shape; none: gone without
  // `down`.
  std::map<std::string, std::optional<sql::Expression>> down;
  std::set<std::string> new_checks;  // names of checks this step adds
  std::set<std::string> new_foreign_keys;
  std::string origin;  // logical name in the previous version

  void unfold();
  sql::Shape shape() const;
};

class Draft {
 public:
  // The references must outlive the draft.
  Draft(const Version& previous, const catalog::Snapshot& snapshot, sql::Binder& binder,
        int ordinal, std::string name, std::string schema);
  // Live versions older than `previous`: what they show is there still, under names that they may
  // yet take, and under rules that bind every writer.
  void beside(const std::vector<Version>& older);

  // --- what operations use; `where` is a location for messages
  // -----------------------------------------
  DraftTable& table(const std::string& name, const std::string& where);
  Column& column(DraftTable& table, const std::string& name, const std::string& where);
  DraftTable& create_table(const std::string& name, const std::string& where);
  void drop_table(const std::string& name, const std::string& where);
  void rename_table(const std::string& from, const std::string& to, const std::string& where);

  // A column of a new table, or one added to an existing one. `up` is bound over the shape before.
  void add_column(DraftTable& table, Column column, std::optional<sql::Expression> up,
                  const std::string& where);
  void drop_column(DraftTable& table, const std::string& name, std::optional<sql::Expression> down,
                   const std::string& where);
  void rename_column(DraftTable& table, const std::string& from, const std::string& to,
                     const std::string& where);
  // Gives the column a new value domain: `up` over the shape before, `down` over the shape after.
  void translate(DraftTable& table, const std::string& column, const sql::BoundType& type,
                 const sql::Expression& up, const sql::Expression& down);

  void add_index(DraftTable& table, Index index, const std::string& where);
  void drop_index(const std::string& name, const std::string& where);
  void add_check(DraftTable& table, Check check, const std::string& where);
  void add_foreign_key(DraftTable& table, ForeignKey key, const std::string& where);
  void on_complete(const std::string& sql) { on_complete_.push_back(sql); }

  // A name no relation of the base schema has: `wanted`, or `wanted` with a number.
  std::string free_relation_name(const std::string& wanted);
  std::string sequence_for(const std::string& table, const std::string& column);
  // Names of the form <table>_<columns>_<label>, as PostgreSQL makes them, free in the draft.
  std::string constraint_name(const DraftTable& table, const std::vector<std::string>& columns,
                              const std::string& label);

  sql::Binder& binder() { return binder_; }
  const catalog::Snapshot& snapshot() const { return snapshot_; }
  const Version& previous() const { return previous_; }
  // The physical column is NOT NULL for every writer: an older live version demands it.
  bool demanded_below(const DraftTable& table, const std::string& physical) const;
  const std::map<std::string, DraftTable>& tables() const { return tables_; }
  int ordinal() const { return ordinal_; }
  void note(std::string text) { notes_.push_back(std::move(text)); }

  // --- the result
  // ----------------------------------------------------------------------------------------
  // Allocates physical names, nets out translations and rules. Throws where the laws cannot be
  // held.
  Version finish();
  const std::vector<std::string>& notes() const { return notes_; }
  // Physical tables of the previous version that the draft no longer has.
  std::vector<std::string> dropped_tables() const;

 private:
  friend class Finish;
  std::string free_table_name(const std::string& wanted);  // and no type
  bool is_version_table(const std::string& name) const;    // of a live one, by either of its names
  bool is_other_relation(const std::string& name) const;   // a table, view or sequence
  void reject_taken_table(const std::string& name, const std::string& where) const;
  const Version& previous_;
  const catalog::Snapshot& snapshot_;
  sql::Binder& binder_;
  int ordinal_;
  std::string name_, schema_;
  std::map<std::string, DraftTable> tables_;
  std::vector<const Version*> live_;      // oldest first, `previous` last
  std::set<std::string> relation_names_;  // of the base schema, with those given out
  int unnamed_ = 0;                       // columns that get their physical name at the end
  std::vector<std::string> on_complete_, notes_;
};

// A column that goes without `down` gets from newer writers what its version gives it, where the
// physical column would not do that by itself: its default is an older version's.
std::optional<sql::Expression> default_of_dropped(const Column& column);

void reject_system_column(const std::string& name, const std::string& where);

// A logical column's use in an index, a check or a foreign key of the same table.
bool uses_column(const Index& index, const std::string& column);
bool uses_column(const Check& check, const std::string& column);
bool uses_column(const ForeignKey& key, const std::string& column);
std::vector<std::string> columns_of(const Index& index);

}  // namespace pgstrata::model
