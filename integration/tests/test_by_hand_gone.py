"""What somebody drops, renames or turns off by hand in flight: named before a completion begins, no bar to a rollback."""
import pytest

from rig.catalog import fingerprint
from rig.cli import DONE, KILLED, STATE
from rig.remains import remains

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 3, b int, gone text, k int NOT NULL);
CREATE UNIQUE INDEX t_k ON t (k);
CREATE TABLE o (id int PRIMARY KEY);
INSERT INTO t VALUES (1, 1, 1, 'x', 1);
"""
STEP = [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}},
        {"alter_column": {"table": "t", "column": "k", "type": "bigint"}},
        {"drop_column": {"table": "t", "column": "gone", "down": "'y'"}},
        {"drop_table": {"name": "o"}}]

# what -> (DDL, a word of the message, how to take it back)
STOPS = {
    "a renamed column of a lineage": ("ALTER TABLE t RENAME a TO z", '"a"', "ALTER TABLE t RENAME z TO a"),
    "a renamed twin": ("ALTER TABLE t RENAME _a_2 TO z", '"_a_2"', "ALTER TABLE t RENAME z TO _a_2"),
    "a renamed shared column": ("ALTER TABLE t RENAME b TO z", '"b"', "ALTER TABLE t RENAME z TO b"),
    "a shared column's name on another column": (
        "ALTER TABLE t RENAME b TO z; ALTER TABLE t ADD b text", '"b"', "ALTER TABLE t DROP b; ALTER TABLE t RENAME z TO b"),
    "a renamed column that goes": ("ALTER TABLE t RENAME gone TO z", '"gone"', "ALTER TABLE t RENAME z TO gone"),
    "a table that goes, moved out of the way": (
        "ALTER TABLE o RENAME TO archive; CREATE TABLE o (x text)", '"o"', "DROP TABLE o; ALTER TABLE archive RENAME TO o"),
    "a replica identity on an index that goes": (
        "ALTER TABLE t REPLICA IDENTITY USING INDEX t_k", "replica identity", "ALTER TABLE t REPLICA IDENTITY DEFAULT"),
    "an inheritance child": (
        "CREATE TABLE child () INHERITS (t)", "inheritance", "ALTER TABLE child NO INHERIT t"),
    "an identity given to a column of a lineage": (
        "ALTER TABLE t ALTER k ADD GENERATED ALWAYS AS IDENTITY", "was made an identity column",
        "ALTER TABLE t ALTER k DROP IDENTITY"),
    "triggers turned off": (
        "ALTER TABLE t DISABLE TRIGGER ALL", "was disabled",
        "ALTER TABLE t ENABLE ALWAYS TRIGGER pgstrata_sync_insert, ENABLE ALWAYS TRIGGER pgstrata_sync_update"),
    "triggers turned off and on": (
        "ALTER TABLE t DISABLE TRIGGER ALL; ALTER TABLE t ENABLE TRIGGER ALL", "was disabled",
        "ALTER TABLE t ENABLE ALWAYS TRIGGER pgstrata_sync_insert, ENABLE ALWAYS TRIGGER pgstrata_sync_update"),
}


def by_hand(db, statements):
    db.execute(f"SET search_path = public; {statements}", role="postgres")


@pytest.mark.parametrize("what", STOPS)
def test_a_completion_names_it_and_does_not_begin(db, cli, unchanged, what):
    change, word, back = STOPS[what]
    db.tables(TABLES)
    cli.start("new", STEP)
    by_hand(db, change)
    unchanged.mark()
    error = cli.complete(expect=STATE).err
    assert word in error, error
    unchanged.check()
    assert cli.versions() == {"baseline": "live", "new": "live"}
    by_hand(db, back)
    cli.complete()


def test_a_dropped_sync_trigger_stops_the_completion_and_the_next_start_but_no_rollback(db, cli, unchanged):
    db.tables(TABLES)
    before = fingerprint(db)
    cli.start("new", STEP)
    by_hand(db, "DROP TRIGGER pgstrata_sync_update ON t")
    unchanged.mark()
    assert "sync trigger" in cli.complete(expect=STATE).err
    assert "sync trigger" in cli.start("newer", [{"rename_column": {"table": "t", "from": "b", "to": "c"}}], expect=STATE).err
    assert any("sync trigger" in note for note in cli.status()["notes"])
    unchanged.check()
    cli.rollback()
    assert fingerprint(db) == before


def test_a_default_that_cannot_be_set_any_more_is_named(db, cli, unchanged):
    db.tables("CREATE FUNCTION seven() RETURNS int LANGUAGE sql AS 'SELECT 7';"
              "CREATE TABLE t (id int, m int DEFAULT seven())")
    cli.start("new", [{"alter_column": {"table": "t", "column": "m", "type": "bigint"}}])
    by_hand(db, "ALTER FUNCTION seven() RENAME TO eight")
    unchanged.mark()
    error = cli.complete(expect=STATE).err
    assert '"m"' in error and "by hand" in error
    unchanged.check()
    by_hand(db, "ALTER FUNCTION eight() RENAME TO seven")
    cli.complete()


def test_a_dropped_version_schema_is_no_bar(db, cli):
    db.tables(TABLES)
    before = fingerprint(db)
    cli.start("new", STEP)
    by_hand(db, "DROP SCHEMA public_new CASCADE")
    assert "public_new" in cli.complete(expect=STATE).err
    cli.rollback()
    assert fingerprint(db) == before
    cli.start("newer", STEP)
    by_hand(db, "DROP SCHEMA public_baseline CASCADE")
    cli.complete()
    assert db.schemas() - {"pgstrata"} == {"public", "public_newer"}


@pytest.mark.parametrize("change", ["DROP SCHEMA public_new CASCADE", "DROP VIEW public_new.t"])
@pytest.mark.parametrize("live", [2, 3])
def test_what_was_dropped_of_a_version_that_stays_is_no_bar_to_a_rollback_and_stays_dropped(db, cli, live, change):
    db.tables(TABLES + "CREATE TABLE beside (id int)")
    cli.start("new", STEP)
    cli.start("newer", [{"alter_column": {"table": "t", "column": "a", "type": "text"}}])
    if live == 2:
        cli.complete("baseline")
    by_hand(db, change)
    assert "view public_new.t of a version that stays is gone" in cli.rollback("newer").err
    assert not db.value("SELECT count(*) FROM pg_views WHERE schemaname = 'public_new' AND viewname = 't'")
    if live == 3 and "SCHEMA" in change:
        assert "roll \"new\" back" in cli.complete(expect=STATE).err
        cli.rollback("new")
    else:
        if live == 3:
            cli.complete()
        assert any('"new"' in note and "gone" in note for note in cli.status()["notes"])
    cli.start("last", [{"add_column": {"table": "beside", "column": {"name": "x", "type": "int", "nullable": True}}}])
    cli.complete()
    assert remains(db) == [] and db.rows("last", "SELECT k FROM t") == [(1,)]


def test_a_dropped_view_below_a_version_that_stays_stops_no_completion(db, cli):
    """What goes is taken out of it first: a default that draws from a sequence is spared there."""
    db.tables("CREATE TABLE t (id int PRIMARY KEY, a serial); INSERT INTO t VALUES (1)")
    cli.start("new", [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}}])
    cli.start("newer", [{"alter_column": {"table": "t", "column": "a", "type": "varchar(99)"}}])
    assert db.value("SELECT count(*) FROM pg_attribute WHERE attrelid = 'pgstrata_public.t_v2'::regclass AND attname LIKE '_old_%'")
    by_hand(db, "DROP VIEW pgstrata_public.t_v2 CASCADE")
    assert "view pgstrata_public.t_v2 of a version that stays is gone" in cli.complete("baseline").err
    cli.complete("new")
    assert db.rows("newer", "SELECT * FROM t") == [(1, "1")] and remains(db) == []


@pytest.mark.parametrize("command", ["rollback", "complete"])
def test_a_command_that_is_refused_makes_no_dropped_schema_again(db, cli, unchanged, command):
    db.tables(TABLES)
    cli.start("new", STEP)
    going = {"rollback": ("new", "_a_2"), "complete": ("baseline", "a")}[command]
    by_hand(db, f"DROP SCHEMA public_{going[0]} CASCADE; CREATE VIEW mine AS SELECT {going[1]} FROM t")
    unchanged.mark()
    assert "view public.mine" in cli.run(command, expect=STATE).err
    unchanged.check()
    by_hand(db, "DROP VIEW mine")
    cli.run(command)


@pytest.mark.parametrize("live", [1, 2])
def test_views_that_were_dropped_are_named(db, cli, live):
    db.tables(TABLES)
    cli.run("baseline", "baseline")
    if live == 2:
        cli.start("new", STEP)
    assert not any("gone" in note for note in cli.status()["notes"])
    by_hand(db, "DROP VIEW public_baseline.o")
    said = 'view "o" of version "baseline" is gone'
    assert any(said in note for note in cli.status()["notes"])
    assert any(said in note for note in cli.run("verify", "--json").json["notes"])
    by_hand(db, "DROP VIEW public_baseline.t")
    assert any('"o" and 1 more of version "baseline" are gone' in note for note in cli.status()["notes"])


@pytest.mark.parametrize("command, version", [("complete", "newer"), ("rollback", "new")])
def test_a_renamed_view_of_a_version_that_stays_is_named_before_anything_goes(db, cli, unchanged, command, version):
    """The view below it goes, as nothing is translated any more."""
    db.tables(TABLES)
    cli.start("new", STEP)
    cli.start("newer", [{"alter_column": {"table": "t", "column": "a", "type": "text"}}])
    cli.complete("baseline")
    by_hand(db, f"ALTER VIEW public_{version}.t RENAME TO z")
    unchanged.mark()
    refused = cli.run(command, expect=STATE).err
    assert f"view public_{version}.z depends on view pgstrata_public." in refused and "give it its name back" in refused
    unchanged.check()
    by_hand(db, f"ALTER VIEW public_{version}.z RENAME TO t")
    cli.run(command)


def test_a_column_that_older_versions_count_on_is_named_before_a_rollback_begins(db, cli, unchanged):
    db.tables(TABLES)
    cli.start("new", STEP)
    cli.start("newer", [{"alter_column": {"table": "t", "column": "a", "type": "text"}}])
    by_hand(db, "ALTER TABLE t DROP a CASCADE")
    unchanged.mark()
    refused = cli.rollback("newer", expect=STATE).err
    assert 'column "a" of table "t" is gone' in refused and "put it back (integer)" in refused
    unchanged.check()
    by_hand(db, "ALTER TABLE t ADD a int DEFAULT 3")
    cli.rollback("newer")
    cli.rollback("new")


def test_a_table_that_was_dropped_is_no_bar_to_a_rollback(db, cli):
    db.tables(TABLES)
    cli.start("new", STEP)
    by_hand(db, "DROP TABLE t CASCADE")
    assert '"t"' in cli.complete(expect=STATE).err
    assert '"t" is gone' in cli.rollback().err
    assert cli.versions()["baseline"] == "live"
    assert db.support_objects() == set()
    cli.start("other", [{"rename_table": {"from": "o", "to": "p"}}])
    cli.complete()
    assert db.rows("other", "SELECT count(*) FROM p") == [(0,)]


@pytest.mark.parametrize("change", ["ALTER TABLE t RENAME added TO kept", "ALTER TABLE t DROP added CASCADE"])
def test_an_added_column_that_is_not_to_be_found_is_named_by_the_rollback(db, cli, change):
    db.tables(TABLES)
    cli.start("new", [{"add_column": {"table": "t", "column": {"name": "added", "type": "int", "nullable": True}}}])
    by_hand(db, change)
    assert 'column "added" of table "t" is gone' in cli.rollback().err
    assert db.value("SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 4"
                    " AND NOT attisdropped", path="public") in ("k", "k kept")


def test_a_referenced_table_that_was_dropped_is_no_bar_to_a_rollback(db, cli):
    db.tables(TABLES + "ALTER TABLE t ADD CONSTRAINT t_o FOREIGN KEY (k) REFERENCES o NOT VALID")
    cli.start("new", STEP[1:2])
    by_hand(db, "DROP TABLE o CASCADE")
    assert '"o" is gone' in cli.rollback().err
    assert cli.versions()["baseline"] == "live" and remains(db) == []
    assert db.rows("baseline", "SELECT k FROM t") == [(1,)]


@pytest.mark.parametrize("change, back", [
    ("CREATE SCHEMA ext; ALTER TABLE t SET SCHEMA ext", "ALTER TABLE ext.t SET SCHEMA public; DROP SCHEMA ext"),
    ("ALTER TABLE t RENAME TO z", "ALTER TABLE z RENAME TO t")])
def test_a_table_that_was_moved_is_named_and_moved_back(db, cli, unchanged, change, back):
    db.tables(TABLES)
    before = fingerprint(db)
    cli.start("new", STEP)
    by_hand(db, change)
    unchanged.mark()
    assert '"t"' in cli.complete(expect=STATE).err
    assert '"t" was renamed or moved' in cli.rollback(expect=STATE).err
    unchanged.check()
    by_hand(db, back)
    cli.rollback()
    assert fingerprint(db) == before


# The newest version drops o, and the killed one has no views yet: those of the version that stays show what was moved.
RENAMED = {
    "a twin": ("TABLE t RENAME _a_2 TO z", '"_a_2" of table "t" was renamed to "z"', "TABLE t RENAME z TO _a_2", ()),
    "a table that goes": ("TABLE o RENAME TO z", '"o" was renamed or moved', "TABLE z RENAME TO o", ()),
    "a table of a killed start": (
        "TABLE t RENAME TO z", '"t" was renamed or moved', "TABLE z RENAME TO t", ("--kill-after-step", 2)),
}


@pytest.mark.parametrize("what", RENAMED)
def test_what_was_renamed_is_named_before_a_rollback(db, cli, unchanged, what):
    change, said, back, killed = RENAMED[what]
    db.tables(TABLES)
    before = fingerprint(db)
    cli.start("new", STEP, *killed, expect=KILLED if killed else DONE)
    by_hand(db, f"ALTER {change}")
    unchanged.mark()
    assert said in cli.rollback(expect=STATE).err
    unchanged.check()
    by_hand(db, f"ALTER {back}")
    cli.rollback()
    assert fingerprint(db) == before and remains(db) == []
