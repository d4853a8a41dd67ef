CREATE OR REPLACE FUNCTION public_support.sync_insert_accounts()
RETURNS trigger LANGUAGE plpgsql AS $pgstrata$
-- pgstrata: keeps inserted rows in step for versions v1 (1), v2 (2), the last one not yet published
BEGIN
  IF NEW._m OPERATOR(pg_catalog.=) 1 THEN  -- written through v1
    -- accounts.balance: integer → numeric(12,2)
    NEW._balance_2 := public_support.up__balance_2(NEW.balance);
  ELSIF NEW._m IS NULL THEN  -- written to the table itself, in the shape of v1; twins that were given stay
    -- accounts.balance: integer → numeric(12,2)
    NEW._balance_2 := COALESCE(NEW._balance_2, public_support.up__balance_2(NEW.balance));
  ELSIF NEW._m OPERATOR(pg_catalog.>) 0 THEN
    RAISE EXCEPTION 'a row of table % arrives from version number %, which is not live',
        'public.accounts', NEW._m
      USING ERRCODE = '55000', HINT = 'Live versions: v1. Set search_path to one of them.';
  ELSE  -- -n: a moved or restored row, in shape up to version n
    IF NEW._m OPERATOR(pg_catalog.>) -2 THEN
      -- accounts.balance: integer → numeric(12,2)
      NEW._balance_2 := public_support.up__balance_2(NEW.balance);
    END IF;
  END IF;
  NEW._m := (-2)::smallint;
  RETURN NEW;
END
$pgstrata$;
COMMENT ON FUNCTION public_support.sync_insert_accounts() IS 'pgstrata: keeps inserted rows in step for versions v1 (1), v2 (2), the last one not yet published';
GRANT EXECUTE ON FUNCTION public_support.sync_insert_accounts() TO PUBLIC;
CREATE OR REPLACE FUNCTION public_support.sync_update_accounts()
RETURNS trigger LANGUAGE plpgsql AS $pgstrata$
-- pgstrata: keeps updated rows in step for versions v1 (1), v2 (2), the last one not yet published
BEGIN
  -- v2 is being filled: rows not yet in its shape, and changed inputs
  -- accounts.balance: integer → numeric(12,2)
  NEW._balance_2 := public_support.up__balance_2(NEW.balance);
  NEW._m := (-2)::smallint;
  RETURN NEW;
END
$pgstrata$;
COMMENT ON FUNCTION public_support.sync_update_accounts() IS 'pgstrata: keeps updated rows in step for versions v1 (1), v2 (2), the last one not yet published';
GRANT EXECUTE ON FUNCTION public_support.sync_update_accounts() TO PUBLIC;
CREATE OR REPLACE TRIGGER pgstrata_sync_insert
  BEFORE INSERT ON public.accounts
  FOR EACH ROW WHEN (NEW._m IS DISTINCT FROM -2)
  EXECUTE FUNCTION public_support.sync_insert_accounts();
ALTER TABLE public.accounts ENABLE ALWAYS TRIGGER pgstrata_sync_insert;
COMMENT ON TRIGGER pgstrata_sync_insert ON public.accounts IS 'pgstrata: keeps inserted rows in step for versions v1 (1), v2 (2), the last one not yet published';
CREATE OR REPLACE TRIGGER pgstrata_sync_update
  BEFORE UPDATE ON public.accounts
  FOR EACH ROW WHEN (NEW._m IS NOT DISTINCT FROM OLD._m AND (
    OLD._m OPERATOR(pg_catalog.>) -2
    OR NEW.balance IS DISTINCT FROM OLD.balance))
  EXECUTE FUNCTION public_support.sync_update_accounts();
ALTER TABLE public.accounts ENABLE ALWAYS TRIGGER pgstrata_sync_update;
COMMENT ON TRIGGER pgstrata_sync_update ON public.accounts IS 'pgstrata: keeps updated rows in step for versions v1 (1), v2 (2), the last one not yet published';
