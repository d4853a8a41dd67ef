-- State-schema version 5: the tables of a version's model are rows of their own. A model of 10,000
-- tables is ten megabytes of JSON, and a command changes a few of them.

-- A command of an older release would go on to read and write models where they are no longer: this
-- release finishes what it has begun. A call of the function that has begun already finds no token to go
-- on under, and one that begins later, be it under a token that is taken later, finds another function.
UPDATE @state@.runners SET token = token + 1;

-- From here on a release says which version of this schema it knows.
CREATE OR REPLACE FUNCTION @state@.assert_runner(asked_base_schema text, asked_token bigint) RETURNS boolean
LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'pgstrata: a newer release has taken over base schema "%"', asked_base_schema
    USING ERRCODE = '55000', TABLE = 'runners',
      HINT = 'use the newer release: the same command goes on with what was begun';
END
$body$;
COMMENT ON FUNCTION @state@.assert_runner(text, bigint) IS
  'pgstrata: raises 55000: it is called by releases that know version 4 of this schema or less';

-- FOR SHARE makes the next runner wait for those under way, so nothing under the old token commits after
-- the new one is known; and an upgrade, which locks the table, so what is read then is no older version.
CREATE FUNCTION @state@.assert_runner(asked_base_schema text, asked_token bigint, known_version integer)
RETURNS boolean
LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM FROM @state@.runners AS r
    WHERE r.base_schema OPERATOR(pg_catalog.=) asked_base_schema
      AND r.token OPERATOR(pg_catalog.=) asked_token
    FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'pgstrata: another runner has taken over base schema "%"', asked_base_schema
      USING ERRCODE = '55000', TABLE = 'runners';
  END IF;
  PERFORM FROM @state@.meta AS m WHERE m.version OPERATOR(pg_catalog.>) known_version;
  IF FOUND THEN
    RAISE EXCEPTION 'pgstrata: a newer release has taken over base schema "%"', asked_base_schema
      USING ERRCODE = '55000', TABLE = 'runners',
        HINT = 'use the newer release: the same command goes on with what was begun';
  END IF;
  RETURN true;
END
$body$;
COMMENT ON FUNCTION @state@.assert_runner(text, bigint, integer) IS
  'pgstrata: raises 55000 unless the token is that of the current runner and this schema is no newer than it knows';

-- Called last in every batch, when the statement has its lock on the table: pg_relation_filenode reads
-- the catalog as it is then, not as of the statement's snapshot.
CREATE FUNCTION @state@.assert_batch(
  asked_base_schema text, asked_token bigint, known_version integer, filled oid, filenode oid)
RETURNS boolean
LANGUAGE plpgsql AS $body$
BEGIN
  IF pg_catalog.pg_relation_filenode(filled) OPERATOR(pg_catalog.=) filenode THEN
    RETURN @state@.assert_runner(asked_base_schema, asked_token, known_version);
  END IF;
  RAISE EXCEPTION 'pgstrata: the table was rewritten in mid-backfill'
    USING ERRCODE = '55000', TABLE = 'backfills';
END
$body$;
COMMENT ON FUNCTION @state@.assert_batch(text, bigint, integer, oid, oid) IS
  'pgstrata: raises 55000 unless the runner may go on and the table is the file it was';

-- No foreign key to versions: its check of each row would take as long as writing it.
CREATE TABLE @state@.models (
  base_schema text NOT NULL,
  ordinal integer NOT NULL,
  table_name text COLLATE pg_catalog."C" NOT NULL,
  model json NOT NULL,
  PRIMARY KEY (base_schema, ordinal, table_name)
);
COMMENT ON TABLE @state@.models IS
  'pgstrata: the tables of each version that exists now, by the names it has for them';
COMMENT ON COLUMN @state@.versions.model IS
  'the shape that the documents resulted in, but for its tables: those are in models while the version exists';

-- As versions and the older function: the same owner, and the same rights of others. Default privileges
-- are not for the journal.
DO $body$
DECLARE
  held record;
BEGIN
  SELECT quote_ident(pg_get_userbyid(v.relowner)) AS owner, v.relowner <> m.relowner AS another INTO held
  FROM pg_class AS v, pg_class AS m
  WHERE v.oid = $name$@state@.versions$name$::regclass AND m.oid = $name$@state@.models$name$::regclass;
  IF held.another THEN
    EXECUTE $sql$ALTER TABLE @state@.models OWNER TO $sql$ || held.owner;
    EXECUTE $sql$ALTER FUNCTION @state@.assert_runner(text, bigint, integer) OWNER TO $sql$ || held.owner;
    EXECUTE $sql$ALTER FUNCTION @state@.assert_batch(text, bigint, integer, oid, oid) OWNER TO $sql$ || held.owner;
  END IF;
  FOR held IN
    SELECT c.relname, p.privilege_type AS privilege,
           CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(p.grantee)) END AS role
    FROM pg_class AS c, aclexplode(c.relacl) AS p
    WHERE c.oid IN ($name$@state@.models$name$::regclass, $name$@state@.versions$name$::regclass)
      AND p.grantee <> c.relowner
    ORDER BY c.relname
  LOOP
    EXECUTE CASE held.relname WHEN 'models' THEN $sql$REVOKE ALL ON @state@.models FROM $sql$
                 ELSE 'GRANT ' || held.privilege || $sql$ ON @state@.models TO $sql$ END || held.role;
  END LOOP;
  FOR held IN
    SELECT CASE p.pronargs WHEN 2 THEN 'GRANT' ELSE 'REVOKE' END AS change,
           CASE p.pronargs WHEN 2 THEN ' TO ' ELSE ' FROM ' END ||
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role
    FROM pg_proc AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
    WHERE p.oid IN ($name$@state@.assert_runner(text, bigint)$name$::regprocedure,
                    $name$@state@.assert_runner(text, bigint, integer)$name$::regprocedure)
      AND a.grantee <> p.proowner
    ORDER BY p.pronargs DESC
  LOOP
    EXECUTE held.change || $sql$ EXECUTE ON FUNCTION @state@.assert_runner(text, bigint, integer),
      @state@.assert_batch(text, bigint, integer, oid, oid)$sql$ || held.role;
  END LOOP;
END
$body$;

-- A run that is not over may have the models of what stays whole.
UPDATE @state@.runs AS r SET detail = json_build_object('survivors', (
  SELECT json_agg(CASE WHEN s ->> 'model' IS NULL THEN s ELSE json_build_object(
      'ordinal', s -> 'ordinal',
      'head', (SELECT json_object_agg(key, value)::text FROM json_each((s ->> 'model')::json) WHERE key <> 'tables'),
      'tables', coalesce((s ->> 'model')::json -> 'tables', '{}'),
      'gone', (SELECT coalesce(json_agg(was.key), '[]') FROM json_each(v.model -> 'tables') AS was
               WHERE (s ->> 'model')::json -> 'tables' -> was.key IS NULL)) END)
  FROM json_array_elements(r.detail -> 'survivors') AS s
  JOIN @state@.versions AS v ON v.base_schema = r.base_schema AND v.ordinal = (s ->> 'ordinal')::integer))
WHERE r.status = 'running' AND json_array_length(r.detail -> 'survivors') > 0;

INSERT INTO @state@.models (base_schema, ordinal, table_name, model)
  SELECT v.base_schema, v.ordinal, t.key, t.value
  FROM @state@.versions AS v, json_each(v.model -> 'tables') AS t
  WHERE v.status NOT IN ('retired', 'rolled_back');
UPDATE @state@.versions SET model =
  (SELECT json_object_agg(key, value) FROM json_each(model) WHERE key <> 'tables')
WHERE model -> 'tables' IS NOT NULL;
