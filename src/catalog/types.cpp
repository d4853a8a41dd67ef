#include "catalog/types.hpp"

namespace pgstrata::catalog {

sql::Sql image_equality_query() {
  return sql::Sql::trusted(R"sql(
WITH RECURSIVE answer AS (
  SELECT oc.opcintype, p.amproc = 'btvarstrequalimage'::regproc AS collated
  FROM pg_opclass oc
  JOIN pg_am am ON am.oid = oc.opcmethod AND am.amname = 'btree'
  JOIN pg_amproc p ON p.amprocfamily = oc.opcfamily AND p.amproclefttype = oc.opcintype
                  AND p.amprocrighttype = oc.opcintype AND p.amprocnum = 4
  WHERE oc.opcdefault AND oc.opcintype <> 'bpchar'::regtype  -- trailing blanks do not count
    AND p.amproc IN ('btequalimage'::regproc, 'btvarstrequalimage'::regproc)),
equal AS (
  SELECT t.oid, a.collated
  FROM pg_type t
  JOIN answer a ON a.opcintype = CASE WHEN t.typtype = 'e' THEN 'anyenum'::regtype
                                      WHEN t.oid = 'varchar'::regtype THEN 'text'::regtype
                                      ELSE t.oid END
  WHERE t.typtype IN ('b', 'e') AND a.opcintype <> 'anyarray'::regtype
  UNION ALL
  SELECT t.oid, equal.collated FROM pg_type t JOIN equal ON t.typbasetype = equal.oid)
SELECT oid, collated FROM equal)sql");
}

}  // namespace pgstrata::catalog
