CREATE OR REPLACE FUNCTION public_support.sync_insert_accounts()
RETURNS trigger LANGUAGE plpgsql AS $pgstrata$
-- pgstrata: keeps inserted rows in step for versions v2 (2), v4 (4), v7 (7), the last one not yet published
BEGIN
  IF NEW._m OPERATOR(pg_catalog.=) 4 THEN  -- written through v4
    NEW.balance := public_support.down_balance(NEW._balance_4);
    NEW._balance_7 := public_support.up__balance_7(NEW._balance_4);
  ELSIF NEW._m OPERATOR(pg_catalog.=) 2 THEN  -- written through v2
    NEW._balance_4 := public_support.up__balance_4(NEW.balance);
    NEW.full_name := public_support.up_full_name(NEW.first, NEW.last);
    NEW._balance_7 := public_support.up__balance_7(NEW._balance_4);
  ELSIF NEW._m IS NULL THEN  -- written to the table itself, in the shape of v2; twins that were given stay
    NEW._balance_4 := COALESCE(NEW._balance_4, public_support.up__balance_4(NEW.balance));
    NEW.full_name := COALESCE(NEW.full_name, public_support.up_full_name(NEW.first, NEW.last));
    NEW._balance_7 := COALESCE(NEW._balance_7, public_support.up__balance_7(NEW._balance_4));
  ELSIF NEW._m OPERATOR(pg_catalog.>) 0 THEN
    RAISE EXCEPTION 'a row of table % arrives from version number %, which is not live',
        'public.accounts', NEW._m
      USING ERRCODE = '55000', HINT = 'Live versions: v2, v4. Set search_path to one of them.';
  ELSE  -- -n: a moved or restored row, in shape up to version n
    IF NEW._m OPERATOR(pg_catalog.>) -4 THEN
      NEW._balance_4 := public_support.up__balance_4(NEW.balance);
      NEW.full_name := public_support.up_full_name(NEW.first, NEW.last);
    END IF;
    IF NEW._m OPERATOR(pg_catalog.>) -7 THEN
      NEW._balance_7 := public_support.up__balance_7(NEW._balance_4);
    END IF;
  END IF;
  NEW._m := (-7)::smallint;
  RETURN NEW;
END
$pgstrata$;
COMMENT ON FUNCTION public_support.sync_insert_accounts() IS 'pgstrata: keeps inserted rows in step for versions v2 (2), v4 (4), v7 (7), the last one not yet published';
GRANT EXECUTE ON FUNCTION public_support.sync_insert_accounts() TO PUBLIC;
CREATE OR REPLACE FUNCTION public_support.sync_update_accounts()
RETURNS trigger LANGUAGE plpgsql AS $pgstrata$
-- pgstrata: keeps updated rows in step for versions v2 (2), v4 (4), v7 (7), the last one not yet published
DECLARE
  lo integer := 2;
  hi integer := 4;
  path integer;    -- the version that search_path names, if asked
  writer integer;  -- the version this statement was written for
  entry pg_catalog.name;
  down_1 integer; up_1 integer;
BEGIN
  IF ((NEW.first OPERATOR(pg_catalog.=) OLD.first) IS NOT TRUE AND (NEW.first IS NOT NULL OR OLD.first IS NOT NULL) OR (NEW.last OPERATOR(pg_catalog.=) OLD.last) IS NOT TRUE AND (NEW.last IS NOT NULL OR OLD.last IS NOT NULL)) THEN
    -- Who wrote: a version between lo and hi shows every column that was changed.
    IF ((NEW.balance OPERATOR(pg_catalog.=) OLD.balance) IS NOT TRUE AND (NEW.balance IS NOT NULL OR OLD.balance IS NOT NULL)) THEN
      hi := 2;
    END IF;
    IF pg_catalog.record_image_ne(ROW(NEW._balance_4, NEW.full_name), ROW(OLD._balance_4, OLD.full_name)) THEN
      lo := 4;
    END IF;
    -- The changed columns leave it open, and a translation or rule depends on it: ask search_path.
    IF lo OPERATOR(pg_catalog.>) hi
      OR lo OPERATOR(pg_catalog.<) 4 AND hi OPERATOR(pg_catalog.>=) 4 AND ((NEW.first OPERATOR(pg_catalog.=) OLD.first) IS NOT TRUE AND (NEW.first IS NOT NULL OR OLD.first IS NOT NULL) OR (NEW.last OPERATOR(pg_catalog.=) OLD.last) IS NOT TRUE AND (NEW.last IS NOT NULL OR OLD.last IS NOT NULL)) THEN
      path := 2;
      FOREACH entry IN ARRAY pg_catalog.current_schemas(false) LOOP
        EXIT WHEN entry OPERATOR(pg_catalog.=) 'public' OR entry OPERATOR(pg_catalog.=) 'public_v2';
        IF entry OPERATOR(pg_catalog.=) 'public_v4' THEN path := 4; EXIT; END IF;
      END LOOP;
    END IF;
    IF lo OPERATOR(pg_catalog.<=) hi THEN
      writer := LEAST(GREATEST(path, lo), hi);
    ELSE
      -- No version shows them all, so the table itself was written: each lineage by its own
      -- columns; a boundary with changes on both sides is left alone.
      lo := 2; hi := 4;  -- full_name
      IF ((NEW.full_name OPERATOR(pg_catalog.=) OLD.full_name) IS NOT TRUE AND (NEW.full_name IS NOT NULL OR OLD.full_name IS NOT NULL)) THEN
        lo := 4;
      END IF;
      down_1 := LEAST(GREATEST(path, lo), hi);
      up_1 := GREATEST(LEAST(path, hi), lo);
    END IF;
  END IF;
  -- Lineage of balance, _balance_4
  IF pg_catalog.record_image_ne(ROW(NEW._balance_4), ROW(OLD._balance_4)) THEN
    IF NOT ((NEW.balance OPERATOR(pg_catalog.=) OLD.balance) IS NOT TRUE AND (NEW.balance IS NOT NULL OR OLD.balance IS NOT NULL)) THEN  -- else both sides were given
      NEW.balance := public_support.down_balance(NEW._balance_4);
    END IF;
  ELSIF ((NEW.balance OPERATOR(pg_catalog.=) OLD.balance) IS NOT TRUE AND (NEW.balance IS NOT NULL OR OLD.balance IS NOT NULL)) THEN
    NEW._balance_4 := public_support.up__balance_4(NEW.balance);
  END IF;
  IF COALESCE(writer, up_1) OPERATOR(pg_catalog.<) 4 AND ((NEW.first OPERATOR(pg_catalog.=) OLD.first) IS NOT TRUE AND (NEW.first IS NOT NULL OR OLD.first IS NOT NULL) OR (NEW.last OPERATOR(pg_catalog.=) OLD.last) IS NOT TRUE AND (NEW.last IS NOT NULL OR OLD.last IS NOT NULL)) THEN
    NEW.full_name := public_support.up_full_name(NEW.first, NEW.last);
  END IF;
  -- v7 is being filled: rows not yet in its shape, and changed inputs
  IF OLD._m OPERATOR(pg_catalog.>) -7 OR pg_catalog.record_image_ne(ROW(NEW._balance_4), ROW(OLD._balance_4)) THEN
    NEW._balance_7 := public_support.up__balance_7(NEW._balance_4);
  END IF;
  NEW._m := (-7)::smallint;
  RETURN NEW;
END
$pgstrata$;
COMMENT ON FUNCTION public_support.sync_update_accounts() IS 'pgstrata: keeps updated rows in step for versions v2 (2), v4 (4), v7 (7), the last one not yet published';
GRANT EXECUTE ON FUNCTION public_support.sync_update_accounts() TO PUBLIC;
CREATE OR REPLACE TRIGGER pgstrata_sync_insert
  BEFORE INSERT ON public.accounts
  FOR EACH ROW WHEN (NEW._m IS DISTINCT FROM -7)
  EXECUTE FUNCTION public_support.sync_insert_accounts();
ALTER TABLE public.accounts ENABLE ALWAYS TRIGGER pgstrata_sync_insert;
COMMENT ON TRIGGER pgstrata_sync_insert ON public.accounts IS 'pgstrata: keeps inserted rows in step for versions v2 (2), v4 (4), v7 (7), the last one not yet published';
CREATE OR REPLACE TRIGGER pgstrata_sync_update
  BEFORE UPDATE ON public.accounts
  FOR EACH ROW WHEN (NEW._m IS NOT DISTINCT FROM OLD._m AND (
    OLD._m OPERATOR(pg_catalog.>) -7
    OR NEW.balance IS DISTINCT FROM OLD.balance
    OR NEW.first IS DISTINCT FROM OLD.first
    OR NEW.last IS DISTINCT FROM OLD.last
    OR NEW.full_name IS DISTINCT FROM OLD.full_name
    OR pg_catalog.record_image_ne(ROW(NEW._balance_4), ROW(OLD._balance_4))))
  EXECUTE FUNCTION public_support.sync_update_accounts();
ALTER TABLE public.accounts ENABLE ALWAYS TRIGGER pgstrata_sync_update;
COMMENT ON TRIGGER pgstrata_sync_update ON public.accounts IS 'pgstrata: keeps updated rows in step for versions v2 (2), v4 (4), v7 (7), the last one not yet published';
