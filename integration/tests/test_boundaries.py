"""What one boundary leaves to the versions that stay: rules, defaults, functions, applied documents."""
import psycopg2
import pytest

from rig.cli import MIGRATION, STATE

TABLES = "CREATE TABLE t (id int PRIMARY KEY, d int, a int); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2);"
A_TEXT = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}}]
D_POSITIVE = [{"alter_column": {"table": "t", "column": "d", "check": {"name": "d_pos", "constraint": "d > 0"}}}]


def started(db, cli, tables, **migrations):
    db.tables(tables)
    for name, operations in migrations.items():
        cli.start(name, operations)


def test_a_rule_of_the_now_oldest_version_needs_no_function_after_completion(db, cli):
    started(db, cli, TABLES, m2=D_POSITIVE, m3=A_TEXT)
    cli.run("complete", "baseline")
    db.write("m3", "INSERT INTO t VALUES (12, 1, '7')")
    db.write("m2", "UPDATE t SET d = 3 WHERE id = 12")
    with pytest.raises(psycopg2.errors.CheckViolation):
        db.write("m3", "INSERT INTO t VALUES (13, -1, '7')")


C_SEVEN = [{"add_column": {"table": "t", "up": "7", "column": {"name": "c", "type": "int", "nullable": True}}}]


def test_a_default_of_the_base_stays_hidden_when_an_older_version_completes(db, cli):
    started(db, cli, TABLES + "CREATE TABLE u (id int PRIMARY KEY);",
            m2=[{"add_column": {"table": "u", "column": {"name": "x", "type": "int", "nullable": True}}}], m3=C_SEVEN)
    cli.run("complete", "baseline")
    db.write("m3", "INSERT INTO t (id) VALUES (4)")
    assert db.value("SELECT c FROM public_m3.t WHERE id = 4") is None


def test_a_default_of_the_base_stays_hidden_when_a_newer_version_is_rolled_back(db, cli):
    started(db, cli, TABLES, m2=C_SEVEN, m3=A_TEXT)
    cli.run("rollback", "m3")
    db.write("m2", "INSERT INTO t (id) VALUES (4)")
    assert db.value("SELECT c FROM public_m2.t WHERE id = 4") is None


OTHER = "CREATE TABLE other (id int PRIMARY KEY, x int); INSERT INTO other VALUES (1, 10), (2, 20);"
FROM_OTHER = {"add_column": {"table": "t", "up": "(SELECT o.x FROM other o WHERE o.id = a)",
                             "column": {"name": "b", "type": "int", "nullable": True}}}


@pytest.mark.parametrize("gone", [{"drop_table": {"name": "other"}},
                                  {"drop_column": {"table": "other", "column": "x"}},
                                  {"alter_column": {"table": "other", "column": "x", "type": "text",
                                                    "up": "x::text", "down": "x::int"}}], ids=lambda o: next(iter(o)))
def test_a_translation_may_not_read_what_its_own_completion_drops(db, cli, unchanged, gone):
    db.tables(TABLES + OTHER)
    unchanged.mark()
    assert "other" in cli.start("m2", [FROM_OTHER, gone], expect=MIGRATION).err
    unchanged.check()


def test_what_a_translation_reads_may_go_in_the_migration_after_it(db, cli):
    started(db, cli, TABLES + OTHER, m2=[FROM_OTHER], m3=[{"drop_table": {"name": "other"}}])
    assert db.value("SELECT b FROM public_m3.t WHERE id = 1") == 10
    cli.run("complete", "--all")
    assert db.execute("SELECT id, b FROM t ORDER BY id") == [(1, 10), (2, 20)]
    assert db.value("SELECT to_regclass('other')") is None


def test_a_translation_may_not_read_an_older_shape_of_another_table(db, cli):
    started(db, cli, TABLES + OTHER, m2=[{"alter_column": {"table": "other", "column": "x", "type": "text",
                                                           "up": "x || '!'", "down": "rtrim(x, '!')::int"}}])
    assert "shows" in cli.start("m3", [FROM_OTHER], expect=MIGRATION).err


RENAME = {"rename_table": {"from": "other", "to": "another"}}
FROM_ANOTHER = {"add_column": {"table": "t", "column": {"name": "b", "type": "int", "nullable": True},
                               "up": "(SELECT another.x FROM public.another WHERE another.id = a)"}}


@pytest.mark.parametrize("migrations", [[[RENAME, FROM_ANOTHER]], [[FROM_OTHER, RENAME]], [[RENAME], [FROM_ANOTHER]]],
                         ids=["after its rename", "before its rename", "in the version after"])
def test_a_translation_names_other_tables_as_its_version_does(db, cli, migrations):
    started(db, cli, TABLES + OTHER, **{f"m{n}": operations for n, operations in enumerate(migrations, 2)})
    newest = f"m{len(migrations) + 1}"
    db.write("baseline", "INSERT INTO t VALUES (7, 1, 2)")
    assert db.rows(newest, "SELECT id, b FROM t ORDER BY id") == [(1, 10), (2, 20), (7, 20)]
    while len(db.schemas() & {"public_baseline", "public_m2", "public_m3"}) > 1:
        cli.run("complete", [v for v, s in cli.versions().items() if s == "live"][0])
        db.write(newest, "UPDATE t SET d = d + 1")
    assert db.execute("SELECT id, b FROM t ORDER BY id") == [(1, 10), (2, 20), (7, 20)]


NEW_TABLE = {"create_table": {"name": "conns", "columns": [{"name": "id", "type": "int", "pk": True}]}}


@pytest.mark.parametrize("operations, word", [
    ([RENAME, FROM_OTHER], "another"),
    ([NEW_TABLE, {"drop_column": {"table": "t", "column": "a", "down": "(SELECT c.id FROM conns c WHERE c.id = d)"}}], "conns"),
    ([{"rename_table": {"from": "other", "to": "another"}}, {**NEW_TABLE, "create_table": {**NEW_TABLE["create_table"], "name": "other"}},
      FROM_OTHER], "creates")], ids=["renamed", "created", "created under the name of a renamed one"])
def test_a_translation_that_reads_what_is_not_there_yet_is_refused_by_name(db, cli, unchanged, operations, word):
    db.tables(TABLES + OTHER)
    unchanged.mark()
    error = cli.start("m2", operations, expect=MIGRATION).err
    assert word in error and "m2.json:" in error, error
    assert word in cli.plan("m2", operations, expect=MIGRATION).err
    unchanged.check()


def test_a_rule_that_spares_the_oldest_version_is_not_made_to_bind_it(db, cli):
    started(db, cli, TABLES, m2=D_POSITIVE)
    retyped = [{"alter_column": {"table": "t", "column": "d", "type": "bigint"}}]
    assert "d_pos" in cli.start("m3", retyped, expect=STATE).err
    db.write("baseline", "INSERT INTO t VALUES (5, -1, 1)")
    db.write("baseline", "DELETE FROM t WHERE id = 5")
    cli.run("complete")
    cli.start("m3", retyped)


def test_a_migration_applied_within_a_folded_step_is_not_applied_again(db, cli, tmp_path):
    db.tables(TABLES)
    cli.file("m2", [{"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a + 1", "down": "a - 1"}}])
    cli.file("m3", [{"add_column": {"table": "t", "column": {"name": "x", "type": "int", "nullable": True}}}])
    cli.run("migrate", ".", "--complete")
    assert "m3" in cli.run("start", "m2.json").out
    assert db.execute("SELECT id, a FROM t ORDER BY id") == [(1, 2), (2, 3)]
    cli.file("m2", [{"drop_column": {"table": "t", "column": "a"}}])
    cli.run("start", "m2.json", expect=STATE)


def test_a_migration_may_not_have_the_name_of_the_baseline(db, cli):
    db.tables(TABLES)
    cli.start("baseline", A_TEXT, expect=STATE)
    assert "public_baseline" not in db.schemas()
    cli.run("baseline", "v1")
    cli.start("v1", A_TEXT, expect=STATE)


def test_a_rollback_may_leave_out_a_down_that_failed(db, cli):
    db.tables(TABLES)
    cli.start("raw", [{"sql": {"up": "CREATE TABLE x (id int)", "down": "DROP TABLE misspelt"}}])
    cli.run("rollback", expect=MIGRATION)
    cli.run("rollback", "--skip-sql-down")


def test_a_complete_whose_rule_raises_says_that_the_data_is_in_its_way(db, cli):
    started(db, cli, TABLES, m2=[{"alter_column": {"table": "t", "column": "d", "check": {
        "name": "tenth", "constraint": "10 / d > 0"}}}])
    db.write("baseline", "INSERT INTO t VALUES (5, 0, 1)")
    assert "tenth" in cli.run("complete", expect=7).err


@pytest.fixture
def plan_of_complete(cli):
    """What a completion did under locks, from its journal."""
    def steps(db):
        return db.execute("SELECT step ->> 'title', step ->> 'lock' FROM pgstrata.steps WHERE run = (SELECT max(id) FROM"
                          " pgstrata.runs WHERE command = 'complete') AND phase = 'settle' ORDER BY sequence")
    return steps


def test_triggers_that_never_knew_the_retired_version_stay_as_they_are(db, cli, plan_of_complete):
    started(db, cli, TABLES,
            m2=[{"create_table": {"name": "n", "columns": [{"name": "id", "type": "int", "pk": True},
                                                           {"name": "x", "type": "int", "nullable": True}]}}],
            m3=[{"alter_column": {"table": "n", "column": "x", "type": "text", "up": "x || '!'", "down": "rtrim(x, '!')::int"}}])
    before = db.execute("SELECT oid, xmin FROM pg_trigger WHERE tgrelid = 'n'::regclass AND NOT tgisinternal ORDER BY 1")
    cli.run("complete", "baseline")
    assert plan_of_complete(db) == []
    assert before and before == db.execute(
        "SELECT oid, xmin FROM pg_trigger WHERE tgrelid = 'n'::regclass AND NOT tgisinternal ORDER BY 1")
    db.execute("INSERT INTO n VALUES (1, 5)", path="public_m2")
    db.execute("INSERT INTO n VALUES (2, '7!')", path="public_m3")
    assert db.execute("SELECT x FROM public_m2.n ORDER BY id") == [(5,), (7,)]
    cli.run("complete", "m2")
    assert db.execute("SELECT x FROM n ORDER BY id") == [("5!",), ("7!",)]


def test_a_comment_alone_locks_nobody_out(db, cli, plan_of_complete):
    started(db, cli, TABLES, m2=[{"alter_column": {"table": "t", "column": "a", "comment": "said"}}])
    reader, writer = (db.connect("public", autocommit=False) for _ in range(2))
    reader.cursor().execute("SELECT * FROM t")
    writer.cursor().execute("INSERT INTO t VALUES (9, 1, 1)")
    cli.complete()
    assert [lock for _, lock in plan_of_complete(db)] == ["SHARE UPDATE EXCLUSIVE on t"]
    writer.commit()
    assert db.value("SELECT col_description('t'::regclass, 3)") == "said"
