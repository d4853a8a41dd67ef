"""What somebody changes by hand while a migration is in flight is kept or named, never lost (laws 9, 11)."""
import contextlib
import re

import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.cli import STATE

TABLES = """
CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 3 CONSTRAINT a_small CHECK (a < 99), b int, d int NOT NULL,
  v varchar(9) DEFAULT 'x', e int DEFAULT 1, UNIQUE (b));
CREATE INDEX t_a ON t (a); CREATE INDEX t_sum ON t ((a + d)); COMMENT ON COLUMN t.a IS 'said';
INSERT INTO t VALUES (1, 1, 1, 1);
"""
WIDEN = [{"alter_column": {"table": "t", "column": c, "type": "bigint"}} for c in ("a", "d")]
MORE = [{"alter_column": {"table": "t", "column": "v", "type": "text"}},
        {"rename_column": {"table": "t", "from": "b", "to": "b2"}},
        {"create_index": {"table": "t", "name": "later", "columns": ["b2"]}},
        {"alter_column": {"table": "t", "column": "e", "default": "2", "comment": "new"}}]

LOST = {
    "a check": ("ADD CONSTRAINT by_hand CHECK (a > 0)", "DROP CONSTRAINT by_hand", "by_hand"),
    "a foreign key": ("ADD CONSTRAINT by_hand FOREIGN KEY (a) REFERENCES p", "DROP CONSTRAINT by_hand", "by_hand"),
    "a unique key over another column too": ("ADD CONSTRAINT by_hand UNIQUE (b, a)", "DROP CONSTRAINT by_hand", "by_hand"),
    "an index": ("; CREATE INDEX by_hand ON t (b) WHERE a > 0", "; DROP INDEX by_hand", "by_hand"),
    "extended statistics": ("; CREATE STATISTICS by_hand ON a, b FROM t", "; DROP STATISTICS by_hand", "by_hand"),
    "a default": ("ALTER a SET DEFAULT 9", "ALTER a SET DEFAULT 3", "default"),
    "the loss of a default": ("ALTER a DROP DEFAULT", "ALTER a SET DEFAULT 3", "default"),
    "NOT NULL": ("ALTER a SET NOT NULL", "ALTER a DROP NOT NULL", "NOT NULL"),
    "the loss of NOT NULL": ("ALTER d DROP NOT NULL", "ALTER d SET NOT NULL", "NOT NULL"),
    "a comment": ("; COMMENT ON COLUMN t.a IS 'other'", "; COMMENT ON COLUMN t.a IS 'said'", "comment"),
    "a column grant": ("; GRANT SELECT (a) ON t TO postgres", "; REVOKE SELECT (a) ON t FROM postgres", "privileges"),
    "a statistics target": ("ALTER a SET STATISTICS 77", "ALTER a SET STATISTICS -1", "statistics"),
    "a default that the new version changes too": ("ALTER e SET DEFAULT 9", "ALTER e SET DEFAULT 1", "default"),
    "a comment that the new version changes too": ("; COMMENT ON COLUMN t.e IS 'other'", "; COMMENT ON COLUMN t.e IS NULL", "comment"),
    "the loss of a check": ("DROP CONSTRAINT a_small", "ADD CONSTRAINT a_small CHECK (a < 99)", "a_small"),
    "the loss of an index": ("; DROP INDEX t_a", "; CREATE INDEX t_a ON t (a)", "t_a"),
    "a comment on an index": ("; COMMENT ON INDEX t_a IS 'x'", "; COMMENT ON INDEX t_a IS NULL", "t_a"),
    "a comment on a check": ("; COMMENT ON CONSTRAINT a_small ON t IS 'x'", "; COMMENT ON CONSTRAINT a_small ON t IS NULL", "a_small"),
    "storage parameters of an index": ("; ALTER INDEX t_a SET (fillfactor = 50)", "; ALTER INDEX t_a RESET (fillfactor)", "t_a"),
    "the mark of CLUSTER": ("; CLUSTER t USING t_a", "SET WITHOUT CLUSTER", "t_a"),
    "a statistics target of an index": ("; ALTER INDEX t_sum ALTER COLUMN 1 SET STATISTICS 7", "; ALTER INDEX t_sum ALTER COLUMN 1 SET STATISTICS -1", "t_sum"),
    "a column that has the name another one takes": ("ADD b2 int", "DROP b2", "b2"),
    "the loss of what the new version brought": ("; DROP INDEX later", "; CREATE INDEX later ON t (b)", "later"),
}


def alter(db, statements):
    db.execute("SET search_path = public; " + (statements[2:] if statements.startswith(";") else f"ALTER TABLE t {statements}"))


@pytest.mark.parametrize("what", LOST)
def test_what_a_completion_would_lose_is_named_and_nothing_done(db, cli, unchanged, what):
    change, back, word = LOST[what]
    db.tables(TABLES)
    cli.start("new", WIDEN + MORE)
    alter(db, change)
    unchanged.mark()
    error = cli.complete(expect=STATE).err
    assert word in error and ("by hand" in error or "was added" in error), error
    unchanged.check()
    alter(db, back)
    cli.complete()


COPIED = {
    "the tablespace of an index": ("ALTER INDEX t_a SET TABLESPACE apart", "ALTER INDEX {} SET TABLESPACE apart",
                                   "SELECT reltablespace <> 0 FROM pg_class WHERE relname = 't_a'"),
    "the proof of a check": ("ALTER TABLE t VALIDATE CONSTRAINT later", "ALTER TABLE t VALIDATE CONSTRAINT {}",
                             "SELECT convalidated FROM pg_constraint WHERE conname = 'later'"),
    "the proof of a foreign key": ("ALTER TABLE t VALIDATE CONSTRAINT t_p", "ALTER TABLE t VALIDATE CONSTRAINT {}",
                                   "SELECT convalidated FROM pg_constraint WHERE conname = 't_p'"),
}


@pytest.mark.parametrize("what", COPIED)
def test_what_the_copy_can_be_given_too_is_asked_for(db, cli, unchanged, what):
    change, too, kept = COPIED[what]
    with contextlib.suppress(psycopg2.errors.DuplicateObject), contextlib.closing(db.connect(role="postgres")) as connection:
        cursor = connection.cursor()
        cursor.execute("SET allow_in_place_tablespaces = on")
        cursor.execute("CREATE TABLESPACE apart OWNER owner LOCATION ''")
    db.tables(TABLES + "ALTER TABLE t ADD CONSTRAINT later CHECK (a < 50) NOT VALID, ADD CONSTRAINT t_p FOREIGN KEY (a) REFERENCES p NOT VALID")
    cli.start("new", WIDEN)
    alter(db, "; " + change)
    unchanged.mark()
    error = cli.complete(expect=STATE).err
    assert "by hand" in error, error
    unchanged.check()
    copy = re.search(r'(?:INDEX|CONSTRAINT) (\w+) .*too', error)[1]
    alter(db, "; " + too.format(copy))
    cli.complete()
    assert db.value(kept)


@pytest.mark.parametrize("what", [w for w in LOST if "brought" not in w and "takes" not in w])
def test_what_was_changed_by_hand_outlives_a_rollback(db, cli, what):
    db.tables(TABLES)
    alter(db, LOST[what][0])
    changed = fingerprint(db)
    alter(db, LOST[what][1])
    cli.start("new", WIDEN + MORE)
    alter(db, LOST[what][0])
    cli.rollback()
    assert fingerprint(db) == changed


KEPT = ["ALTER TABLE t ADD CONSTRAINT by_hand CHECK (b > 0)", "CREATE INDEX by_hand ON t (b)", "ALTER TABLE t ADD x int",
        "ALTER TABLE t ALTER b SET DEFAULT 4", "COMMENT ON COLUMN t.b IS 'b'", "GRANT SELECT ON t TO postgres"]


@pytest.mark.parametrize("statement", KEPT)
def test_what_is_not_in_a_completions_way_stays(db, cli, statement):
    db.tables(TABLES)
    cli.start("new", WIDEN)
    db.execute(f"SET search_path = public; {statement}")
    cli.complete()
    completed = fingerprint(db)
    db.execute("DROP SCHEMA public_new CASCADE; DROP TABLE public.t, public.p; DROP SCHEMA pgstrata CASCADE;"
               "DROP SCHEMA pgstrata_public CASCADE")
    db.tables(TABLES)
    db.execute("SET search_path = public; ALTER TABLE t ALTER a TYPE bigint, ALTER d TYPE bigint;" + statement)
    assert completed == fingerprint(db)


@pytest.mark.parametrize("change, word", [(LOST["a check"][0], "by_hand"), (LOST["a default"][0], "default")])
def test_a_start_on_top_names_what_its_own_completion_would_lose(db, cli, unchanged, change, word):
    db.tables(TABLES)
    cli.start("one", [{"add_column": {"table": "t", "column": {"name": "n", "type": "int", "nullable": True}}}])
    alter(db, change)
    unchanged.mark()
    assert word in cli.start("two", WIDEN, expect=STATE).err
    assert word in cli.plan("two", WIDEN, expect=STATE).err
    unchanged.check()


def test_what_was_added_to_a_column_that_a_rollback_takes_is_said(db, cli):
    db.tables(TABLES)
    cli.start("new", WIDEN)
    db.execute("CREATE INDEX by_hand ON t (_a_2)")
    assert "by_hand" in cli.rollback().text


DROPS = [{"drop_table": {"name": "gone"}}, {"drop_index": {"name": "gone_u"}},
         {"alter_column": {"table": "t", "column": "a", "type": "bigint"}},
         {"create_table": {"name": "made", "columns": [{"name": "id", "type": "int", "pk": True}]}}]
GONE = TABLES + "CREATE TABLE gone (id int PRIMARY KEY, n serial); CREATE UNIQUE INDEX gone_u ON t (d);"
OTHER = "CREATE SCHEMA other; CREATE TABLE other.mine (x int);"

IN_THE_WAY = {
    "a foreign key to a table that goes": ("complete", "ALTER TABLE other.mine ADD CONSTRAINT by_hand FOREIGN KEY (x) REFERENCES gone"),
    "a foreign key on an index that goes": ("complete", "ALTER TABLE other.mine ADD CONSTRAINT by_hand FOREIGN KEY (x) REFERENCES t (d)"),
    "a view on a table that goes": ("complete", "CREATE VIEW other.by_hand AS SELECT id FROM gone"),
    "a column of its row type": ("complete", "ALTER TABLE other.mine ADD by_hand gone"),
    "a view on a column that goes": ("complete", "CREATE VIEW other.by_hand AS SELECT a FROM t"),
    "such a view in a version schema": ("complete", "CREATE VIEW public_new.by_hand AS SELECT a FROM t"),
    "a policy that reads it": ("complete", "CREATE POLICY by_hand ON t USING (a > 0)"),
    "a trigger that reads a twin": ("rollback", "CREATE FUNCTION other.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                                    "CREATE TRIGGER by_hand AFTER UPDATE ON t FOR EACH ROW WHEN (NEW._a_2 IS NOT NULL) EXECUTE FUNCTION other.f()"),
    "a generated column of it": ("complete", "ALTER TABLE t ADD by_hand int GENERATED ALWAYS AS (a + 1) STORED"),
    "a view on a version's view": ("complete", "CREATE VIEW other.by_hand AS SELECT a FROM public_baseline.t"),
    "a function of its rows": ("complete", "CREATE FUNCTION other.by_hand(public_baseline.t) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    "a table in its schema": ("complete", "CREATE TABLE public_baseline.by_hand (x int)"),
    "a function in its schema": ("complete", "CREATE FUNCTION public_baseline.by_hand() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    "a view on a twin": ("rollback", "CREATE VIEW other.by_hand AS SELECT _a_2 FROM t"),
    "a foreign key to the new table": ("rollback", "ALTER TABLE other.mine ADD CONSTRAINT by_hand FOREIGN KEY (x) REFERENCES made"),
    "a default by a sequence that goes": ("complete", "ALTER TABLE other.mine ADD by_hand int DEFAULT nextval('gone_n_seq')"),
    "a domain in the new schema": ("rollback", "CREATE DOMAIN public_new.by_hand AS int"),
}


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_others_hung_on_what_goes_is_named_before_the_first_step(db, cli, unchanged, what):
    command, statements = IN_THE_WAY[what]
    db.tables(GONE)
    db.execute(OTHER)
    cli.start("new", DROPS)
    before = fingerprint(db)
    db.execute(f"SET search_path = public; {statements}")
    unchanged.mark()
    error = cli.run(command, expect=STATE).err
    assert "by_hand" in error, error
    unchanged.check()
    assert cli.status()["unfinished"] is None
    db.execute("DROP SCHEMA other CASCADE; DROP POLICY IF EXISTS by_hand ON public.t;"
               "ALTER TABLE public.t DROP COLUMN IF EXISTS by_hand; DROP VIEW IF EXISTS public_new.by_hand;"
               "DROP TABLE IF EXISTS public_baseline.by_hand; DROP FUNCTION IF EXISTS public_baseline.by_hand();"
               "DROP DOMAIN IF EXISTS public_new.by_hand")
    assert fingerprint(db) == before
    cli.run(command)


def test_nobody_is_blamed_for_what_a_sql_migration_did(db, cli):
    """Its version's model says how the base table is, whatever the versions below were recorded as."""
    db.tables(TABLES + "CREATE TYPE mood AS ENUM ('sad'); ALTER TABLE t ADD m mood;")
    cli.start("sql", [{"sql": {"up": "ALTER TABLE t ALTER a SET DEFAULT 7, ALTER b SET NOT NULL;"
                                     "COMMENT ON COLUMN t.a IS 'other'; ALTER TYPE mood RENAME TO temper"}}])
    cli.start("new", WIDEN + [{"alter_column": {"table": "t", "column": "b", "type": "bigint"}}])
    cli.complete("baseline")
    cli.complete()
    db.execute("INSERT INTO t (id, b, d) VALUES (2, 2, 2)", path="public_new")
    assert db.value("SELECT a FROM t WHERE id = 2", path="public_new") == 7


def test_grants_that_were_there_stand_in_no_completions_way(db, cli):
    db.execute("DO $$ BEGIN CREATE ROLE deputy LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$", role="postgres")
    db.execute("GRANT owner TO deputy; GRANT CREATE ON DATABASE " + db.name + " TO deputy", role="postgres")
    db.tables(TABLES + "GRANT SELECT (a) ON t TO deputy WITH GRANT OPTION; GRANT SELECT (a) ON t TO app WITH GRANT OPTION")
    db.execute("GRANT SELECT (a) ON public.t TO app", role="deputy")  # once more, by another grantor
    db.execute("GRANT ALL ON SCHEMA public TO deputy", role="postgres")
    cli.options = ["--url", db.url("deputy")]
    cli.start("new", WIDEN)
    cli.complete()
    held = db.execute("SELECT grantee::regrole::text, privilege_type, is_grantable FROM pg_attribute,"
                      " aclexplode(attacl) WHERE attrelid = 't'::regclass AND attname = 'a' ORDER BY 1")
    assert held == [("app", "SELECT", True), ("deputy", "SELECT", True)]
    db.execute("REVOKE owner FROM deputy", role="postgres")
