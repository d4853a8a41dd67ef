-- pgstrata's own tables, state-schema version 1. "@state@" stands for the quoted schema name.
-- Runs in one transaction; the schema exists. Later versions are upgrades in files of their own.

CREATE TABLE @state@.meta (
  version integer PRIMARY KEY,
  installed_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE @state@.meta IS
  'pgstrata: versions of this schema that were installed; the highest is the current one';

CREATE TABLE @state@.versions (
  base_schema text NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal BETWEEN 1 AND 16383),
  name text NOT NULL,
  schema text NOT NULL,
  status text NOT NULL
    CHECK (status IN ('starting', 'live', 'retiring', 'retired', 'rolling_back', 'rolled_back')),
  kind text NOT NULL,
  documents json NOT NULL,
  model json,
  fingerprint text,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  published_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (base_schema, ordinal)
);
CREATE UNIQUE INDEX versions_name_key ON @state@.versions (base_schema, name)
  WHERE status IN ('starting', 'live', 'retiring', 'rolling_back');
COMMENT ON TABLE @state@.versions IS
  'pgstrata: every version there ever was; those that are starting, live, retiring or rolling back exist now';
COMMENT ON COLUMN @state@.versions.ordinal IS 'number of the version, never used again; its rows carry it negated';
COMMENT ON COLUMN @state@.versions.schema IS 'schema with the views of this version: what applications name in search_path';
COMMENT ON COLUMN @state@.versions.documents IS 'the migrations as applied: name, md5 hash, content';
COMMENT ON COLUMN @state@.versions.model IS 'the shape that the documents resulted in';
COMMENT ON COLUMN @state@.versions.fingerprint IS 'of the base schema''s catalog when published or completed: drift is told from it';

CREATE TABLE @state@.runs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  base_schema text NOT NULL,
  command text NOT NULL,
  ordinal integer NOT NULL,
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'undone')),
  detail json,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  ended_at timestamptz
);
CREATE INDEX runs_base_schema_idx ON @state@.runs (base_schema, id);
COMMENT ON TABLE @state@.runs IS
  'pgstrata: one row per start, complete or rollback; a running one is finished by the same command';

CREATE TABLE @state@.steps (
  run bigint NOT NULL REFERENCES @state@.runs ON DELETE CASCADE,
  sequence integer NOT NULL,
  phase text NOT NULL,
  kind text NOT NULL,
  title text NOT NULL,
  step json NOT NULL,
  done_at timestamptz,
  PRIMARY KEY (run, sequence)
);
COMMENT ON TABLE @state@.steps IS
  'pgstrata: the journal. All steps of a run are written before the first one runs; done_at commits with the step';

CREATE TABLE @state@.backfills (
  run bigint NOT NULL,
  sequence integer NOT NULL,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  filenode bigint NOT NULL,
  pages bigint NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (run, sequence),
  FOREIGN KEY (run, sequence) REFERENCES @state@.steps ON DELETE CASCADE
);
COMMENT ON TABLE @state@.backfills IS
  'pgstrata: one row per table that is or was filled; another filenode than the table''s means it was rewritten, and the pass starts again';

-- Chunks bound the row versions that a cursor leaves behind while an old snapshot keeps them.
CREATE TABLE @state@.backfill_chunks (
  run bigint NOT NULL,
  sequence integer NOT NULL,
  chunk integer NOT NULL,
  next_page bigint NOT NULL,
  end_page bigint NOT NULL,
  filled bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (run, sequence, chunk),
  FOREIGN KEY (run, sequence) REFERENCES @state@.backfills ON DELETE CASCADE
) WITH (fillfactor = 50);
COMMENT ON TABLE @state@.backfill_chunks IS
  'pgstrata: cursors of a backfill. Pages below next_page are done, apart from backfill_leftovers';

CREATE TABLE @state@.backfill_leftovers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run bigint NOT NULL,
  sequence integer NOT NULL,
  first_page bigint NOT NULL,
  end_page bigint NOT NULL,
  FOREIGN KEY (run, sequence) REFERENCES @state@.backfills ON DELETE CASCADE
);
CREATE INDEX backfill_leftovers_run_idx ON @state@.backfill_leftovers (run, sequence);
COMMENT ON TABLE @state@.backfill_leftovers IS
  'pgstrata: page ranges of a backfill with rows that were locked when it came by; visited again at the end';

CREATE TABLE @state@.control (
  base_schema text PRIMARY KEY,
  paused boolean NOT NULL DEFAULT false,
  max_rate double precision CHECK (max_rate >= 0),
  changed_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE @state@.control IS
  'pgstrata: what a running backfill obeys. paused; max_rate in rows/s (0: unlimited, NULL: as the command said)';

CREATE TABLE @state@.runners (
  base_schema text PRIMARY KEY,
  token bigint NOT NULL,
  application text NOT NULL,
  pid integer NOT NULL,
  acquired_at timestamptz NOT NULL
);
COMMENT ON TABLE @state@.runners IS
  'pgstrata: who changed a base schema last. Each runner gets the next token; work under an older one is refused';

-- Called in every journaled transaction. FOR SHARE makes the next runner wait for those under way, so
-- nothing under the old token commits after the new one is known.
CREATE FUNCTION @state@.assert_runner(asked_base_schema text, asked_token bigint) RETURNS boolean
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
  RETURN true;
END
$body$;
COMMENT ON FUNCTION @state@.assert_runner(text, bigint) IS
  'pgstrata: raises 55000 unless the token is that of the current runner';
