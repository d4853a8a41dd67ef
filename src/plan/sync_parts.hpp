// What the compilers of the sync functions share: the analysis of one table and a writer of
// PL/pgSQL.
//
// A body is parsed under the caller's search_path, so nothing in it is looked up by name: operators
// are written OPERATOR(pg_catalog.…), functions qualified, types only by keywords that the grammar
// itself binds to pg_catalog. IS DISTINCT FROM, IN and CASE x WHEN look `=` up by name and never
// occur.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plan/sync.hpp"

namespace pgstrata::plan::sync {

using Columns = std::vector<std::string>;

// Columns connected by links that read only what their own boundary separates (split and merge are
// one group, a lineage through several boundaries too). `attributed`: a link also reads a column
// that both sides of its boundary show, so that its own columns cannot always tell who wrote.
struct Group {
  Columns columns;                     // outputs and unshared inputs, in table order
  std::vector<const SyncLink*> links;  // those with inputs
  bool attributed = false;
};

struct Interval {
  int lo = 0, hi = 0;
  auto operator<=>(const Interval&) const = default;
};

// The table as its trigger functions see it. Refers to the SyncTable, which must outlive it.
struct Shape {
  const SyncTable& table;
  int oldest = 0, newest = 0;        // live; newest may be unpublished
  std::vector<SyncVersion> writers;  // the versions that may write: the published ones
  int newest_writer = 0;
  std::vector<Group> groups;           // of steady links: those at boundaries between writers
  std::vector<const SyncLink*> fill;   // `up` links of the boundary that is being filled
  std::vector<const SyncRule*> rules;  // those that bind some writer
  Columns tracked;                     // an UPDATE that changes none of them concerns nobody
  bool has_update = false;             // an UPDATE trigger is needed
  bool pair = false;   // this is the first of two triggers: the other one enforces rules
  bool saved = false;  // the last of two: what changed is told by comparing with what was saved

  explicit Shape(const SyncTable& table);

  const SyncColumn& column(const std::string& name) const;
  // The writers that show the column; empty (lo > hi) if none does.
  Interval life(const std::string& name) const;
  bool evidence(const std::string& name) const;             // shown by some writers, not by all
  bool spans(const std::string& name, int boundary) const;  // shown on both sides of it
  bool binds_all(const SyncRule& rule) const { return rule.from <= oldest; }
  std::string version(int ordinal) const;  // its name, for comments
  Columns in_table_order(const Columns& names) const;
};

// Lines of PL/pgSQL with indentation.
class Code {
 public:
  explicit Code(int depth = 1) : depth_(depth) {}
  // A comment may hold names; line breaks in them cannot end it.
  void line(const std::string& text, std::string_view comment = {});
  void note(std::string_view comment) { line("", comment); }
  void open(const std::string& text, std::string_view comment = {}) {
    line(text, comment);
    ++depth_;
  }
  void turn(const std::string& text, std::string_view comment = {}) {  // ELSE
    --depth_;
    open(text, comment);
  }
  void close(const std::string& text) {
    --depth_;
    line(text);
  }
  void end_if() { close("END IF;"); }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
  int depth_;
};

// Operators and fields.
std::string compare(const std::string& left, std::string_view op, const std::string& right);
std::string compare(const std::string& left, std::string_view op, int right);
std::string field(std::string_view record, const std::string& column);  // NEW.column
std::string words(const Columns& names);                                // a, b, c, for comments

// TRUE or FALSE, never NULL: some of the columns differ between OLD and NEW in their byte image.
std::string changed(const Shape& shape, const Columns& columns);
// The same for a trigger's WHEN, which is parsed once, under our own search_path.
std::string changed_in_when(const Shape& shape, const Columns& columns);

std::string call(const SyncLink& link);        // translation(NEW.inputs)
std::string assignment(const SyncLink& link);  // NEW.output := translation(NEW.inputs);
std::string mark(const Shape& shape);          // NEW._m := -newest;

// Narrows the variables lo and hi to the versions that show every changed one of `columns`.
void narrow(Code& code, const Shape& shape, const Columns& columns);
// Sets lo, hi, path, writer (NULL if the row's evidence contradicts itself; then down_N and up_N of
// each attributed group decide).
void attribute(Code& code, const Shape& shape);
// Shared columns whose update only the path attributes, by the boundary that a link or rule reads
// them at.
std::map<int, Columns> shared_inputs(const Shape& shape);

// PostgreSQL reports a breach in the same words: `down` carries the NULL to a native NOT NULL.
bool implied(const SyncTable& table, const SyncRule& rule);
// What a pair of triggers says to each other: the marker is 16384 + n from the first to the last.
inline constexpr int between = 16384;
std::string snapshot(const Shape& shape, std::string_view record);  // of the tracked columns
// lo and hi, down_N and up_N of each attributed group by its own columns, `path` for the rest.
void attribute_groups(Code& code, const Shape& shape);
// Both directions of every steady group.
void follow(Code& code, const Shape& shape);
std::string declarations(const Shape& shape);
void enforce_changed(Code& code, const Shape& shape, const std::string& writer);

// IF … RAISE for each rule, under a guard that says whom it binds; an empty guard leaves it out.
void enforce(Code& code, const Shape& shape,
             const std::function<std::string(const SyncRule&)>& guard_of);

// Complete bodies, DECLARE to END.
std::string insert_body(const Shape& shape);
std::string update_body(const Shape& shape);
std::string last_body(const Shape& shape, bool update);  // of a pair

}  // namespace pgstrata::plan::sync
