#include "catalog/types.hpp"

#include <unordered_map>

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

std::optional<ImageEquality> known_image_equality(Oid type) {
  using enum ImageEquality;
  static const std::unordered_map<Oid, ImageEquality> known = {
      // bool, bytea, bigint, smallint, int, oid, date, time, timestamp, timestamptz, uuid
      {16, always},
      {17, always},
      {20, always},
      {21, always},
      {23, always},
      {26, always},
      {1082, always},
      {1083, always},
      {1114, always},
      {1184, always},
      {2950, always},
      // text, varchar
      {25, under_deterministic_collation},
      {1043, under_deterministic_collation},
      // json, real, double precision, char(n), interval, numeric, jsonb
      {114, never},
      {700, never},
      {701, never},
      {1042, never},
      {1186, never},
      {1700, never},
      {3802, never}};
  const auto found = known.find(type);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace pgstrata::catalog
