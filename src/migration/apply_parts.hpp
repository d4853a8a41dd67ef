// What several families of operations need to edit a draft.
#pragma once

#include "migration/operation.hpp"
#include "model/draft.hpp"

namespace pgstrata::migration {

using model::Draft;
using model::DraftTable;

[[noreturn]] void refuse(const std::string& code, const std::string& message, const Location& at,
                         const std::string& hint = {});
[[noreturn]] void refuse_unsupported(const std::string& what, const Location& at);

sql::Expression bind_text(Draft& draft, const DraftTable& table, const Text& source,
                          const std::string& target);
// A default: no columns.
sql::Expression bind_default(Draft& draft, const std::string& source, const std::string& type,
                             const std::string& where);

// One that a document gives; the constant NULL is none, as for PostgreSQL.
std::optional<sql::Expression> bind_given_default(Draft& draft, const Text& given,
                                                  const std::string& type);

// The column of the document as a column of the model: type, default, sequence of a serial.
model::Column make_column(Draft& draft, const DraftTable& table, const Column& column);
// The constraints that a column brings along: primary key, unique, check, references.
void add_column_constraints(Draft& draft, DraftTable& table, const Column& column);

void add_check(Draft& draft, DraftTable& table, const Check& check);
void add_references(Draft& draft, DraftTable& table, const std::string& column,
                    const References& references);
void add_unique(Draft& draft, DraftTable& table, const std::string& name,
                const std::vector<std::string>& columns, char constraint, bool deferrable,
                bool deferred, const std::string& where);
char code(FkAction action);
char code(FkMatch match);

// The families.
void apply(const CreateTable& operation, const Location& at, Draft& draft);
void apply(const DropTable& operation, const Location& at, Draft& draft);
void apply(const RenameTable& operation, const Location& at, Draft& draft);
void apply(const AddColumn& operation, const Location& at, Draft& draft);
void apply(const DropColumn& operation, const Location& at, Draft& draft);
void apply(const RenameColumn& operation, const Location& at, Draft& draft);
void apply(const AlterColumn& operation, const Location& at, Draft& draft);
void apply(const CreateIndex& operation, const Location& at, Draft& draft);
void apply(const DropIndex& operation, const Location& at, Draft& draft);
void apply(const RawSql& operation, const Location& at, Draft& draft);
void apply(const Unsupported& operation, const Location& at, Draft& draft);

}  // namespace pgstrata::migration
