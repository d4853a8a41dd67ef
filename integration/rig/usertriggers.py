"""A table with triggers of users, and what the two shapes of it must have in common.

The translations are one to one, so that the versions can be held against each other without knowing who wrote
last: version 2 shows the integer `a` as the text 'n' || a, version 3 in capitals.
"""
TABLES = """
CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int DEFAULT 0, note text);
CREATE TABLE seen (id int, a text, op text);
INSERT INTO t (id, a, b) SELECT g, g % 50, g % 7 FROM generate_series(1, 300) g;
CREATE FUNCTION cap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.a::text ~ '^\\d+$' AND NEW.a::text::int > 80 THEN NEW.a := 80; END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.a::text = OLD.a::text THEN RETURN NEW; END IF;
  IF NEW.a::text = '13' THEN RETURN NULL; END IF;
  IF NEW.a::text = '66' THEN RAISE EXCEPTION 'not 66' USING ERRCODE = 'P0066'; END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION derive() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := NEW.a + 1; RETURN NEW; END $$;
CREATE FUNCTION count_c() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.c := NEW.c + 1; RETURN NEW; END $$;
CREATE FUNCTION saw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.seen VALUES (NEW.id, NEW.a, TG_OP); RETURN NULL; END $$;
GRANT INSERT, SELECT ON seen TO app;
"""
CAP = "CREATE TRIGGER m_cap BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION cap();"
SKIP = "CREATE TRIGGER a_skip BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION skip();"
DERIVE = "CREATE TRIGGER z_derive BEFORE INSERT OR UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION derive();"
COUNT = ("CREATE TRIGGER counted BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.note IS DISTINCT FROM NEW.note)"
         " EXECUTE FUNCTION count_c();")
SAW = "CREATE TRIGGER saw AFTER INSERT OR UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION saw();"
LATER = ("CREATE CONSTRAINT TRIGGER later AFTER UPDATE OF b, a ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
         " WHEN (NEW.note IS DISTINCT FROM 'OLD.a') EXECUTE FUNCTION saw();"
         "COMMENT ON TRIGGER later ON t IS 'it''s deferred';")
CHANGED = ("CREATE TRIGGER changed BEFORE UPDATE ON t FOR EACH ROW"
           " WHEN (OLD.a IS DISTINCT FROM NEW.a AND NEW.note IS DISTINCT FROM 'old.a') EXECUTE FUNCTION count_c();")
SETTINGS = "ALTER TABLE t DISABLE TRIGGER saw; COMMENT ON TRIGGER saw ON t IS 'a spy';"
ALTER_A = {"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'n' || a", "down": "substr(a, 2)::int"}}
ALTER_B = {"alter_column": {"table": "t", "column": "b", "type": "bigint", "up": "b * 10::bigint", "down": "(b / 10)::int"}}
OPERATIONS = [ALTER_A, ALTER_B]
CAPITALS = [{"alter_column": {"table": "t", "column": "a", "type": "varchar(20)", "up": "upper(a)", "down": "lower(a)"}}]
LOOKED = ("--accept-functions",)
FIRE = ("--fire-user-triggers", *LOOKED)


def in_step(db):
    """Both versions show each row as the other's translation, and nothing is left between two triggers."""
    old = db.rows("baseline", "SELECT id, 'n' || a, b * 10::bigint, c, note FROM t ORDER BY id")
    new = db.rows("new", "SELECT id, a, b, c, note FROM t ORDER BY id")
    assert old == new
    assert db.value("SELECT count(*) FROM t WHERE _m <> -2 OR _s IS NOT NULL") == 0
    return old


def one(db, version, columns="a", id=1):
    return db.rows(version, f"SELECT {columns} FROM t WHERE id = {id}")[0]


def triggers(db, ours=False):
    """Definition, enabled state and comment by name."""
    rows = db.execute("SELECT tgname, pg_get_triggerdef(oid), tgenabled, obj_description(oid, 'pg_trigger') FROM pg_trigger"
                      " WHERE NOT tgisinternal ORDER BY tgname")
    return {name: rest for name, *rest in rows if ("pgstrata_" in name) == ours}
