"""`migrate` folds what is pending in a directory into one step; `--complete` is for development databases."""
import pytest

from rig.catalog import fingerprint
from rig.cli import STATE

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)"
ALTER = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a", "down": "length(a)"}}]
AGAIN = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a || '!'", "down": "rtrim(a, '!')"}}]
RENAME = [{"rename_column": {"table": "t", "from": "a", "to": "b"}}]
SQL = [{"sql": {"up": "CREATE TABLE extra (a int)", "down": "DROP TABLE extra"}}]


@pytest.fixture
def folder(db, cli):
    db.tables(TABLES)
    cli.directory = cli.directory / "migrations"
    cli.directory.mkdir()
    return cli.directory


def test_what_is_pending_is_folded_into_one_version(db, cli, folder):
    cli.file("001_alter", ALTER), cli.file("002_again", AGAIN), cli.file("003_rename", RENAME)
    (folder / "README.md").write_text("not a migration")
    cli.run("migrate", folder)
    assert {s for s in db.schemas() if s.startswith("public_")} == {"public_baseline", "public_003_rename"}
    assert db.rows("003_rename", "SELECT b FROM t") == [("v5!",)]
    db.write("003_rename", "UPDATE t SET b = 'xyz!'")
    assert db.rows("baseline", "SELECT a FROM t") == [(3,)]
    assert len(db.columns("base", "t")) == len(["id", "a", "twin", "_m"]), "one twin for both alters"


def test_a_folded_step_is_rolled_back_as_one(db, cli, folder):
    before = fingerprint(db)
    cli.file("001_alter", ALTER), cli.file("002_again", AGAIN)
    cli.run("migrate", folder)
    cli.rollback()
    assert fingerprint(db) == before
    cli.run("migrate", folder)
    assert db.rows("002_again", "SELECT a FROM t") == [("v5!",)]


def test_nothing_pending_is_done_already(db, cli, folder):
    cli.file("001_alter", ALTER)
    cli.run("migrate", folder, "--complete")
    result = cli.run("migrate", folder, "--json")
    assert result.json["already"] is True


def test_only_what_is_new_is_applied(db, cli, folder):
    cli.file("001_alter", ALTER)
    cli.run("migrate", folder, "--complete")
    cli.file("002_again", AGAIN)
    assert cli.run("migrate", folder, "--json").json["applied"] == ["002_again"]
    assert db.rows("002_again", "SELECT a FROM t") == [("v5!",)]
    assert db.rows("001_alter", "SELECT a FROM t") == [("v5",)]


def test_complete_leaves_only_the_last_version(db, cli, folder):
    cli.file("001_alter", ALTER), cli.file("002_rename", RENAME)
    cli.run("migrate", folder, "--complete")
    assert db.schemas() == {"public", "pgstrata", "public_002_rename"}
    assert db.execute("SELECT b FROM t") == [("v5",)]


def test_pending_work_that_needs_several_steps_requires_complete(db, cli, folder, unchanged):
    cli.file("001_alter", ALTER), cli.file("002_sql", SQL), cli.file("003_rename", RENAME)
    unchanged.mark()
    assert "--complete" in cli.run("migrate", folder, expect=STATE).err
    unchanged.check()
    cli.run("migrate", folder, "--complete")
    assert db.columns("base", "extra") == ["a"]
    assert db.execute("SELECT b FROM t") == [("v5",)]


def test_what_comes_behind_the_last_one_wanted_is_said_to_wait(db, cli, folder):
    cli.file("001_alter", ALTER), cli.file("002_again", AGAIN), cli.file("003_rename", RENAME)
    for first in ("applied 1 migration: 001_alter", "nothing to do: migration 001_alter is applied already"):
        said = cli.run("migrate", folder, "--to", "001_alter").out
        assert f"{first}; 2 migrations behind 001_alter are not applied yet" in said
    cli.run("complete")
    assert cli.run("migrate", folder, "--to", "002_again", "--json").json["waiting"] == 1
    cli.run("migrate", folder)
    assert "every migration of the directory is applied" in cli.run("migrate", folder).out
    assert "not applied" not in cli.run("migrate", folder, "--to", "002_again").out


def test_an_error_in_any_file_applies_none(db, cli, folder, unchanged):
    cli.file("001_alter", ALTER)
    cli.file("002_bad.yaml", "operations:\n  - rename_column: {table: t, from: nope, to: b}\n")
    unchanged.mark()
    assert "002_bad.yaml:2" in cli.run("migrate", folder, expect=3).err
    unchanged.check()


def test_an_edited_file_of_the_history_is_noticed(db, cli, folder):
    cli.file("001_alter", ALTER)
    cli.run("migrate", folder, "--complete")
    cli.file("001_alter", AGAIN)
    text = cli.run("migrate", folder).text
    assert "001_alter" in text and "edited" in text
    assert db.rows("001_alter", "SELECT a FROM t") == [("v5",)]


def test_start_with_complete_goes_all_the_way(db, cli, folder):
    report = cli.start("new", ALTER, "--complete", "--json").json
    assert report["completed"] is True
    assert db.schemas() == {"public", "pgstrata", "public_new"}
    assert "already" in cli.start("new", ALTER, "--complete").text


def test_migrate_on_an_empty_database_builds_everything(db, cli, folder):
    db.execute("DROP TABLE t")
    cli.file("001_make", [{"create_table": {"name": "u", "columns": [
        {"name": "id", "type": "bigserial", "pk": True}, {"name": "n", "type": "text", "nullable": True}]}}])
    cli.file("002_more", [{"add_column": {"table": "u", "column": {"name": "m", "type": "int", "default": "1"}}},
                          {"create_index": {"table": "u", "name": "u_m", "columns": {"m": {}}}}])
    cli.run("migrate", folder, "--complete")
    db.execute("INSERT INTO public_002_more.u (n) VALUES ('x')")
    assert db.execute("SELECT * FROM u") == [(1, "x", 1)]
