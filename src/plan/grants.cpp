#include "plan/grants.hpp"

#include <map>
#include <set>

namespace pgstrata::plan {

using catalog::Privilege;
using model::Column;
using model::Table;
using sql::format;
using sql::join;

namespace {

using Holders =
    std::map<std::pair<std::string, bool>, std::vector<std::string>>;  // grantee, grantable

Holders by_holder(const std::vector<Privilege>& privileges, const std::string& self) {
  Holders holders;
  for (const Privilege& privilege : privileges)
    if (privilege.grantee != self)
      holders[{privilege.grantee, privilege.grantable}].push_back(privilege.privilege);
  return holders;
}

Sql option(bool grantable) {
  return Sql::trusted(grantable ? " WITH GRANT OPTION" : "");
}

void grant_columns(const std::vector<Privilege>& privileges, const std::string& self,
                   const std::string& column, const Qualified& relation,
                   std::vector<std::string>& out) {
  for (auto& [holder, list] : by_holder(privileges, self)) {
    std::vector<Sql> items;
    for (auto& privilege : list)
      items.push_back(format("{} ({})", Sql::trusted(privilege), Name(column)));
    out.push_back(format("GRANT {} ON {} TO {}{}", join(items, ", "), relation,
                         grantee(holder.first), option(holder.second))
                      .str());
  }
}

std::set<std::string> column_grantees(const catalog::Table& base, const std::string& self) {
  std::set<std::string> roles;
  for (auto& column : base.columns)
    for (auto& privilege : column.privileges)
      if (privilege.grantee != self) roles.insert(privilege.grantee);
  return roles;
}

void grant_marker(const catalog::Table& base, const std::string& self, const Qualified& relation,
                  std::vector<std::string>& out) {
  for (auto& role : column_grantees(base, self))
    out.push_back(
        format("GRANT SELECT ({}) ON {} TO {}", Name(model::marker), relation, grantee(role))
            .str());
}

// A name inside a string constant that PostgreSQL's format() reads: ' and % are doubled.
Sql inside_format_constant(const Qualified& name) {
  const Sql plain = format("{}", name);
  std::string text;
  for (char c : plain.str()) {
    if (c == '\'' || c == '%') text += c;
    text += c;
  }
  return Sql::trusted(text);
}

// A table made by the step itself: nobody knows its grants yet, default privileges decide them.
Sql copy_grants_at_run_time(const Qualified& table, const Qualified& view) {
  const Sql body = format(R"(DECLARE item record;
BEGIN
  -- the view gets what default privileges gave the new table
  FOR item IN
    SELECT g.rolname, a.grantee, a.privilege_type, a.is_grantable
    FROM pg_catalog.pg_class c
         CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
         LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
    WHERE c.oid = {}::pg_catalog.regclass AND a.grantee <> c.relowner
  LOOP
    EXECUTE pg_catalog.format('GRANT %s ON {} TO %s%s', item.privilege_type,
      CASE WHEN item.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(item.rolname) END,
      CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END)",
                          Literal(format("{}", table).str()), inside_format_constant(view));
  return format("DO {}", sql::dollar_quoted(body));
}

}  // namespace

Sql grantee(const std::string& role) {
  return role.empty() ? Sql::trusted("PUBLIC") : format("{}", Name(role));
}

std::string close_schema(const std::string& schema, bool and_public) {
  const Sql body = format(R"(DECLARE item record;
BEGIN
  -- default privileges are for the schemas that people make
  FOR item IN
    SELECT DISTINCT g.rolname
    FROM pg_catalog.pg_namespace n
         CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) a
         LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
    WHERE n.nspname = {} AND a.grantee <> n.nspowner{}
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON SCHEMA %I FROM %s', {},
      COALESCE(pg_catalog.quote_ident(item.rolname), 'PUBLIC'));
  END LOOP;
END)",
                          Literal(schema), Sql::trusted(and_public ? " AND a.grantee <> 0" : ""),
                          Literal(schema));
  return format("DO {}", sql::dollar_quoted(body)).str();
}

void grant_on_view(const Surroundings& around, const Table& table, const Qualified& view,
                   bool inner, std::vector<std::string>& out) {
  const catalog::Table* base = around.snapshot.table(table.physical);
  if (!base) {
    out.push_back(copy_grants_at_run_time({around.base_schema, table.physical}, view).str());
    return;
  }
  const std::string& self = around.snapshot.role;
  // Default privileges are for new tables; a view has what its table has and nothing more.
  for (auto& role : around.snapshot.default_grantees)
    out.push_back(format("REVOKE ALL ON {} FROM {}", view, grantee(role)).str());
  if (base->owner != self)
    out.push_back(format("GRANT ALL ON {} TO {}", view, Name(base->owner)).str());
  for (auto& [holder, list] : by_holder(base->privileges, self)) {
    if (holder.first == base->owner) continue;
    std::vector<Sql> items;
    for (auto& privilege : list) items.push_back(Sql::trusted(privilege));
    out.push_back(format("GRANT {} ON {} TO {}{}", join(items, ", "), view, grantee(holder.first),
                         option(holder.second))
                      .str());
  }
  for (const Column& column : table.columns) {
    const catalog::Column* source =
        base->column(column.privileges_of.empty() ? column.physical : column.privileges_of);
    if (source) grant_columns(source->privileges, self, column.name, view, out);
  }
  if (inner && table.marked) grant_marker(*base, self, view, out);
}

void grant_on_twins(const Surroundings& around, const Table& table,
                    const std::vector<const Column*>& twins, bool marker,
                    std::vector<std::string>& out) {
  const catalog::Table* base = around.snapshot.table(table.physical);
  if (!base) return;
  Qualified relation{around.base_schema, table.physical};
  for (const Column* twin : twins)
    if (const catalog::Column* source = base->column(twin->privileges_of))
      grant_columns(source->privileges, base->owner, twin->physical, relation, out);
  if (marker) grant_marker(*base, base->owner, relation, out);
}

}  // namespace pgstrata::plan
