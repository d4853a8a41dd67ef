-- State-schema version 2: a step that failed says why, and may be left out.

ALTER TABLE @state@.steps ADD COLUMN error text, ADD COLUMN skipped_at timestamptz;
COMMENT ON COLUMN @state@.steps.error IS 'why SQL of the migration''s own failed when it was last tried';
COMMENT ON COLUMN @state@.steps.skipped_at IS
  'left out at the user''s request (--skip-on-complete, --skip-sql-down) after it had failed: it was not run';
