// Reads a Snapshot from the server, and binds expressions there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/snapshot.hpp"
#include "db/connection.hpp"
#include "sql/binder.hpp"

namespace pgstrata::catalog {

// In one REPEATABLE READ, read-only transaction. `support_schema` tells our own triggers from
// users'. Objects in the support schema and in `our_schemas` (version schemas, state schema) are
// not listed as dependents. `dependents_of`: only the dependents and sizes of these tables, and of
// tables with indexes of these names, are of interest (views on every table, ours above all, make
// them the dearest part). Waits for no lock longer than a second: then SqlError 55P03. No
// transaction may be open.
//
// `look` is called with all tables, some hundred at a time, as soon as they are read (with none:
// from the start again), perhaps on a thread of its own, one call at a time; it may not use the
// connection. What only it could want of a table that is not in `dependents_of` is let
// go of then: the owner's own privileges, columns without grants of their own, indexes,
// constraints, triggers and what hangs on them. So 10,000 tables take a few megabytes.
using Look = std::function<void(const std::vector<const Table*>&)>;
Snapshot read(db::Connection& connection, const std::string& base_schema,
              const std::string& support_schema, const std::vector<std::string>& our_schemas = {},
              const std::optional<std::vector<std::string>>& dependents_of = {},
              const Look& look = {});

// The same of these tables, but for sizes that nobody has counted; of the others what pg_class has:
// name, kind, owner, privileges. `index_names` are those of these tables; `other_relations` has
// all.
Snapshot read_named(db::Connection& connection, const std::string& base_schema,
                    const std::string& support_schema, const std::vector<std::string>& our_schemas,
                    const std::vector<std::string>& tables);

// The triggers alone, by table. No transaction may be open.
Triggers read_triggers(db::Connection& connection, const std::string& base_schema,
                       const std::string& support_schema);

// The canonical text of one table: everything a rollback must restore and a completion must
// reproduce (columns in name order, types, defaults, constraints, indexes, privileges, policies,
// triggers, comments, statistics targets, storage, publications). Equal texts, equal tables;
// physical column order aside.
std::string fingerprint(const Table& table);
std::string fingerprint(const Snapshot& snapshot);

// sql::Binder on a server: a rolled-back view in `scratch_schema` per expression (design.md section
// 4). Takes no lock on user tables beyond ACCESS SHARE on tables an expression itself reads, and
// waits for none longer than a second. No transaction may be open on the connection. Answers are
// kept for the binder's life; make a new one after DDL. Errors that are not about the text are
// SqlErrors.
class ServerBinder : public sql::Binder {
 public:
  // `path` is the search_path names are resolved under: the base schema first.
  // `scratch_schema`: an existing schema the role may create in.
  ServerBinder(db::Connection& connection, std::string scratch_schema, std::string path);
  ~ServerBinder() override;
  sql::Expression bind(const std::string& source, const sql::Shape& shape,
                       const std::string& target, const std::string& where) override;
  sql::BoundType type(const std::string& source, const std::string& where) override;
  bool assignable(const std::string& from, const std::string& to) override;
  bool lossless(const std::string& from, const std::string& to) override;
  std::string collation(const std::string& source, const std::string& where) override;
  std::string operator_class(const std::string& source, const std::string& method,
                             const std::string& where) override;

 private:
  struct Answers;
  db::Connection& connection_;
  std::string scratch_schema_, path_;
  std::unique_ptr<Answers> answers_;
};

}  // namespace pgstrata::catalog
