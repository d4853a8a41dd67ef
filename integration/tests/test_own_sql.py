"""`sql` operations: what is refused beforehand, and the way out when they fail for good."""
import pytest

from rig.catalog import fingerprint
from rig.cli import MIGRATION, STATE

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)"
FAILS_LAST = [
    {"add_column": {"table": "t", "column": {"name": "b", "type": "int", "nullable": True}}},
    {"sql": {"up": "CREATE TABLE made_first (id int)", "onComplete": True}},
    {"sql": {"up": "SELECT nonsense", "onComplete": True}},
]
FAILS_BACK = [{"sql": {"up": "CREATE TABLE extra (id int)", "down": "DROP TABLE misspelt"}}]


@pytest.mark.parametrize("sql, code", [
    ("CREATE TABLE x (id int); COMMIT; CREATE TABLE y (id int)", "sql-transaction"),
    ("BEGIN; CREATE TABLE x (id int); END", "sql-transaction"),
    ("ROLLBACK", "sql-transaction"),
    ("CREATE INDEX CONCURRENTLY i ON t (a); CREATE TABLE x (id int)", "sql-not-atomic"),
    ("CREATE TABLE x (id int); VACUUM t", "sql-not-atomic"),
    ("VACUUM t; VACUUM t", "sql-not-atomic"),
])
@pytest.mark.parametrize("key", ["up", "down", "onComplete"])
def test_sql_that_would_make_the_journal_lie_is_refused_before_anything(db, cli, unchanged, sql, code, key):
    db.tables(TABLES)
    unchanged.mark()
    operation = {"up": "SELECT 1", "down": sql} if key == "down" else {"up": sql}
    if key == "onComplete":
        operation["onComplete"] = True
    path = cli.file("new", [{"sql": operation}])
    for command in (["start"], ["validate"], ["plan"]):
        result = cli.run(*command, path, "--json", expect=MIGRATION)
        error = result.json["files"][0]["problems"][0] if command == ["validate"] else result.error
        assert error["code"] == code and "new.json:" in error["where"], repr(result)
    assert cli.bare("validate", path, expect=MIGRATION).text.count("transaction")
    unchanged.check()
    assert cli.versions() == {}, "a baseline was recorded"


def test_one_statement_that_refuses_a_transaction_may_stand_alone(db, cli):
    db.tables(TABLES)
    cli.start("new", [{"sql": {"up": "CREATE INDEX CONCURRENTLY i ON t (a)", "down": "DROP INDEX CONCURRENTLY i"}}])
    assert db.value("SELECT to_regclass('public.i') IS NOT NULL")
    cli.rollback()
    assert db.value("SELECT to_regclass('public.i') IS NULL")


def test_a_failing_on_complete_names_the_way_out_and_the_journal_keeps_it(db, cli):
    db.tables(TABLES)
    cli.start("new", FAILS_LAST)
    cli.complete("--skip-on-complete", expect=STATE)
    assert "--skip-on-complete" in cli.complete(expect=MIGRATION).err
    assert "--skip-on-complete" in cli.complete(expect=MIGRATION).err, "a failure stays where it is"
    report = cli.complete("--skip-on-complete", "--json").json
    assert any("SELECT nonsense" in note and "was not run" in note for note in report["notes"]), report
    assert cli.status()["unfinished"] is None and cli.versions() == {"baseline": "retired", "new": "live"}
    assert db.value("SELECT to_regclass('public.made_first') IS NOT NULL"), "only what failed is left out"
    skipped = db.execute("SELECT step ->> 'phase', error FROM pgstrata.steps WHERE skipped_at IS NOT NULL")
    assert len(skipped) == 1 and skipped[0][0] == "onComplete" and "nonsense" in skipped[0][1]
    assert "nothing" in cli.complete("--skip-on-complete", expect=STATE).err


def test_a_failing_on_complete_that_was_mended_is_run(db, cli):
    db.tables(TABLES)
    cli.start("new", [FAILS_LAST[0], {"sql": {"up": "INSERT INTO later VALUES (1)", "onComplete": True}}])
    cli.complete(expect=MIGRATION)
    db.execute("CREATE TABLE public.later (id int)")
    cli.complete()
    assert db.value("SELECT count(*) FROM public.later") == 1


def test_a_failing_down_names_the_way_out_and_the_journal_keeps_it(db, cli):
    db.tables(TABLES)
    before = fingerprint(db)
    cli.start("new", FAILS_BACK)
    cli.rollback("--skip-sql-down", expect=STATE)
    assert "--skip-sql-down" in cli.rollback(expect=MIGRATION).err
    cli.complete("--skip-on-complete", expect=STATE)
    report = cli.rollback("--skip-sql-down", "--json").json
    assert any("DROP TABLE misspelt" in note for note in report["notes"]), report
    assert cli.versions() == {"baseline": "live", "new": "rolled_back"}
    db.execute("DROP TABLE public.extra")  # what the user has to do by hand
    assert fingerprint(db) == before
    assert db.value("SELECT count(*) FROM pgstrata.steps WHERE skipped_at IS NOT NULL") == 1


def test_a_skip_is_meant_for_the_one_that_failed_and_not_for_the_next(stack, cli):
    """`complete --all` and `rollback --to` do several: each failure is looked at by itself."""
    stack(TABLES, FAILS_LAST, FAILS_LAST[2:] + [
        {"add_column": {"table": "t", "column": {"name": "c", "type": "int", "nullable": True}}}])
    cli.complete("--all", expect=MIGRATION)
    assert "--skip-on-complete" in cli.complete("--all", "--skip-on-complete", expect=MIGRATION).err
    assert cli.versions() == {"v1": "retired", "v2": "retiring", "v3": "live"}
    cli.complete("--all", "--skip-on-complete")
    assert cli.versions() == {"v1": "retired", "v2": "retired", "v3": "live"}


def test_what_on_complete_sql_changes_under_a_stacked_version_can_be_told_and_undone(db, cli):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)")
    cli.start("new", [{"sql": {"up": "ALTER TABLE t ALTER COLUMN a SET DEFAULT 7", "onComplete": True}}])
    widen = [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}}]
    assert 'onComplete SQL of version "new" has yet to run' in cli.start("newer", widen).text
    cli.complete("baseline")
    assert "has the default 7" in cli.complete(expect=STATE).err
    cli.rollback()
    cli.start("newer", widen)
    cli.complete()
    db.execute("INSERT INTO public.t (id) VALUES (2)")
    assert db.rows("base", "SELECT a FROM t ORDER BY id") == [(5,), (7,)]
