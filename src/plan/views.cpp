#include "plan/views.hpp"

#include "plan/elements.hpp"
#include "plan/grants.hpp"
#include "plan/layers.hpp"

namespace pgstrata::plan {

using model::Column;
using model::Table;
using model::Version;
using sql::format;
using sql::join;

namespace {

// A default that yields NULL but is not the constant NULL: PostgreSQL discards that one on a view
// and falls through to the base column's default.
Sql null_default(const std::string& type) {
  return format("nullif('', '')::{}", Sql::trusted(type));
}

Sql create_view(const Table& table, const Qualified& view, const std::vector<Sql>& columns,
                const Qualified& source, bool replace = false) {
  return format("CREATE {}VIEW {} WITH (security_invoker = {}) AS\n  SELECT {}\n  FROM {}",
                Sql::trusted(replace ? "OR REPLACE " : ""), view,
                Sql::trusted(table.owner_rights ? "false" : "true"), join(columns, ", "), source);
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

Sql nothing_of(const model::Spared& gone) {
  Sql null = format("NULL::{}", Sql::trusted(gone.type));
  return gone.collation.empty() ? null
                                : format("({} COLLATE {})", null, Sql::trusted(gone.collation));
}

Sql inner_view(const Surroundings& around, const Table& table, bool replace) {
  auto columns = base_columns(table);
  for (const model::Spared& spared : table.spared)
    columns.push_back(spared.physical.empty()
                          ? format("{} AS {}", nothing_of(spared), Name(spared.name))
                          : format("{} AS {}", Name(spared.physical), Name(spared.name)));
  if (table.marked) columns.push_back(format("{}", Name(model::marker)));
  return create_view(table, {around.support_schema, table.inner_view}, columns,
                     {around.base_schema, table.physical}, replace);
}

// Defaults, comments and grants of a version view.
void describe_view(const Surroundings& around, const Table& table, const Qualified& view,
                   std::vector<std::string>& out) {
  for (const Column& column : table.columns)
    if (column.default_ && !column.generated && !column.identity)
      out.push_back(set_default(view, column.name, Sql::trusted(column.default_->text)).str());
  if (table.comment)
    out.push_back(format("COMMENT ON VIEW {} IS {}", view, Literal(*table.comment)).str());
  for (const Column& column : table.columns)
    if (column.comment)
      out.push_back(
          format("COMMENT ON COLUMN {}.{} IS {}", view, Name(column.name), Literal(*column.comment))
              .str());
  grant_on_view(around, table, view, false, out);
}

void create_inner_view(const Surroundings& around, const Chain& live, const Version& version,
                       const Table& table, std::vector<std::string>& out) {
  Qualified inner{around.support_schema, table.inner_view};
  out.push_back(inner_view(around, table, false).str());
  if (table.marked)
    out.push_back(set_default(inner, model::marker, format("{}", version.ordinal)).str());
  for (const model::Spared& spared : table.spared)
    out.push_back(set_default(inner, spared.name, null_default(spared.type)).str());
  for (const Column& column : table.columns)
    if (hides_default(live, table, column))
      out.push_back(set_default(inner, column.name, null_default(column.type)).str());
  out.push_back(format("COMMENT ON VIEW {} IS {}", inner,
                       Literal("under version view " + version.schema + "." + table.name +
                               ": says which version writes"))
                    .str());
  grant_on_view(around, table, inner, true, out);
}

}  // namespace

std::string support_schema_comment(const std::string& base_schema) {
  return "pgstrata: inner views, sync and translation functions of schema " + base_schema;
}

std::string version_schema_comment(const std::string& version, const std::string& base_schema) {
  return "version " + version + " of schema " + base_schema + ", kept by pgstrata";
}

bool is_our_schema_comment(const std::string& comment) {
  return comment.starts_with("pgstrata: ") || comment.ends_with(", kept by pgstrata");
}

std::vector<std::string> create_support_schema(const Surroundings& around) {
  return {format("CREATE SCHEMA IF NOT EXISTS {}", Name(around.support_schema)).str(),
          close_schema(around.support_schema, true),
          format("GRANT USAGE ON SCHEMA {} TO PUBLIC", Name(around.support_schema)).str(),
          format("COMMENT ON SCHEMA {} IS {}", Name(around.support_schema),
                 Literal(support_schema_comment(around.base_schema)))
              .str()};
}

std::vector<std::string> create_version_schema(const Surroundings& around, const Version& version,
                                               const std::string& schema) {
  std::vector<std::string> statements{
      format("CREATE SCHEMA {}", Name(schema)).str(), close_schema(schema),
      format("COMMENT ON SCHEMA {} IS {}", Name(schema),
             Literal(version_schema_comment(version.name, around.base_schema)))
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
  describe_view(around, table, view, out);
  return out;
}

std::vector<std::string> flatten_view(const Surroundings& around, const Version& version,
                                      const Table& table) {
  return {create_view(table, {version.schema, table.name}, base_columns(table),
                      {around.base_schema, table.physical}, true)
              .str()};
}

std::vector<std::string> prune_inner_view(const Surroundings& around, const Table& table,
                                          const std::vector<std::string>& columns) {
  std::vector<std::string> statements;
  for (const std::string& column : columns)
    statements.push_back(format("ALTER VIEW {} ALTER COLUMN {} DROP DEFAULT",
                                Qualified{around.support_schema, table.inner_view}, Name(column))
                             .str());
  statements.push_back(inner_view(around, table, true).str());
  return statements;
}

std::vector<std::string> replace_view(const Surroundings& around, const Version& version,
                                      const Table& shown, const Table& table) {
  Qualified view{version.schema, table.name};
  std::vector<std::string> out = flatten_view(around, version, table);
  for (const Column& column : shown.columns)
    if (column.default_ && !table.column(column.name)->default_)
      out.push_back(
          format("ALTER VIEW {} ALTER COLUMN {} DROP DEFAULT", view, Name(column.name)).str());
  for (const Column& column : shown.columns)
    if (column.comment && !table.column(column.name)->comment)
      out.push_back(format("COMMENT ON COLUMN {}.{} IS NULL", view, Name(column.name)).str());
  if (shown.comment && !table.comment)
    out.push_back(format("COMMENT ON VIEW {} IS NULL", view).str());
  describe_view(around, table, view, out);
  return out;
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
