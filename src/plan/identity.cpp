#include "plan/identity.hpp"

#include <cstdint>
#include <limits>

namespace pgstrata::plan {
namespace {

struct Range {
  std::int64_t least, most;
};

Range range_of(const std::string& type) {
  if (type == "smallint") return {-32768, 32767};
  if (type == "integer") return {-2147483648, 2147483647};
  return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
}

// {0} table, {1} old column, {2} new column: string constants; {3} ALWAYS or BY DEFAULT; {4} and
// {5}: the range of the new type, as string constants, for the least bigint is none without a cast.
// ALTER SEQUENCE takes the lock that nextval() waits for.
constexpr const char* block = R"(DECLARE
  base CONSTANT regclass := {0};
  sequence CONSTANT text := pg_get_serial_sequence({0}, {1});
  remark CONSTANT text := obj_description(sequence::regclass, 'pg_class');
  lowest CONSTANT bigint := {4};
  highest CONSTANT bigint := {5};
  old record;
  drawn record;
  held aclitem[];
  grantee record;
BEGIN
  IF sequence IS NULL THEN
    RETURN;
  END IF;
  SELECT * INTO old FROM pg_sequence WHERE seqrelid = sequence::regclass;
  EXECUTE format('ALTER SEQUENCE %s CACHE %s', sequence, old.seqcache);
  EXECUTE format('SELECT last_value, is_called FROM %s', sequence) INTO drawn;
  SELECT relacl INTO held FROM pg_class WHERE oid = sequence::regclass;
  EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', base, {1});
  EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', base, {2});
  EXECUTE format('ALTER TABLE %s ALTER COLUMN %I ADD GENERATED {3} AS IDENTITY'
                 ' (SEQUENCE NAME %s START %s INCREMENT %s %s %s CACHE %s %s)',
    base, {2}, sequence, greatest(lowest, least(highest, old.seqstart)), old.seqincrement,
    CASE WHEN old.seqmin NOT IN (-32768, -2147483648, '-9223372036854775808')
         THEN format('MINVALUE %s', greatest(lowest, old.seqmin)) END,
    CASE WHEN old.seqmax NOT IN (32767, 2147483647, 9223372036854775807)
         THEN format('MAXVALUE %s', least(highest, old.seqmax)) END,
    old.seqcache, CASE WHEN old.seqcycle THEN 'CYCLE' END);
  PERFORM setval(sequence::regclass, greatest(lowest, least(highest, drawn.last_value)), drawn.is_called);
  FOR grantee IN SELECT DISTINCT e.grantee::regrole AS name, e.grantee AS oid
    FROM pg_class c, aclexplode(c.relacl) e WHERE c.oid = sequence::regclass AND e.grantee <> c.relowner
  LOOP
    EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %s', sequence,
                   CASE grantee.oid WHEN 0 THEN 'PUBLIC' ELSE grantee.name::text END);
  END LOOP;
  FOR grantee IN SELECT e.grantee::regrole AS name, e.grantee AS oid, e.privilege_type, e.is_grantable
    FROM pg_class c, aclexplode(held) e WHERE c.oid = sequence::regclass AND e.grantee <> c.relowner
  LOOP
    EXECUTE format('GRANT %s ON SEQUENCE %s TO %s %s', grantee.privilege_type, sequence,
                   CASE grantee.oid WHEN 0 THEN 'PUBLIC' ELSE grantee.name::text END,
                   CASE WHEN grantee.is_grantable THEN 'WITH GRANT OPTION' END);
  END LOOP;
  IF remark IS NOT NULL THEN
    EXECUTE format('COMMENT ON SEQUENCE %s IS %L', sequence, remark);
  END IF;
END)";

}  // namespace

std::string hand_over_identity(const sql::Qualified& table, const std::string& from,
                               const model::Column& to) {
  const Range range = range_of(to.type);
  const sql::Sql body = sql::format(
      block, sql::Literal(sql::format("{}", table).str()), sql::Literal(from),
      sql::Literal(to.physical), sql::Sql::trusted(to.identity == 'a' ? "ALWAYS" : "BY DEFAULT"),
      sql::Literal(std::to_string(range.least)), sql::Literal(std::to_string(range.most)));
  return sql::format("DO {}", sql::dollar_quoted(body)).str();
}

}  // namespace pgstrata::plan
