// What others hung on a version that is about to go would stop its removal half-way.
#include "engine/commands.hpp"

namespace pgstrata::engine {

void refuse_dependents_of_views(Session& session, const std::string& schema) {
  if (schema.empty()) return;
  auto found = session.connection.execute(R"(
    SELECT CASE WHEN w.oid IS NOT NULL THEN 'view ' || w.oid::pg_catalog.regclass::pg_catalog.text
                ELSE 'function ' || p.oid::pg_catalog.regprocedure::pg_catalog.text END,
           v.oid::pg_catalog.regclass::pg_catalog.text
    FROM pg_catalog.pg_namespace n
         JOIN pg_catalog.pg_class v ON v.relnamespace = n.oid AND v.relkind = 'v'
         JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = v.oid
         LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
              AND r.oid = d.objid AND r.ev_class <> v.oid
         LEFT JOIN pg_catalog.pg_class w ON w.oid = r.ev_class
         LEFT JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
    WHERE n.nspname = $1 AND (w.oid IS NOT NULL OR p.oid IS NOT NULL)
    LIMIT 1)",
                                          {schema});
  if (!found.empty())
    refuse_state("dependent",
                 found.text(0, 0) + " depends on " + found.text(0, 1) + ", which is about to go",
                 "drop it first, then run the same command again");
}

}  // namespace pgstrata::engine
