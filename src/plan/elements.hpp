// SQL of single elements: columns, indexes, constraints, in physical names.
#pragma once

#include <string>
#include <vector>

#include "model/version.hpp"
#include "sql/identifier.hpp"

namespace pgstrata::plan {

using sql::Literal;
using sql::Name;
using sql::Qualified;
using sql::Sql;

// "name type [COLLATE …] [DEFAULT …] [NOT NULL] [GENERATED …]"
Sql column_definition(const model::Column& column, bool with_default, bool with_not_null);
// The expression over the table's physical columns.
Sql physical_expression(const model::Table& table, const sql::Expression& expression);
// The same with a prefix such as NEW.
Sql prefixed_expression(const model::Table& table, const sql::Expression& expression,
                        const std::string& prefix);

Sql physical_columns(const model::Table& table, const std::vector<std::string>& logical);
// CREATE [UNIQUE] INDEX [CONCURRENTLY] <physical> ON base.table …
Sql create_index(const std::string& schema, const model::Table& table, const model::Index& index,
                 bool concurrently);
// CONSTRAINT name CHECK (…) [NO INHERIT]
Sql check_definition(const model::Table& table, const model::Check& check);
// " DEFERRABLE [INITIALLY DEFERRED]", or nothing
Sql deferrability(bool deferrable, bool deferred);
// CONSTRAINT name FOREIGN KEY (…) REFERENCES …
Sql foreign_key_definition(const model::Table& table, const model::ForeignKey& key);
// CREATE TABLE with its columns, keys and checks; foreign keys left out. Comments, sequences,
// indexes too.
std::vector<std::string> create_table(const std::string& schema, const model::Table& table);

// Is the column new to the base table and does it come with a sequence of its own? (A twin shares
// its column's.)
bool brings_sequence(const model::Version& before, const model::Table& table,
                     const model::Column& column);

// The name of the CHECK that proves a filled column NOT NULL until completion.
std::string not_null_proof(const model::Column& column);

// By which a twin is known, whatever its name.
std::string twin_comment(const model::Version& version, const model::Table& table,
                         const model::Column& column);

// NULL, or the text as a literal, for COMMENT ON.
Sql comment_text(const std::optional<std::string>& comment);

}  // namespace pgstrata::plan
