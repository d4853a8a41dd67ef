"""Existing tables without history, edited migrations, drift, and the empty schema (trap 37)."""
import pytest

from rig.catalog import fingerprint
from rig.cli import STATE

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)"
ALTER = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a", "down": "length(a)"}}]


def test_start_records_a_baseline_by_itself_and_says_so(db, cli):
    db.tables(TABLES)
    assert "baseline" in cli.start("new", ALTER).text
    assert cli.versions() == {"baseline": "live", "new": "live"}
    assert db.rows("baseline", "SELECT * FROM t") == [(1, 5)]


def test_apps_still_on_the_base_schema_count_as_the_oldest_version(db, cli):
    db.tables(TABLES)
    cli.start("new", ALTER)
    db.write("base", "INSERT INTO t (id, a) VALUES (2, 6)")
    db.write("base", "UPDATE t SET a = 7 WHERE id = 1")
    assert db.rows("new", "SELECT a FROM t ORDER BY id") == [("v7",), ("v6",)]
    db.write("new", "UPDATE t SET a = 'xx' WHERE id = 2")
    assert db.rows("base", "SELECT a FROM t ORDER BY id") == [(7,), (2,)]


def test_a_baseline_publishes_the_shape_as_it_is(db, cli):
    db.tables(TABLES)
    before = fingerprint(db)
    cli.run("baseline", "v1")
    assert fingerprint(db) == before
    assert db.rows("v1", "SELECT * FROM t") == [(1, 5)]
    assert cli.run("latest", "schema").out.strip() == "public_v1"
    assert "already" in cli.run("baseline", "v1").text


def test_a_baseline_over_other_history_is_refused(db, cli):
    db.tables(TABLES)
    cli.start("new", ALTER)
    cli.run("baseline", "other", expect=STATE)
    cli.complete()
    assert cli.versions()["new"] == "live"


def test_on_an_empty_schema_the_first_migration_stands_on_the_empty_shape(db, cli):
    before = fingerprint(db)
    create = [{"create_table": {"name": "t", "columns": [{"name": "id", "type": "int", "pk": True}]}}]
    cli.start("first", create)
    assert db.execute("SELECT * FROM public_first.t") == []
    cli.rollback()
    assert fingerprint(db) == before and "public_first" not in db.schemas()
    cli.start("again", create)
    cli.complete()
    db.execute("INSERT INTO public_again.t VALUES (1)")
    assert db.execute("SELECT * FROM public.t") == [(1,)]
    assert db.schemas() == {"public", "pgstrata", "public_again"}


@pytest.mark.parametrize("state", ["in flight", "completed"])
def test_a_migration_edited_after_it_was_applied_is_noticed(db, cli, unchanged, state):
    db.tables(TABLES)
    cli.start("new", ALTER)
    if state == "completed":
        cli.complete()
    unchanged.mark()
    edited = [{"alter_column": {**ALTER[0]["alter_column"], "up": "'other' || a"}}]
    assert "new" in cli.start("new", edited, expect=STATE).err
    unchanged.check()


def test_an_emergency_index_made_in_flight_is_carried_through_complete(db, cli):
    db.tables(TABLES + "; ALTER TABLE t ADD b int")
    cli.start("new", ALTER)
    db.execute("CREATE INDEX emergency ON t (b)")
    cli.complete()
    assert db.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'emergency'") == 1


def test_versions_follow_each_other_through_several_lives(db, cli):
    db.tables(TABLES)
    cli.start("v2", ALTER)
    cli.complete()
    cli.start("v3", [{"alter_column": {"table": "t", "column": "a", "type": "int",
                                   "up": "length(a)", "down": "a::text"}}])
    db.write("v2", "UPDATE t SET a = 'four'")
    assert db.rows("v3", "SELECT a FROM t") == [(4,)]
    cli.rollback()
    cli.start("v4", [{"add_column": {"table": "t", "column": {"name": "n", "type": "int"}, "up": "length(a)"}}])
    cli.complete()
    cli.start("v5", [{"drop_column": {"table": "t", "column": "a", "down": "repeat('x', n)"}}])
    db.write("v5", "INSERT INTO t VALUES (2, 3)")
    assert db.rows("v4", "SELECT * FROM t ORDER BY id") == [(1, "four", 4), (2, "xxx", 3)]
    cli.complete()
    assert db.columns("base", "t") == ["id", "n"]
    assert db.value("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'public.t'::regclass") == 0
    assert db.schemas() == {"public", "pgstrata", "public_v5"}


def test_a_migration_stands_on_the_names_that_the_completed_one_gave(db, cli):
    db.tables(TABLES)
    cli.start("v2", [{"rename_table": {"from": "t", "to": "u"}}, {"rename_column": {"table": "u", "from": "a", "to": "b"}}])
    cli.complete()
    cli.start("v3", [{"alter_column": {"table": "u", "column": "b", "type": "bigint"}},
                     {"create_table": {"name": "t", "columns": [{"name": "id", "type": "int", "pk": True}]}}])
    assert db.rows("v3", "SELECT * FROM u") == [(1, 5)]
    cli.complete()
    assert db.columns("base", "u") == ["id", "b"]
