"""Triggers of users that are made and changed while a migration is in flight, and writers through a whole life."""
import random
import threading

import psycopg2
import pytest

from rig.usertriggers import (CAP, CAPITALS, CHANGED, COUNT, DERIVE, FIRE, LATER, LOOKED, OPERATIONS, SAW, SKIP, TABLES,
                              in_step, one, triggers)


# --- changed by hand while a migration is in flight ----------------------------------------------------

def test_a_trigger_made_in_flight_is_told_and_taken_in_by_the_next_command(stack, cli):
    db = stack(TABLES)
    cli.start("v2", OPERATIONS, *LOOKED)
    assert "trigger" not in cli.run("status").out
    db.execute("SET search_path = public;" + CAP + SAW)
    said = cli.run("status").out
    assert 'trigger "m_cap"' in said and 'trigger "saw"' in said and "verify" in said
    cli.start("v3", CAPITALS, *FIRE)
    assert "was made while" not in cli.run("status").out
    db.write("v3", "UPDATE t SET a = 'N90' WHERE id = 1")
    assert [one(db, v)[0] for v in ("v1", "v2", "v3")] == [80, "n80", "N80"]
    made = triggers(db)
    cli.rollback("v3")
    assert "was made while" not in cli.run("status").out
    db.write("v2", "UPDATE t SET a = 'n95' WHERE id = 1")
    assert [one(db, v)[0] for v in ("v1", "v2")] == [80, "n80"]
    db.execute('SET search_path = public;' + CAP.replace("m_cap", '"über"'))
    assert "über" in cli.run("status").out
    cli.rollback("v2")
    assert set(triggers(db)) == set(made) | {"über"}
    assert db.columns("base", "t") == ["id", "a", "b", "c", "note"]


def test_a_trigger_made_in_flight_on_a_table_that_the_next_version_leaves_alone(stack, cli):
    db = stack(TABLES + "CREATE TABLE other (id int PRIMARY KEY);")
    cli.start("v2", OPERATIONS, *LOOKED)
    db.execute("SET search_path = public;" + CAP)
    cli.start("v3", [{"add_column": {"table": "other", "column": {"name": "x", "type": "int", "nullable": True}}}], *LOOKED)
    db.write("v2", "UPDATE t SET a = 'n90' WHERE id = 1")
    assert [one(db, v)[0] for v in ("v1", "v2", "v3")] == [80, "n80", "n80"]
    cli.complete("v1")
    assert triggers(db, ours=True) == {} and set(triggers(db)) == {"m_cap"}
    assert db.columns("base", "t") == ["id", "c", "note", "a", "b"]


@pytest.mark.parametrize("command", ["complete", "rollback"])
def test_what_is_done_to_a_trigger_in_flight_stays_done(flight, cli, command):
    db = flight(TABLES + CAP + SAW + CHANGED, OPERATIONS, *FIRE)
    db.execute("SET search_path = public; ALTER TABLE t DISABLE TRIGGER saw; COMMENT ON TRIGGER saw ON t IS 'off';"
               "DROP TRIGGER changed ON t; CREATE OR REPLACE TRIGGER m_cap BEFORE UPDATE OF note, a ON t FOR EACH ROW"
               " EXECUTE FUNCTION cap();"
               "CREATE TRIGGER fresh AFTER UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION saw()")
    getattr(cli, command)()
    left = triggers(db)
    assert set(left) == {"saw", "m_cap", "fresh"}
    assert left["saw"][1:] == ["D", "off"]
    assert "BEFORE UPDATE OF note, a ON public.t" in left["m_cap"][0]
    assert "AFTER UPDATE OF a ON public.t" in left["fresh"][0]


def test_a_trigger_that_changes_under_a_command_stops_it_until_it_is_put_back(flight, cli):
    db = flight(TABLES + SAW, OPERATIONS, *LOOKED)
    before = db.value("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'saw'", path="pg_catalog")
    cli.complete("--kill-after-step", 1, expect=-9)
    db.execute("CREATE OR REPLACE TRIGGER saw AFTER UPDATE OF a, note ON public.t FOR EACH ROW EXECUTE FUNCTION saw()")
    stopped = cli.complete(expect=4)
    assert '"saw"' in stopped.err and before in stopped.err
    assert "UPDATE OF a, note ON" in triggers(db)["saw"][0]
    db.execute(before.replace("CREATE", "CREATE OR REPLACE", 1))
    db.execute("ALTER TABLE public.t DISABLE TRIGGER saw")
    cli.complete()
    assert triggers(db)["saw"][1] == "D" and "UPDATE OF a ON" in triggers(db)["saw"][0]


def test_a_completion_that_a_new_trigger_stands_in_the_way_of_is_refused_before_it_begins(flight, cli):
    db = flight(TABLES, [{"drop_column": {"table": "t", "column": "a"}}], *LOOKED)
    db.execute("SET search_path = public;" + SAW)
    refused = cli.complete(expect=4)
    assert '"saw"' in refused.err and "OF list" in refused.err
    db.execute("DROP TRIGGER saw ON public.t")
    cli.complete()


def test_a_disabled_sync_trigger_is_told(flight, cli):
    db = flight(TABLES + CAP, OPERATIONS, *FIRE)
    ours = next(iter(triggers(db, ours=True)))
    db.execute(f'ALTER TABLE public.t DISABLE TRIGGER "{ours}"')
    assert "was disabled" in cli.run("status").out


# --- under load ----------------------------------------------------------------------------------------

class Writer(threading.Thread):
    def __init__(self, db, version, seed):
        super().__init__(daemon=True)
        self.db, self.version, self.rng = db, version, random.Random(seed)
        self.connection = db.connect(db.version_schema(version))
        self.done, self.errors, self.stopping = 0, [], threading.Event()

    def statement(self):
        rng, a, b = self.rng, self.rng.randrange(120), self.rng.randrange(9)
        a, b = (f"'n{a}'", b * 10) if self.version == "new" else (a, b)
        return rng.choice([f"UPDATE t SET a = {a} WHERE id = {rng.randrange(1, 301)}",
                           f"UPDATE t SET b = {b} WHERE id = {rng.randrange(1, 301)}",
                           f"UPDATE t SET note = 'w{b}' WHERE id = {rng.randrange(1, 301)}",
                           f"INSERT INTO t (id, a, b) VALUES ({rng.randrange(301, 600)}, {a}, {b})"
                           f" ON CONFLICT (id) DO UPDATE SET a = EXCLUDED.a"])

    def run(self):
        while not self.stopping.is_set():
            try:
                with self.connection.cursor() as cursor:
                    cursor.execute(self.statement())
                self.done += 1
            except psycopg2.Error as error:
                self.errors.append(error)
            self.stopping.wait(0.002)

    def stop(self):
        self.stopping.set()
        self.join()
        return [e for e in self.errors if e.pgcode not in ("P0066", "42P01")]


def begun(writers):
    for writer in writers:
        writer.start()
    return writers


def test_writers_on_both_versions_through_a_whole_life(db, cli, unchanged):
    db.tables(TABLES + CAP + SKIP + DERIVE + COUNT + SAW + LATER)
    unchanged.mark()
    for ending in ("rollback", "complete"):
        old = begun([Writer(db, "base", seed) for seed in (1, 2)])
        cli.start("new", OPERATIONS, *FIRE)
        new = begun([Writer(db, "new", seed) for seed in (3, 4)])
        threading.Event().wait(1.5)
        assert [e for writer in old for e in writer.stop()] == []
        for version in ("baseline", "new"):
            assert db.rows(version, "SELECT count(*) FROM t WHERE "
                           + ("a > 80" if version == "baseline" else "substr(a, 2)::int > 80")) == [(0,)]
        if ending == "rollback":
            assert [e for writer in new for e in writer.stop()] == []
            in_step(db)
            cli.rollback()
            unchanged.check(schemas=False)
    db.execute("CREATE OR REPLACE FUNCTION derive() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    cli.complete()
    assert [e for writer in new for e in writer.stop()] == []
    assert all(writer.done > 20 for writer in new)
    assert db.columns("base", "t") == ["id", "c", "note", "a", "b"]
