-- State-schema version 3: how many connections fill, and what a running backfill says of itself, for other terminals.
ALTER TABLE @state@.control ADD COLUMN workers integer CHECK (workers >= 1);
COMMENT ON TABLE @state@.control IS
  'pgstrata: what a running backfill obeys. paused; max_rate in rows/s (0: unlimited, NULL: as the command said); workers (NULL: as the command said)';

ALTER TABLE @state@.backfills
  ADD COLUMN rows_per_second double precision,
  ADD COLUMN workers integer,
  ADD COLUMN throttled text,
  ADD COLUMN reported_at timestamptz;
COMMENT ON COLUMN @state@.backfills.throttled IS
  'why it is slower than it could be, as of reported_at; empty: it is not';

-- Called last in every batch, when the statement has its lock on the table: pg_relation_filenode reads
-- the catalog as it is then, not as of the statement's snapshot.
CREATE FUNCTION @state@.assert_batch(asked_base_schema text, asked_token bigint, filled oid, filenode oid)
RETURNS boolean
LANGUAGE plpgsql AS $body$
BEGIN
  IF pg_catalog.pg_relation_filenode(filled) OPERATOR(pg_catalog.=) filenode THEN
    RETURN @state@.assert_runner(asked_base_schema, asked_token);
  END IF;
  RAISE EXCEPTION 'pgstrata: the table was rewritten in mid-backfill'
    USING ERRCODE = '55000', TABLE = 'backfills';
END
$body$;
COMMENT ON FUNCTION @state@.assert_batch(text, bigint, oid, oid) IS
  'pgstrata: raises 55000 unless the token is that of the current runner and the table is the file it was';
