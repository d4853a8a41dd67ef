-- State-schema version 5: the tables of a version's model are rows of their own. A model of 10,000
-- tables is ten megabytes of JSON, and a command changes a few of them.

-- Runners of an older release, of whichever base schema, would go on to write models where nobody reads
-- them: they are fenced off, and this release finishes what they have begun.
UPDATE @state@.runners SET token = token + 1;

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

-- As versions: the same owner, and the same rights of others. Default privileges are not for the journal.
DO $body$
DECLARE
  held record;
BEGIN
  SELECT quote_ident(pg_get_userbyid(v.relowner)) AS owner, v.relowner <> m.relowner AS another INTO held
  FROM pg_class AS v, pg_class AS m
  WHERE v.oid = $name$@state@.versions$name$::regclass AND m.oid = $name$@state@.models$name$::regclass;
  IF held.another THEN
    EXECUTE $sql$ALTER TABLE @state@.models OWNER TO $sql$ || held.owner;
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
