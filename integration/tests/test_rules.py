"""Old contracts stay: what a rule of the new version demands never fails an old writer (law 5)."""
import psycopg2
import pytest

from rig.cli import DATA

TABLES = """
CREATE TABLE parent (code text PRIMARY KEY);
INSERT INTO parent VALUES ('x');
CREATE TABLE t (id int PRIMARY KEY, a int, b text, note text);
INSERT INTO t VALUES (1, 5, 'x', 'n');
"""
NOT_NULL = [{"alter_column": {"table": "t", "column": "a", "nullable": False}}]
CHECK = [{"alter_column": {"table": "t", "column": "a", "check": {"name": "a_small", "constraint": "a < 100"}}}]
BOTH = {"NOT NULL": (NOT_NULL, "NULL", "23502", None), "CHECK": (CHECK, "100", "23514", "a_small")}


def fails(db, version, sql, code, constraint=None):
    with pytest.raises(psycopg2.Error) as error:
        db.write(version, sql)
    assert error.value.pgcode == code, error.value
    if constraint:
        assert error.value.diag.constraint_name == constraint


@pytest.mark.parametrize("rule", BOTH)
def test_a_stricter_rule_binds_writers_of_the_new_version_only(flight, rule):
    operations, bad, code, constraint = BOTH[rule]
    db = flight(TABLES, operations)
    db.write("baseline", f"INSERT INTO t (id, a) VALUES (2, {bad}); UPDATE t SET a = {bad} WHERE id = 1")
    fails(db, "new", f"INSERT INTO t (id, a) VALUES (3, {bad})", code, constraint)
    db.write("new", "INSERT INTO t (id, a) VALUES (3, 7)")
    fails(db, "new", f"UPDATE t SET a = {bad} WHERE id = 3", code, constraint)
    db.write("new", "UPDATE t SET a = 8 WHERE id = 1")


@pytest.mark.parametrize("rule", BOTH)
def test_an_unrelated_update_of_a_row_that_an_old_writer_left_violating_succeeds(flight, rule):
    operations, bad, _, _ = BOTH[rule]
    db = flight(TABLES, operations)
    db.write("baseline", f"UPDATE t SET a = {bad} WHERE id = 1")
    db.write("new", "UPDATE t SET note = 'fine' WHERE id = 1")
    assert db.rows("baseline", "SELECT note FROM t") == [("fine",)]


@pytest.mark.parametrize("rule", BOTH)
def test_complete_exits_7_with_a_sample_before_its_first_unit_when_an_old_writer_broke_the_rule(flight, cli, rule):
    operations, bad, _, _ = BOTH[rule]
    db = flight(TABLES, operations)
    db.write("baseline", f"UPDATE t SET a = {bad} WHERE id = 1")
    assert "1" in cli.complete(expect=DATA).err
    assert db.rows("baseline", "SELECT id FROM t") == [(1,)], "the old version is still there"
    db.write("baseline", "UPDATE t SET a = 5")
    cli.complete()
    fails(db, "new", f"UPDATE t SET a = {bad}", BOTH[rule][2], BOTH[rule][3])


@pytest.mark.parametrize("rule", BOTH)
def test_existing_rows_that_violate_are_found_at_start_and_nothing_changes(db, cli, unchanged, rule):
    operations, bad, _, _ = BOTH[rule]
    db.tables(TABLES)
    db.execute(f"UPDATE t SET a = {bad}")
    unchanged.mark()
    assert "t" in cli.start("new", operations, expect=DATA).err
    unchanged.check()
    assert "public_new" not in db.schemas()


def test_a_rule_with_up_binds_nobody_in_the_old_shape(flight, cli):
    db = flight(TABLES, [{"alter_column": {"table": "t", "column": "a", "nullable": False, "up": "coalesce(a, -1)",
                                           "down": "nullif(a, -1)",
                                           "check": {"name": "a_small", "constraint": "a < 100"}}}])
    db.write("baseline", "UPDATE t SET a = NULL")
    assert db.rows("new", "SELECT a FROM t") == [(-1,)]
    fails(db, "new", "UPDATE t SET a = NULL", "23502")
    fails(db, "new", "UPDATE t SET a = 100", "23514", "a_small")
    db.write("new", "UPDATE t SET a = -1")
    assert db.rows("baseline", "SELECT a FROM t") == [(None,)]


def test_a_dropped_not_null_with_down_lets_the_new_version_write_null_at_once(flight):
    db = flight("CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL); INSERT INTO t VALUES (1, 5)",
                [{"alter_column": {"table": "t", "column": "a", "nullable": True, "down": "coalesce(a, -1)"}}])
    db.write("new", "UPDATE t SET a = NULL")
    assert db.rows("baseline", "SELECT a FROM t") == [(-1,)]
    fails(db, "baseline", "UPDATE t SET a = NULL", "23502")


def test_a_dropped_not_null_without_down_takes_effect_at_completion(flight, cli):
    db = flight("CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL); INSERT INTO t VALUES (1, 5)",
                [{"alter_column": {"table": "t", "column": "a", "nullable": True}}])
    fails(db, "new", "UPDATE t SET a = NULL", "23502")
    cli.complete()
    db.write("new", "UPDATE t SET a = NULL")


def test_a_new_unique_key_binds_old_writers_and_the_plan_says_so(db, cli):
    db.tables(TABLES)
    operations = [{"alter_column": {"table": "t", "column": "a", "unique": {"name": "a_once"}}}]
    plan = cli.plan("new", operations, "--json").json
    assert any("a" in n["object"] + n["text"] for n in plan["warnings"])
    cli.run("start", "new.json")
    fails(db, "baseline", "INSERT INTO t (id, a) VALUES (2, 5)", "23505", "a_once")
    db.write("new", "INSERT INTO t (id, a) VALUES (2, 6) ON CONFLICT (a) DO UPDATE SET note = 'again'")


def test_duplicates_for_a_new_unique_key_are_found_before_anything_changes(db, cli, unchanged):
    db.tables(TABLES + "INSERT INTO t VALUES (2, 5, 'x', 'n')")
    unchanged.mark()
    for operation in ({"alter_column": {"table": "t", "column": "a", "unique": {"name": "a_once"}}},
                      {"create_index": {"table": "t", "name": "a_once", "columns": ["a"], "unique": True}},
                      {"alter_column": {"table": "t", "column": "a", "unique": {"name": "a_once"}, "up": "a + 1",
                                        "down": "a - 1"}}):
        assert "a_once" in cli.start("new", [operation], expect=DATA).err
        unchanged.check()


def test_a_foreign_key_on_existing_values_binds_after_start(flight):
    db = flight(TABLES, [{"alter_column": {"table": "t", "column": "b", "references": {
        "name": "b_parent", "table": "parent", "column": "code"}}}])
    fails(db, "new", "UPDATE t SET b = 'nobody'", "23503", "b_parent")


def test_a_foreign_key_that_existing_rows_violate_is_7_and_leaves_nothing(db, cli, unchanged):
    db.tables(TABLES + "UPDATE t SET b = 'nobody'")
    unchanged.mark()
    cli.start("new", [{"alter_column": {"table": "t", "column": "b", "references": {
        "name": "b_parent", "table": "parent", "column": "code"}}}], expect=DATA)
    unchanged.check()


def test_a_foreign_key_with_up_holds_on_the_new_shape_and_follows_its_actions(flight):
    db = flight(TABLES, [{"alter_column": {"table": "t", "column": "b", "up": "CASE WHEN b = 'x' THEN b END", "down": "b",
                                           "references": {"name": "b_parent", "table": "parent", "column": "code",
                                                          "on_delete": "CASCADE"}}}])
    db.write("baseline", "UPDATE t SET b = 'nobody'")
    assert db.rows("new", "SELECT b FROM t") == [(None,)]
    db.write("baseline", "UPDATE t SET b = 'x'")
    fails(db, "new", "UPDATE t SET b = 'nobody'", "23503", "b_parent")
    db.execute("DELETE FROM parent")
    assert db.rows("baseline", "SELECT * FROM t") == []


def test_a_transaction_that_puts_a_foreign_key_off_by_name_is_judged_at_its_end(flight, cli):
    db = flight("CREATE TABLE parent (code text PRIMARY KEY);"
                "CREATE TABLE t (id int PRIMARY KEY, b text CONSTRAINT t_parent REFERENCES parent DEFERRABLE)",
                [{"alter_column": {"table": "t", "column": "b", "type": "varchar(20)"}}])

    def child_first(version, key, parent):
        db.write(version, f"SET CONSTRAINTS public.t_parent DEFERRED; INSERT INTO t VALUES ({key}, '{key}');"
                          f"INSERT INTO public.parent VALUES ('{parent}')")

    for key, version in enumerate(["base", "baseline", "new"]):
        child_first(version, key, key)
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            child_first(version, 10 + key, "another")
        fails(db, version, f"INSERT INTO t VALUES ({20 + key}, 'nobody')", "23503", "t_parent")
    cli.complete()
    child_first("new", 3, 3)
    fails(db, "new", "INSERT INTO t VALUES (23, 'nobody'); SELECT 1 / 0", "23503", "t_parent")


def test_a_down_that_overflows_fails_the_new_apps_write_as_the_plan_says(db, cli):
    db.tables(TABLES)
    operations = [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}}]
    assert cli.plan("new", operations, "--json").json["raising"]
    cli.run("start", "new.json")
    fails(db, "new", "UPDATE t SET a = 3000000000", "22003")
    db.write("new", "UPDATE t SET a = 2000000000")
