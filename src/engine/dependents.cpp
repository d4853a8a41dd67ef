// What others hung on the views of a version: for `status`.
#include <nlohmann/json.hpp>

#include "engine/commands.hpp"

namespace pgstrata::engine {

std::vector<std::pair<std::string, std::string>> dependents_of_views(
    Session& session, const std::vector<std::string>& schemas) {
  std::vector<std::pair<std::string, std::string>> dependents;
  auto found = session.connection.execute(R"(
    SELECT DISTINCT n.nspname,
           CASE WHEN w.oid IS NOT NULL THEN 'view ' || w.oid::pg_catalog.regclass::pg_catalog.text
                ELSE 'function ' || p.oid::pg_catalog.regprocedure::pg_catalog.text END
           || ' depends on ' || v.oid::pg_catalog.regclass::pg_catalog.text
    FROM pg_catalog.pg_namespace n
         JOIN pg_catalog.pg_class v ON v.relnamespace = n.oid AND v.relkind = 'v'
         JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = v.oid
         LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
              AND r.oid = d.objid AND r.ev_class <> v.oid
         LEFT JOIN pg_catalog.pg_class w ON w.oid = r.ev_class
         LEFT JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
    WHERE n.nspname IN (SELECT pg_catalog.json_array_elements_text($1::pg_catalog.json))
          AND (w.oid IS NOT NULL OR p.oid IS NOT NULL)
    ORDER BY 1, 2)",
                                          {nlohmann::json(schemas).dump()});
  for (std::size_t row = 0; row < found.size(); ++row)
    dependents.emplace_back(found.text(row, 0), found.text(row, 1));
  return dependents;
}

}  // namespace pgstrata::engine
