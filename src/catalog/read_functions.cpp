// Functions whose body is text: PostgreSQL does not know which columns they name.
#include "catalog/reading.hpp"
#include "catalog/text_array.hpp"

namespace pgstrata::catalog {

void read_functions(Reading& reading) {
  const auto rows = reading.connection.execute(sql::format(R"sql(
SELECT p.oid::regprocedure, p.prosrc, g.tables
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('internal', 'c')
LEFT JOIN (SELECT t.tgfoid, array_agg(DISTINCT c.relname ORDER BY c.relname) AS tables
           FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
           WHERE c.relnamespace = {} AND NOT t.tgisinternal
           GROUP BY t.tgfoid) g ON g.tgfoid = p.oid
WHERE p.oid >= 16384  -- FirstNormalObjectId: initdb makes no user's
  AND p.prosqlbody IS NULL
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(temp|toast)' AND n.nspname <> ALL ({})
  AND NOT EXISTS (SELECT FROM pg_depend e
                  WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
ORDER BY p.oid::regprocedure::text COLLATE "C")sql",
                                                           reading.schema_oid, reading.our_schemas)
                                                   .str());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    reading.snapshot.functions.push_back(
        {rows.text(row, 0), rows.text(row, 1), parse_array(rows.rows_[row][2])});
  }
}

}  // namespace pgstrata::catalog
