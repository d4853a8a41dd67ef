-- State-schema version 4: what was there before a statement that refuses a transaction, apart from
-- why it failed.

ALTER TABLE @state@.steps ADD COLUMN begun text;
COMMENT ON COLUMN @state@.steps.begun IS
  'before SQL that refuses a transaction was first run: the indexes not valid then, and what it is about';
UPDATE @state@.steps SET begun = pg_catalog.substr(error, 57), error = NULL
  WHERE error LIKE 'begun and not seen to end; indexes not valid before it: {%';
