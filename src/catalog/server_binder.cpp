#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>

#include "catalog/bound_view.hpp"
#include "catalog/read.hpp"
#include "catalog/scratch.hpp"
#include "catalog/type_rules.hpp"
#include "catalog/types.hpp"
#include "pgstrata/error.hpp"
#include "sql/identifier.hpp"
#include "sql/references.hpp"
#include "sql/syntax.hpp"

namespace pgstrata::catalog {
namespace {

// In a view's text the words new and old belong to rules: PostgreSQL calls a relation of that name
// otherwise.
std::string printed_alias(const std::string& table) {
  return table == "new" || table == "old" ? table + "_1" : table;
}

using Key = std::vector<std::string>;

Key key_of(const std::string& source, const sql::Shape& shape, const std::string& target) {
  Key key = {source, target, shape.table};
  for (const sql::ShapeColumn& column : shape.columns) {
    key.insert(key.end(), {column.name, column.type, column.collation});
  }
  return key;
}

// Is the error about the text we were given? Rights, locks and connections are not.
bool about_the_text(const db::SqlError& error) {
  const std::string& state = error.sqlstate();
  if (error.connection_lost() || state == "42501") return false;
  for (const char* prefix : {"0A", "21", "22", "2F", "3F", "42", "54"}) {
    if (state.starts_with(prefix)) return true;
  }
  return false;
}

std::string hint_of(const db::SqlError::Fields& fields) {
  if (fields.detail.empty() || fields.hint.empty()) return fields.detail + fields.hint;
  return fields.detail + "\n" + fields.hint;
}

// The first name of a search_path, without quotes.
std::string first_schema(const std::string& path) {
  std::string name;
  bool quoted = false;
  for (const char c : path) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      break;
    } else if (c != ' ' || quoted) {
      name += c;
    }
  }
  return name;
}

// A 1-based character of the text without schema prefixes, in the text with them. Prefixes are
// names; one character per byte is assumed only inside them.
int unstripped(int position, const std::vector<sql::RemovedRange>& removed) {
  if (position <= 0) return position;
  auto at = static_cast<std::size_t>(position) - 1;
  for (const sql::RemovedRange& range : removed) {
    if (at >= range.begin) at += range.end - range.begin;
  }
  return static_cast<int>(at) + 1;
}

// serial is no type but a column with a sequence.
struct Serial {
  const char* name;
  const char* type;
};
constexpr Serial serials[] = {{"smallserial", "smallint"}, {"serial2", "smallint"},
                              {"serial", "integer"},       {"serial4", "integer"},
                              {"bigserial", "bigint"},     {"serial8", "bigint"}};

std::string serial_type(const std::string& source) {
  std::string word;
  for (const char c : source) {
    if (c != ' ' && c != '\n' && c != '\t') {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  for (const Serial& serial : serials) {
    if (word == serial.name) return serial.type;
  }
  return {};
}

// Pseudo-types that a constant NULL may have: PostgreSQL makes a text of it. It refuses the others.
bool is_taken_for_text(std::string source) {
  std::ranges::transform(source, source.begin(), [](unsigned char c) { return std::tolower(c); });
  if (source.starts_with("pg_catalog.")) source.erase(0, std::strlen("pg_catalog."));
  constexpr std::array names = {"unknown", "anyelement", "anynonarray", "anycompatible",
                                "anycompatiblenonarray"};
  return std::ranges::find(names, source) != names.end();
}

}  // namespace

struct ServerBinder::Answers {
  std::map<Key, sql::Expression> expressions;
  std::map<std::string, TypeFacts> types;
  std::map<std::pair<std::string, std::string>, bool> assignable, lossless;

  const TypeFacts& type(ServerBinder& binder, const std::string& source, const std::string& where);
  sql::Expression bind(ServerBinder& binder, const std::string& source, const sql::Shape& shape,
                       const std::string& original, const std::vector<sql::RemovedRange>& removed,
                       const std::string& where);
  void check_literal(ServerBinder& binder, const std::string& source, const std::string& target,
                     const std::string& where);
};

const TypeFacts& ServerBinder::Answers::type(ServerBinder& binder, const std::string& source,
                                             const std::string& where) {
  if (const auto known = types.find(source); known != types.end()) return known->second;
  sql::check_type_syntax(source, where);
  const sql::Qualified view{binder.scratch_schema_, "pgstrata_type"};
  Scratch scratch(binder.connection_, binder.path_);
  try {
    scratch.make(sql::format("CREATE VIEW {} AS SELECT CAST(NULL AS {}\n) AS pgstrata_e", view,
                             sql::Sql::trusted(source))
                     .str());
  } catch (const db::SqlError& error) {
    if (!about_the_text(error)) throw;
    throw Error(Exit::migration, "unknown-type",
                BoundView::in_user_terms(error.fields().message, "the type"), where,
                hint_of(error.fields()));
  }
  const auto row = scratch.ask(
      "pgstrata_type",
      sql::format(
          "SELECT a.atttypid, a.atttypmod, t.typtype, format_type(a.atttypid, a.atttypmod),"
          " format_type(a.atttypid, -1), COALESCE(NULLIF(t.typbasetype, 0), t.oid), t.typtypmod"
          " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
          " WHERE a.attrelid = $1::regclass AND a.attnum = 1")
          .str(),
      view);
  TypeFacts facts;
  facts.oid = static_cast<Oid>(row.integer(0, 0));
  facts.typmod = static_cast<int>(row.integer(0, 1));
  facts.kind = row.text(0, 2)[0];
  facts.printed = row.text(0, 3);
  if (is_taken_for_text(source))
    throw Error(Exit::migration, "unknown-type", "no column can be of pseudo-type " + source, where,
                "name a type");
  facts.unconstrained = row.text(0, 4);
  facts.base = static_cast<Oid>(row.integer(0, 5));
  facts.base_typmod = static_cast<int>(row.integer(0, 6));
  if (const auto known = known_image_equality(facts.oid))  // their own collation is deterministic
    facts.image_equality = known != ImageEquality::never;
  else
    facts.image_equality =
        scratch
            .ask("pgstrata_equality",
                 sql::format("SELECT EXISTS (SELECT FROM ({}) AS equal JOIN pg_type t ON t.oid = "
                             "equal.oid JOIN pg_attribute a ON a.atttypid = t.oid"
                             " WHERE a.attrelid = $1::regclass AND a.attnum = 1"
                             "   AND (NOT equal.collated OR COALESCE("
                             "        (SELECT c.collisdeterministic FROM pg_collation c"
                             "         WHERE c.oid = t.typcollation), true)))",
                             image_equality_query())
                     .str(),
                 view)
            .boolean(0, 0);
  return types.emplace(source, std::move(facts)).first->second;
}

// `original` is what the user wrote; `source` is that without the schema prefixes at `removed`.
sql::Expression ServerBinder::Answers::bind(ServerBinder& binder, const std::string& source,
                                            const sql::Shape& shape, const std::string& original,
                                            const std::vector<sql::RemovedRange>& removed,
                                            const std::string& where) {
  const sql::Qualified view{binder.scratch_schema_, "pgstrata_bind"};
  const BoundView bound = make_bound_view(view, source, shape);
  Scratch scratch(binder.connection_, binder.path_);
  try {
    scratch.make(bound.statement);
  } catch (const db::SqlError& error) {
    if (!about_the_text(error)) throw;
    const int position = bound.position_in_expression(scratch.error_position(bound.statement));
    throw sql::bad_expression(original,
                              BoundView::in_user_terms(error.fields().message, "the expression"),
                              unstripped(position, removed), where, hint_of(error.fields()));
  }
  try {
    sql::Expression expression =
        read_bound_view(scratch.ask("pgstrata_bound_view", bound_view_query(), view));
    expression.references = sql::find_references(expression.text, printed_alias(shape.table));
    return expression;
  } catch (const Error& error) {
    throw Error(error.exit(), error.code(), error.message(), where, error.hint());
  }
}

// A constant is assigned when the statement is planned, so planning an INSERT of it says whether it
// fits.
void ServerBinder::Answers::check_literal(ServerBinder& binder, const std::string& source,
                                          const std::string& target, const std::string& where) {
  const sql::Qualified table{binder.scratch_schema_, "pgstrata_assign"};
  Scratch scratch(binder.connection_, binder.path_);
  scratch.make(sql::format("CREATE TABLE {} (v {})", table, sql::Sql::trusted(target)).str());
  try {
    scratch.make(
        sql::format("EXPLAIN INSERT INTO {} VALUES ({}\n)", table, sql::Sql::trusted(source))
            .str());
  } catch (const db::SqlError& error) {
    if (!about_the_text(error)) throw;
    throw sql::bad_expression(source, error.fields().message, 0, where, hint_of(error.fields()));
  }
}

ServerBinder::ServerBinder(db::Connection& connection, std::string scratch_schema, std::string path)
    : connection_(connection),
      scratch_schema_(std::move(scratch_schema)),
      path_(std::move(path)),
      answers_(std::make_unique<Answers>()) {}

ServerBinder::~ServerBinder() = default;

sql::Expression ServerBinder::bind(const std::string& source, const sql::Shape& shape,
                                   const std::string& target, const std::string& where) {
  const Key key = key_of(source, shape, target);
  if (const auto known = answers_->expressions.find(key); known != answers_->expressions.end()) {
    return known->second;
  }
  sql::check_one_expression(source, where);
  std::vector<sql::RemovedRange> removed;
  std::string text = sql::strip_schema(source, first_schema(path_), shape.table, removed);
  const bool literal = !target.empty() && sql::is_untyped_literal(source);
  if (literal) {
    // With the target's type but not its length: an explicit cast to varchar(3) would cut silently.
    answers_->check_literal(*this, source, target, where);
    text = "(" + text + "\n)::" + answers_->type(*this, target, where).unconstrained;
  }
  sql::Expression expression = answers_->bind(*this, text, shape, source, removed, where);
  expression.source = source;
  if (!target.empty() && !literal && expression.type != target &&
      !assignable(expression.type, target)) {
    throw sql::bad_expression(
        source,
        "the expression is of type " + expression.type + ", which cannot be assigned to " + target,
        0, where, "cast it explicitly");
  }
  return answers_->expressions.emplace(key, std::move(expression)).first->second;
}

sql::BoundType ServerBinder::type(const std::string& source, const std::string& where) {
  const std::string serial = serial_type(source);
  const TypeFacts& facts = answers_->type(*this, serial.empty() ? source : serial, where);
  return {facts.printed, "", serial, facts.image_equality, facts.kind == 'd'};
}

bool ServerBinder::assignable(const std::string& from, const std::string& to) {
  if (from == to) return true;
  const auto [known, fresh] = answers_->assignable.try_emplace({from, to}, false);
  if (!fresh) return known->second;
  const sql::Qualified table{scratch_schema_, "pgstrata_assign"};
  Scratch scratch(connection_, path_);
  scratch.make(sql::format("CREATE TABLE {} (v {})", table, sql::Sql::trusted(to)).str());
  try {
    scratch.make(
        sql::format("EXPLAIN INSERT INTO {} SELECT NULL::{}", table, sql::Sql::trusted(from))
            .str());
    known->second = true;
  } catch (const db::SqlError& error) {
    if (error.sqlstate() != "42804") {
      answers_->assignable.erase(known);
      throw;
    }
  }
  return known->second;
}

bool ServerBinder::lossless(const std::string& from, const std::string& to) {
  if (from == to) return true;
  const auto [known, fresh] = answers_->lossless.try_emplace({from, to}, false);
  if (!fresh) return known->second;
  const TypeFacts source = answers_->type(*this, from, from);
  const TypeFacts target = answers_->type(*this, to, to);
  const bool binary = !connection_
                           .execute(
                               "SELECT FROM pg_cast WHERE castsource = $1 AND casttarget = $2"
                               " AND castmethod = 'b' AND castcontext IN ('i', 'a')",
                               {std::to_string(source.base), std::to_string(target.oid)})
                           .empty();
  return known->second = lossless_cast(source, target, binary);
}

}  // namespace pgstrata::catalog
