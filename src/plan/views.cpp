#include "plan/views.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "model/names.hpp"
#include "plan/elements.hpp"
#include "plan/grants.hpp"

namespace pgstrata::plan {

using model::Column;
using model::Table;
using model::Version;
using sql::format;
using sql::join;

namespace {

Sql trusted(const std::string& text) {
  return Sql::trusted(text);
}

// A default that yields NULL but is not the constant NULL: PostgreSQL discards that one on a view
// and falls through to the base column's default.
Sql null_default(const std::string& type) {
  return format("nullif('', '')::{}", trusted(type));
}

// The version has no default where the base column has one, or gets one when an older version's
// becomes the base's.
bool hides_base_default(const Chain& live, const Version& version, const Table& table,
                        const Column& column) {
  if (column.default_ || column.generated || column.identity) return false;
  return column.physical_default ||
         std::any_of(live.begin(), live.end(), [&](const Version& older) {
           const Table* before =
               older.ordinal < version.ordinal ? older.physical_table(table.physical) : nullptr;
           const Column* shown = before ? before->physical_column(column.physical) : nullptr;
           return shown && shown->default_;
         });
}

bool linked(const Chain& live, const Version& next, const std::string& physical) {
  bool result = next.has_links(physical);
  for (std::size_t i = 1; i < live.size(); ++i) result |= live[i].has_links(physical);
  return result;
}

// Columns that only older versions show, that a `down` fills, and whose base default is volatile:
// listed in the inner view with a NULL default, so that no sequence value is spent by a newer
// writer.
std::vector<const Column*> spared_columns(const Chain& live, const Version& version,
                                          const Table& table) {
  std::vector<const Column*> spared;
  for (const Version& older : live) {
    const Table* before =
        older.ordinal < version.ordinal ? older.physical_table(table.physical) : nullptr;
    if (!before) continue;
    for (const Column& column : before->columns) {
      bool is_filled = std::any_of(
          version.translations.begin(), version.translations.end(), [&](const auto& link) {
            return !link.up && link.table == table.physical && link.output == column.physical;
          });
      bool listed = std::any_of(spared.begin(), spared.end(),
                                [&](auto* c) { return c->physical == column.physical; });
      if (is_filled && !listed && column.physical_default && !column.identity &&
          column.physical_default->volatility == sql::Volatility::volatile_)
        spared.push_back(&column);
    }
  }
  return spared;
}

std::string spared_name(const Column& column) {
  return model::with_suffix("_old_" + column.physical, "");
}

// A view runs with its caller's rights, so that row-level security sees the caller. PostgreSQL then
// wants SELECT on every column the view lists, which holders of column grants do not have: for a
// table with such grants, and without row-level security, the view runs with its owner's rights and
// its own column grants.
bool runs_as_caller(const Surroundings& around, const Table& table) {
  const catalog::Table* base = around.snapshot.table(table.physical);
  if (!base || base->row_security) return true;
  return std::all_of(base->columns.begin(), base->columns.end(),
                     [](auto& column) { return column.privileges.empty(); });
}

Sql create_view(const Table& table, const Qualified& view, const std::vector<Sql>& columns,
                const Qualified& source, bool replace = false) {
  return format("CREATE {}VIEW {} WITH (security_invoker = {}) AS\n  SELECT {}\n  FROM {}",
                trusted(replace ? "OR REPLACE " : ""), view,
                trusted(table.owner_rights ? "false" : "true"), join(columns, ", "), source);
}

std::vector<Sql> base_columns(const Table& table) {
  std::vector<Sql> columns;
  for (const Column& column : table.columns)
    columns.push_back(column.physical == column.name
                          ? format("{}", Name(column.name))
                          : format("{} AS {}", Name(column.physical), Name(column.name)));
  return columns;
}

Sql set_default(const Qualified& view, const std::string& column, const Sql& value) {
  return format("ALTER VIEW {} ALTER COLUMN {} SET DEFAULT {}", view, Name(column), value);
}

void create_inner_view(const Surroundings& around, const Chain& live, const Version& version,
                       const Table& table, std::vector<std::string>& out) {
  Qualified inner{around.support_schema, table.inner_view};
  auto columns = base_columns(table);
  auto spared = spared_columns(live, version, table);
  for (const Column* column : spared)
    columns.push_back(format("{} AS {}", Name(column->physical), Name(spared_name(*column))));
  if (table.marked) columns.push_back(format("{}", Name(model::marker)));
  out.push_back(create_view(table, inner, columns, {around.base_schema, table.physical}).str());
  if (table.marked)
    out.push_back(set_default(inner, model::marker, format("{}", version.ordinal)).str());
  for (const Column* column : spared)
    out.push_back(set_default(inner, spared_name(*column), null_default(column->type)).str());
  for (const Column& column : table.columns)
    if (hides_base_default(live, version, table, column))
      out.push_back(set_default(inner, column.name, null_default(column.type)).str());
  out.push_back(format("COMMENT ON VIEW {} IS {}", inner,
                       Literal("under version view " + version.schema + "." + table.name +
                               ": says which version writes"))
                    .str());
  grant_on_view(around, table, inner, true, out);
}

}  // namespace

void assign_layers(const Surroundings& around, const Chain& live, Version& next) {
  for (auto& [logical, table] : next.tables) {
    table.marked = linked(live, next, table.physical);
    const auto& columns = std::as_const(table).columns;
    bool hides = std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
      return hides_base_default(live, next, table, column);
    });
    table.owner_rights = !runs_as_caller(around, table);
    table.inner_view.clear();
    if (table.marked || hides)
      table.inner_view = model::with_suffix(table.name, "_v" + std::to_string(next.ordinal));
  }
}

std::vector<std::string> create_support_schema(const Surroundings& around) {
  return {format("CREATE SCHEMA IF NOT EXISTS {}", Name(around.support_schema)).str(),
          format("GRANT USAGE ON SCHEMA {} TO PUBLIC", Name(around.support_schema)).str(),
          format("COMMENT ON SCHEMA {} IS {}", Name(around.support_schema),
                 Literal("pgstrata: inner views, sync and translation functions of schema " +
                         around.base_schema))
              .str()};
}

std::vector<std::string> create_version_schema(const Surroundings& around, const Version& version,
                                               const std::string& schema) {
  std::vector<std::string> statements{format("CREATE SCHEMA {}", Name(schema)).str(),
                                      format("COMMENT ON SCHEMA {} IS {}", Name(schema),
                                             Literal("version " + version.name + " of schema " +
                                                     around.base_schema + ", kept by pgstrata"))
                                          .str()};
  for (auto& privilege : around.snapshot.schema_privileges)
    if (privilege.privilege == "USAGE" && privilege.grantee != around.snapshot.role)
      statements.push_back(
          format("GRANT USAGE ON SCHEMA {} TO {}", Name(schema), grantee(privilege.grantee)).str());
  return statements;
}

std::vector<std::string> create_views(const Surroundings& around, const Chain& live,
                                      const Version& version, const Table& table,
                                      const std::string& schema) {
  std::vector<std::string> out;
  Qualified view{schema, table.name};
  if (table.inner_view.empty()) {
    out.push_back(
        create_view(table, view, base_columns(table), {around.base_schema, table.physical}).str());
  } else {
    create_inner_view(around, live, version, table, out);
    std::vector<Sql> columns;
    for (const Column& column : table.columns) columns.push_back(format("{}", Name(column.name)));
    out.push_back(
        create_view(table, view, columns, {around.support_schema, table.inner_view}).str());
  }
  for (const Column& column : table.columns)
    if (column.default_ && !column.generated && !column.identity)
      out.push_back(set_default(view, column.name, trusted(column.default_->text)).str());
  if (table.comment)
    out.push_back(format("COMMENT ON VIEW {} IS {}", view, Literal(*table.comment)).str());
  for (const Column& column : table.columns)
    if (column.comment)
      out.push_back(
          format("COMMENT ON COLUMN {}.{} IS {}", view, Name(column.name), Literal(*column.comment))
              .str());
  grant_on_view(around, table, view, false, out);
  return out;
}

std::vector<std::string> flatten_view(const Surroundings& around, const Version& version,
                                      const Table& table) {
  return {create_view(table, {version.schema, table.name}, base_columns(table),
                      {around.base_schema, table.physical}, true)
              .str()};
}

std::vector<std::string> drop_views(const Surroundings& around,
                                    const std::vector<const Table*>& tables,
                                    const std::string& schema) {
  std::vector<std::string> statements;
  for (const Table* table : tables)
    statements.push_back(format("DROP VIEW IF EXISTS {}", Qualified{schema, table->name}).str());
  for (const Table* table : tables)
    if (!table->inner_view.empty())
      statements.push_back(
          format("DROP VIEW IF EXISTS {}", Qualified{around.support_schema, table->inner_view})
              .str());
  return statements;
}

}  // namespace pgstrata::plan
