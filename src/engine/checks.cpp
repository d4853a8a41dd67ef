// Checks before anything is changed: rights, limits, and whether the rows there are fit the new
// version.
#include <algorithm>

#include "engine/commands.hpp"
#include "engine/in_the_way.hpp"
#include "engine/long_read.hpp"
#include "engine/reads.hpp"
#include "engine/try_out.hpp"
#include "engine/user_triggers.hpp"
#include "model/compose.hpp"
#include "pgstrata/error.hpp"
#include "plan/elements.hpp"

namespace pgstrata::engine {

using model::Table;
using sql::format;
using sql::Sql;

namespace {

constexpr int max_columns = 1600;  // MaxHeapAttributeNumber; dropped columns count

void check_rights(const catalog::Snapshot& snapshot) {
  if (!snapshot.can_create_in_schema)
    throw Error(
        Exit::connection, "privilege",
        "role \"" + snapshot.role + "\" may not create in schema \"" + snapshot.schema + "\"",
        snapshot.schema,
        "GRANT CREATE ON SCHEMA " + sql::quote_identifier(snapshot.schema) + " TO " +
            sql::quote_identifier(snapshot.role));
  if (!snapshot.can_create_in_database)
    throw Error(Exit::connection, "privilege",
                "role \"" + snapshot.role + "\" may not create schemas in this database", {},
                "GRANT CREATE ON DATABASE … TO " + sql::quote_identifier(snapshot.role));
}

void check_limits(const Prepared& prepared) {
  for (auto& [logical, table] : prepared.next.tables) {
    const catalog::Table* base = prepared.snapshot.table(table.physical);
    const Table* before = prepared.live.back().physical_table(table.physical);
    if (!base || !before) continue;
    int added = prepared.next.has_links(table.physical) && !before->marked ? 1 : 0;
    if (!before->columns.shares(table.columns))
      for (auto& column : table.columns)
        added += before->physical_column(column.physical) == nullptr;
    if (base->attribute_count + added > max_columns)
      throw Error(
          Exit::migration, "too-many-columns",
          "table \"" + logical + "\" would have " + std::to_string(base->attribute_count + added) +
              " columns, dropped ones included; PostgreSQL allows 1600",
          logical, "copy the table to get rid of dropped columns, or change fewer at a time");
    if (added > 0 && prepared.next.has_links(table.physical) && base->column(model::marker) &&
        !before->marked)
      throw Error(Exit::migration, "not-supported",
                  "table \"" + logical + "\" has a column \"_m\", the name pgstrata's marker needs",
                  logical, "rename that column");
  }
}

bool has_other_columns(const Table& before, const Table& after) {
  return !std::ranges::equal(before.columns, after.columns, [](auto& a, auto& b) {
    return a.name == b.name && a.physical == b.physical;
  });
}

// PostgreSQL adds, renames and drops no column of a table made by CREATE TABLE … OF type.
void check_typed_tables(Session& session, const Prepared& prepared) {
  std::vector<Sql> names;
  for (auto& [logical, table] : prepared.next.tables) {
    const Table* before = prepared.live.back().physical_table(table.physical);
    if (!before) continue;
    const bool other_columns =
        !before->columns.shares(table.columns) && has_other_columns(*before, table);
    if (other_columns || (table.marked && !before->marked))  // the marker is a column too
      names.push_back(sql::format("{}", sql::Literal(table.physical)));
  }
  if (names.empty()) return;
  const auto typed = session.connection.execute(
      sql::format("SELECT c.relname, c.reloftype::pg_catalog.regtype FROM pg_catalog.pg_class c "
                  "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {} "
                  "AND c.relname = ANY (ARRAY[{}]::name[]) AND c.reloftype <> 0",
                  sql::Literal(session.names.base_schema), sql::join(names, ", "))
          .str());
  if (!typed.empty())
    throw Error(
        Exit::migration, "not-supported",
        "the columns of table \"" + typed.text(0, 0) + "\" are those of type " + typed.text(0, 1),
        typed.text(0, 0), "ALTER TABLE " + sql::quote_identifier(typed.text(0, 0)) + " NOT OF");
}

// What names a table that goes, or its sequence, would stop the completion that drops it.
void check_dropped_tables(Session& session, const Prepared& prepared) {
  std::vector<Going> going;
  const model::Version& previous = prepared.live.back();
  for (auto& [logical, table] : previous.tables)
    if (!prepared.next.physical_table(table.physical))
      going.push_back({session.names.base_schema, table.physical, {}});
  if (going.empty()) return;
  plan::Chain chain = prepared.live;
  chain.push_back(prepared.next);
  try {
    refuse_dependents(session, chain, previous, {}, going);
  } catch (const Error& error) {
    if (error.exit() != Exit::state) throw;
    throw Error(Exit::migration, error.code(), error.message(), going.front().relation,
                error.hint());
  }
}

// ADD COLUMN of a domain with constraints rewrites the table under its lock.
void check_domains(Session& session, const Prepared& prepared) {
  for (auto& [logical, table] : prepared.next.tables) {
    const Table* before = prepared.live.back().physical_table(table.physical);
    if (!before || *before == table) continue;
    for (auto& column : table.columns) {
      // Types outside pg_catalog are qualified, and there are no domains in it.
      if (column.type.str().find('.') == std::string::npos) continue;
      if (before->physical_column(column.physical)) continue;
      auto constrained = session.connection.execute(
          R"(WITH RECURSIVE below AS (
               SELECT t.oid, t.typtype, t.typbasetype, t.typnotnull
               FROM pg_catalog.pg_type t WHERE t.oid = pg_catalog.to_regtype($1)
               UNION ALL
               SELECT t.oid, t.typtype, t.typbasetype, t.typnotnull
               FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype)
             SELECT 1 FROM below b WHERE b.typtype = 'd' AND (b.typnotnull OR EXISTS (
               SELECT FROM pg_catalog.pg_constraint c WHERE c.contypid = b.oid)))",
          {column.type});
      if (!constrained.empty())
        throw Error(Exit::migration, "not-supported",
                    "column \"" + column.name + "\" would be of the domain " + column.type +
                        ", whose constraints make PostgreSQL rewrite the table under its lock",
                    logical + "." + column.name,
                    "use the domain's base type and a check constraint");
    }
  }
}

// One thing every row must hold; `condition` is over the columns the table has now.
struct Demand {
  std::string text;  // "NULL in column …"
  Sql condition;     // a row is wrong where this is FALSE
};

// The new version's expression over the shape before: the step's translations taken in.
sql::Expression over_before(const Prepared& prepared, const Table& before, const Table& after,
                            const sql::Expression& expression) {
  std::map<std::string, sql::Expression> inner;
  std::map<std::string, std::string> types;
  for (auto& name : expression.inputs()) {
    const model::Column& column = *after.column(name);
    types[column.name] = column.type;
    if (const model::Column* shared = before.physical_column(column.physical)) {
      inner.emplace(column.name, model::column_expression(shared->name, shared->type));
      continue;
    }
    auto link = std::find_if(
        prepared.next.translations.begin(), prepared.next.translations.end(),
        [&](auto& l) { return l.up && l.table == after.physical && l.output == column.physical; });
    if (link != prepared.next.translations.end())
      inner.emplace(column.name, link->expression);
    else if (column.physical_default)
      inner.emplace(column.name, *column.physical_default);
    else
      inner.emplace(column.name, model::null_expression(column.type));
  }
  return model::compose(expression, inner, types);
}

std::vector<Demand> demands_of(const Prepared& prepared, const Table& before, const Table& after) {
  std::vector<Demand> demands;
  auto add = [&](const std::string& text, const sql::Expression& expression, const char* suffix) {
    sql::Expression over = over_before(prepared, before, after, expression);
    if (over.volatility == sql::Volatility::volatile_)
      return;  // evaluated once per row, when it is filled
    demands.push_back(
        {text, format("({}){}", plan::physical_expression(before, over), Sql::trusted(suffix))});
  };
  for (auto& column : after.columns) {
    const model::Column* shared = before.physical_column(column.physical);
    sql::Expression self = model::column_expression(column.name, column.type);
    bool demanded = column.not_null && !(shared && shared->not_null) && !column.identity;
    if (!demanded && shared) continue;  // a table of 1,000 columns changes in few of them
    sql::Expression over = over_before(prepared, before, after, self);
    const model::Column* plain = before.column(over.identity_of());
    bool proved = plain && plain->not_null;
    bool raises = over.can_raise && !shared;
    if ((demanded && !proved) || raises)
      add(demanded ? "NULL in column \"" + column.name + "\"" : "", self,
          demanded ? " IS NOT NULL" : " IS NULL IS NOT NULL");
  }
  for (auto& check : after.checks)
    if (check.validated && std::none_of(before.checks.begin(), before.checks.end(),
                                        [&](auto& c) { return c.physical == check.physical; }))
      add("violation of check constraint \"" + check.name + "\"", check.expression, "");
  bool filled = std::any_of(prepared.next.translations.begin(), prepared.next.translations.end(),
                            [&](auto& link) { return link.up && link.table == after.physical; });
  for (auto& check : before.checks)  // PostgreSQL checks these again in every row that is updated
    if (filled && !check.validated)
      demands.push_back({"violation of check constraint \"" + check.name +
                             "\", which is NOT VALID and stops the backfill",
                         plan::physical_expression(before, check.expression)});
  return demands;
}

void check_rows(Session& session, const Prepared& prepared, const Table& before,
                const Table& after) {
  auto demands = demands_of(prepared, before, after);
  if (demands.empty()) return;
  std::vector<Sql> counts;
  for (auto& demand : demands) {
    counts.push_back(format("pg_catalog.count(*) FILTER (WHERE NOT ({}))", demand.condition));
    counts.push_back(
        format("pg_catalog.min(t::pg_catalog.text) FILTER (WHERE NOT ({}))", demand.condition));
  }
  db::Result found;
  try {
    found = read_long(session, before.name,
                      format("SELECT {} FROM {} t", sql::join(counts, ", "),
                             sql::Qualified{session.names.base_schema, before.physical})
                          .str());
  } catch (const db::SqlError& error) {
    if (error.connection_lost() || error.canceled()) throw;
    throw Error(
        Exit::data, "up-fails",
        "a translation fails on a row of table \"" + before.name + "\": " + error.fields().message,
        before.name, "mend the row or the `up` expression; nothing was changed");
  }
  for (std::size_t i = 0; i < demands.size(); ++i)
    if (!demands[i].text.empty() && found.integer(0, 2 * i) > 0)
      throw Error(Exit::data, "rows-violate",
                  found.text(0, 2 * i) + " rows of table \"" + before.name + "\" would have a " +
                      demands[i].text + ", for example " + found.text(0, 2 * i + 1),
                  before.name, "mend the rows or the migration; nothing was changed");
}

// Duplicates of a new unique key would only be found after the backfill.
void check_keys(Session& session, const Prepared& prepared, const Table& before,
                const Table& after) {
  for (auto& index : after.indexes) {
    bool is_new = std::none_of(before.indexes.begin(), before.indexes.end(),
                               [&](auto& i) { return i.physical == index.physical; });
    if (!index.unique || !is_new) continue;
    std::vector<Sql> keys, filters;
    bool known = true;
    for (auto& key : index.keys) {
      auto expression = key.column
                            ? model::column_expression(*key.column, after.column(*key.column)->type)
                            : *key.expression;
      auto over = over_before(prepared, before, after, expression);
      known &= over.volatility != sql::Volatility::volatile_;
      keys.push_back(format("({})", plan::physical_expression(before, over)));
      if (!index.nulls_not_distinct)
        filters.push_back(format("({}) IS NOT NULL", plan::physical_expression(before, over)));
    }
    if (index.predicate)
      filters.push_back(
          format("({})", plan::physical_expression(
                             before, over_before(prepared, before, after, *index.predicate))));
    if (!known) continue;
    Sql where = filters.empty() ? Sql() : format(" WHERE {}", sql::join(filters, " AND "));
    auto found = read_long(
        session, before.name,
        format(
            "SELECT pg_catalog.count(*), pg_catalog.min(k) FROM (SELECT ROW({})::pg_catalog.text "
            "AS k FROM {}{} GROUP BY {} HAVING pg_catalog.count(*) > 1) d",
            sql::join(keys, ", "), sql::Qualified{session.names.base_schema, before.physical},
            where, sql::join(keys, ", "))
            .str());
    if (found.integer(0, 0) > 0)
      throw Error(Exit::data, "duplicates",
                  found.text(0, 0) + " values of unique index \"" + index.name + "\" on table \"" +
                      before.name + "\" occur more than once, for example " + found.text(0, 1),
                  before.name, "remove the duplicates; nothing was changed");
  }
}

void check_references(Session& session, const Prepared& prepared, const Table& before,
                      const Table& after) {
  for (auto& key : after.foreign_keys) {
    bool is_new = std::none_of(before.foreign_keys.begin(), before.foreign_keys.end(),
                               [&](auto& k) { return k.physical == key.physical; });
    const Table* parent = prepared.live.back().physical_table(key.table);
    bool readable =
        parent && std::all_of(key.referenced.begin(), key.referenced.end(),
                              [&](auto& name) { return parent->physical_column(name); });
    if (!is_new || !key.validated || !readable)
      continue;  // a column of this step is looked up once it is filled
    std::vector<Sql> match, filters;
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
      auto over =
          over_before(prepared, before, after,
                      model::column_expression(key.columns[i], after.column(key.columns[i])->type));
      if (over.volatility == sql::Volatility::volatile_) return;
      Sql value = plan::prefixed_expression(before, over, "t.");
      match.push_back(format("r.{} = ({})", sql::Name(key.referenced[i]), value));
      filters.push_back(format("({}) IS NOT NULL", value));
    }
    auto found = read_long(
        session, before.name,
        format("SELECT pg_catalog.count(*), pg_catalog.min(t::pg_catalog.text) FROM {} t WHERE {} "
               "AND NOT EXISTS (SELECT FROM {} r WHERE {})",
               sql::Qualified{session.names.base_schema, before.physical},
               sql::join(filters, " AND "), sql::Qualified{key.schema, key.table},
               sql::join(match, " AND "))
            .str());
    if (found.integer(0, 0) > 0)
      throw Error(Exit::data, "no-referenced-row",
                  found.text(0, 0) + " rows of table \"" + before.name + "\" have no row in \"" +
                      key.table + "\" for foreign key \"" + key.name + "\", for example " +
                      found.text(0, 1),
                  before.name, "mend the rows; nothing was changed");
  }
}

}  // namespace

std::vector<plan::Remark> check_before(Session& session, const Prepared& prepared) {
  std::vector<plan::Remark> findings;
  check_rights(prepared.snapshot);
  if (prepared.live.size() > 1) require_sync(session.around(prepared.snapshot), prepared.live);
  check_limits(prepared);
  check_typed_tables(session, prepared);
  check_dropped_tables(session, prepared);
  check_rules_in_flight(prepared);
  check_reads(session, prepared);
  check_domains(session, prepared);
  try_out(session, prepared);
  check_dropped_columns(session, prepared);
  try_triggers(session, prepared);
  if (prepared.snapshot.prepared_transactions > 0)
    findings.push_back(
        {"prepared transactions",
         prepared.snapshot.prepared_transactions == 1
             ? "1 prepared transaction is open; its locks can hold a step up until it gives up"
             : std::to_string(prepared.snapshot.prepared_transactions) +
                   " prepared transactions are open; their locks can hold a step up until it gives "
                   "up"});
  for (auto& [logical, after] : prepared.next.tables) {
    const Table* before = prepared.live.back().physical_table(after.physical);
    if (!before || *before == after) continue;
    check_rows(session, prepared, *before, after);
    check_keys(session, prepared, *before, after);
    check_references(session, prepared, *before, after);
  }
  return findings;
}

}  // namespace pgstrata::engine
