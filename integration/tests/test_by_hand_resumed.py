"""What somebody changes by hand after a completion was killed is kept, or named by the same command (laws 7, 9, 11)."""
from contextlib import closing

import psycopg2
import pytest

from rig.cli import DATA, DONE, KILLED, STATE
from rig.remains import remains
from rig.waiting import eventually

TABLES = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT t_p REFERENCES p, b int CONSTRAINT b_small CHECK (b < 99),
  c int CONSTRAINT c_key UNIQUE, m varchar(9));
CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (b);
INSERT INTO t (id, b, c) VALUES (1, 1, 1);
"""
STEP = [{"alter_column": {"table": "t", "column": c, "type": "bigint"}} for c in "abc"] + [
    {"alter_column": {"table": "t", "column": "m", "type": "mood", "default": "'sad'", "up": "'glad'", "down": "m::text"}}]

# what is named -> (DDL, how to take it back, where it is if it is kept)
CHANGES = {
    "renamed_a": ("ALTER INDEX t_a RENAME TO renamed_a", "ALTER INDEX renamed_a RENAME TO t_a", "pg_class WHERE relname = 'renamed_a'"),
    "t_b": ("COMMENT ON INDEX t_b IS 'said'", "COMMENT ON INDEX t_b IS NULL", "pg_description WHERE description = 'said'"),
} | {f"renamed_{name}": (f"ALTER TABLE t RENAME CONSTRAINT {name} TO renamed_{name}", f"ALTER TABLE t RENAME CONSTRAINT renamed_{name} TO {name}",
                         f"pg_constraint WHERE conname = 'renamed_{name}'") for name in ("t_p", "b_small", "c_key")}


def by_hand(db, statement):
    db.execute(f"SET search_path = public; {statement}")


def steps_of_completion(db, cli):
    return db.value("SELECT count(*) FROM pgstrata.steps WHERE run = (SELECT max(id) FROM pgstrata.runs)")


def killed(db, cli):
    """A completion killed after each of its steps but the last, one after the other."""
    after, last = 1, 2
    while after < last:
        db.tables(TABLES)
        cli.start("new", STEP)
        cli.complete("--kill-after-step", after, expect=KILLED)
        last = steps_of_completion(db, cli)
        yield
        assert cli.status()["unfinished"] is None and remains(db) == []
        db.execute("DROP SCHEMA public_new CASCADE; DROP TABLE public.t, public.p; DROP TYPE public.mood; DROP SCHEMA pgstrata CASCADE")
        after += 1


def test_names_that_are_given_after_a_kill_are_kept_or_named(db, cli):
    named, kept = set(), set()
    for _ in killed(db, cli):
        made = {}
        for what, (change, back, there) in CHANGES.items():
            try:
                by_hand(db, change)
                made[what] = (back, there)
            except psycopg2.Error:
                pass  # dropped already, and its copy has not its name yet
        while (result := cli.complete(expect=None)).exit == STATE:
            what = next(what for what in made if f'"{what}"' in result.err)
            named.add(what)
            by_hand(db, made.pop(what)[0])
        assert result.exit == DONE, result
        for what, (_, there) in made.items():
            assert db.execute(f"SELECT 1 FROM {there}"), f"{what} was lost"
            kept.add(what)
    assert named == kept == set(CHANGES)


def test_rows_that_make_a_rule_fail_are_data_to_mend(db, cli):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, x int); INSERT INTO t VALUES (1, 2)")
    cli.start("two", [{"alter_column": {"table": "t", "column": "x", "check": {"name": "ck", "constraint": "10 / x > 1"}}}])
    cli.complete("--kill-after-step", 1, expect=KILLED)
    db.execute("INSERT INTO t VALUES (2, 0)")
    assert "division by zero" in cli.complete(expect=DATA).err
    db.execute("DELETE FROM t WHERE id = 2")
    cli.complete()


def test_a_start_whose_undoing_is_stopped_says_what_goes_on_with_it(db, cli):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, x int UNIQUE); INSERT INTO t VALUES (1, 1), (2, 2)")
    db.execute("""CREATE FUNCTION public.no_index() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE schema_name = 'public')
                    THEN RAISE 'no more indexes'; END IF; END $$;
                  CREATE FUNCTION public.no_drop() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF EXISTS (SELECT FROM pg_event_trigger_dropped_objects() WHERE object_type = 'table column')
                    THEN RAISE 'columns are kept'; END IF; END $$;
                  CREATE EVENT TRIGGER no_index ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION public.no_index();
                  CREATE EVENT TRIGGER no_drop ON sql_drop EXECUTE FUNCTION public.no_drop()""", role="postgres")
    wider = [{"alter_column": {"table": "t", "column": "x", "type": "bigint"}}]
    result = cli.start("two", wider, expect=STATE)
    assert "columns are kept" in result.err and "then run `pgstrata rollback two`, which" in result.err and "no more indexes" in result.err
    db.execute("DROP EVENT TRIGGER no_drop; DROP EVENT TRIGGER no_index", role="postgres")
    assert "rollback" in cli.start("two", wider, expect=STATE).err
    cli.rollback("two")
    cli.start("two", wider)
    cli.complete()
    assert remains(db) == []


def test_a_killed_baseline_says_what_was_taken_from_under_it(db, cli):
    db.tables("CREATE TABLE t (id int); CREATE TABLE zz (id int)")
    with closing(db.connect(role="owner", autocommit=False)) as holder:
        holder.cursor().execute("LOCK TABLE t")
        baseline = cli.spawn("baseline", "one")
        eventually(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
        baseline.kill()
        baseline.wait()
        db.execute("DROP TABLE zz")
    result = cli.run("baseline", "one", expect=STATE)
    assert '"public.zz" does not exist' in result.err and "take that change back" in result.err
    db.execute("CREATE TABLE public.zz (id int)")
    cli.run("baseline", "one")


@pytest.mark.parametrize("change, back", [
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "ALTER TYPE mood RENAME VALUE 'blue' TO 'sad'"),
    ("CREATE SCHEMA apart; ALTER TYPE mood SET SCHEMA apart", "ALTER TYPE apart.mood SET SCHEMA public; DROP SCHEMA apart")])
def test_a_value_that_a_default_names_is_put_back(db, cli, change, back):
    db.tables(TABLES)
    cli.start("new", STEP)
    cli.complete("--kill-after-step", 2, expect=KILLED)
    by_hand(db, change)
    result = cli.complete(expect=None)
    if result.exit:
        assert result.exit == STATE and "mood" in result.err and "take that change back" in result.err, result
        by_hand(db, back)
        cli.complete()
    db.execute("INSERT INTO t (id) VALUES (2)", path="public_new")
    assert db.value("SELECT m FROM t WHERE id = 2", path="public_new") in ("sad", "blue")
