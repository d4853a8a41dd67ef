"""Several operations in one migration: the net effect, once per lineage (traps 27 to 29)."""
import pytest

from rig.catalog import fingerprint

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)"


def alter(column, up, down, type="int"):
    return {"alter_column": {"table": "t", "column": column, "type": type, "up": up, "down": down}}


CASES = {
    "the same column altered twice": (
        [alter("a", "a + 1", "a - 1"), alter("a", "'v' || a", "substr(a, 2)::int", type="text")],
        ("a", [("v6",)]), ("a", "'v10'", [(9,)])),
    "rename, then alter": (
        [{"rename_column": {"table": "t", "from": "a", "to": "b"}}, alter("b", "b * 2", "b / 2")],
        ("b", [(10,)]), ("b", "20", [(10,)])),
    "alter, then rename": (
        [alter("a", "a * 2", "a / 2"), {"rename_column": {"table": "t", "from": "a", "to": "b"}}],
        ("b", [(10,)]), ("b", "20", [(10,)])),
    "add, then alter": (
        [{"add_column": {"table": "t", "column": {"name": "n", "type": "int"}, "up": "a + 1"}},
         alter("n", "'n' || n", "substr(n, 2)::int", type="text")],
        ("n", [("n6",)]), ("n", "'n9'", [(5,)])),
    "add with a constant, then alter": (
        [{"add_column": {"table": "t", "column": {"name": "n", "type": "int", "default": "42"}}},
         alter("n", "'n' || n", "7", type="text")],
        ("n", [("n42",)]), ("n", "'x'", [(5,)])),
    "add empty, then demand a value": (
        [{"add_column": {"table": "t", "column": {"name": "n", "type": "int", "nullable": True}}},
         {"alter_column": {"table": "t", "column": "n", "nullable": False, "up": "coalesce(n, 9)", "down": "n"}}],
        ("n", [(9,)]), ("n", "8", [(5,)])),
    "two names swapped": (
        [{"add_column": {"table": "t", "column": {"name": "b", "type": "int"}, "up": "a * 100"}},
         {"rename_column": {"table": "t", "from": "a", "to": "x"}},
         {"rename_column": {"table": "t", "from": "b", "to": "a"}},
         {"rename_column": {"table": "t", "from": "x", "to": "b"}}],
        ("a, b", [(500, 5)]), ("b", "7", [(7,)])),
    "add, then drop": (
        [{"add_column": {"table": "t", "column": {"name": "n", "type": "int"}, "up": "a"}},
         {"drop_column": {"table": "t", "column": "n", "down": "1"}}],
        ("*", [(1, 5)]), ("a", "8", [(8,)])),
    "drop, then add under the same name": (
        [{"drop_column": {"table": "t", "column": "a", "down": "1"}},
         {"add_column": {"table": "t", "column": {"name": "a", "type": "text"}, "up": "'new'"}}],
        ("*", [(1, "new")]), ("a", "'x'", [(5,)])),
}


@pytest.mark.parametrize("case", CASES)
def test_operations_on_one_column_act_as_one(flight, cli, case):
    operations, (what, rows), (column, value, old) = CASES[case]
    db = flight(TABLES, operations)
    assert db.rows("new", f"SELECT {what} FROM t") == rows
    db.write("new", f"UPDATE t SET {column} = {value}")
    assert db.rows("baseline", "SELECT a FROM t") == old
    cli.complete()
    assert db.value("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'public.t'::regclass") == 0


@pytest.mark.parametrize("case", CASES)
def test_rollback_undoes_all_operations(db, cli, case):
    db.tables(TABLES)
    before = fingerprint(db)
    cli.start("new", CASES[case][0])
    cli.rollback()
    assert fingerprint(db) == before


def test_a_table_created_dropped_and_created_again_in_one_migration(db, cli):
    db.tables(TABLES)
    column = {"name": "id", "type": "int", "pk": True}
    cli.start("new", [
        {"create_table": {"name": "n", "columns": [column]}}, {"drop_table": {"name": "n"}},
        {"create_table": {"name": "n", "columns": [column, {"name": "b", "type": "text", "nullable": True}]}}])
    assert db.columns("new", "n") == ["id", "b"]
    cli.complete()
    assert db.columns("base", "n") == ["id", "b"]


def test_a_table_created_by_the_first_operation_can_be_altered_by_the_second(db, cli):
    db.tables(TABLES)
    before = fingerprint(db)
    operations = [
        {"create_table": {"name": "n", "columns": [{"name": "id", "type": "int", "pk": True}]}},
        {"add_column": {"table": "n", "column": {"name": "b", "type": "int", "default": "4"}}},
        {"create_index": {"table": "n", "name": "n_b", "columns": [{"column": "b"}]}},
        {"rename_table": {"from": "n", "to": "m"}}]
    cli.start("new", operations)
    db.execute("INSERT INTO public_new.m (id) VALUES (1)")
    assert db.execute("SELECT * FROM public_new.m") == [(1, 4)]
    cli.rollback()
    assert fingerprint(db) == before


def test_dropping_a_dot_b_c_and_a_b_dot_c_in_one_migration(db, cli):
    db.tables("CREATE TABLE a (b_c int, x int); CREATE TABLE a_b (c int, x int)")
    before = fingerprint(db)
    operations = [{"drop_column": {"table": "a", "column": "b_c", "down": "1"}},
                  {"drop_column": {"table": "a_b", "column": "c", "down": "2"}}]
    cli.start("new", operations)
    db.write("new", "INSERT INTO a VALUES (0); INSERT INTO a_b VALUES (0)")
    assert db.rows("baseline", "SELECT b_c FROM a UNION ALL SELECT c FROM a_b") == [(1,), (2,)]
    cli.rollback()
    assert fingerprint(db) == before
    cli.start("new2", operations)
    cli.complete()
    assert db.columns("base", "a") == db.columns("base", "a_b") == ["x"]


@pytest.mark.parametrize("bad", [
    {"drop_column": {"table": "t", "column": "missing"}},
    {"alter_column": {"table": "t", "column": "a", "type": "nosuchtype"}},
    {"create_index": {"table": "t", "name": "i", "columns": [{"column": "missing"}]}},
], ids=["column", "type", "index"])
def test_an_error_in_the_last_operation_leaves_nothing_of_those_before(db, cli, unchanged, bad):
    db.tables(TABLES)
    unchanged.mark()
    cli.start("new", [{"create_table": {"name": "n", "columns": [{"name": "id", "type": "int", "pk": True}]}},
                      alter("a", "a + 1", "a - 1"), bad], expect=3)
    unchanged.check()


def test_two_operations_on_one_table_cost_one_twin_per_lineage_and_one_pass(db, cli):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 2, 3)")
    result = cli.plan("new", [alter("a", "a + 1", "a - 1"), alter("a", "a * 2", "a / 2"),
                              alter("b", "b + 1", "b - 1", type="bigint"),
                              {"rename_column": {"table": "t", "from": "b", "to": "c"}}], "--json")
    assert [s["kind"] for s in result.json["steps"] if s["command"] == "start"].count("backfill") == 1
    cli.run("start", "new.json")
    assert len(db.columns("base", "t")) == len(["id", "a", "b", "twin of a", "twin of b", "_m"])
    assert db.rows("new", "SELECT * FROM t") == [(1, 6, 4)]
