"""Names of every kind, and names that are parts of one another (traps 23 to 26)."""
import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.cli import MIGRATION, STATE
from rig.database import quote

LONG = "n" * 63
NAMES = ["Order", "user id", 'a"b', "größe", "日本", "select", "x'y", "per%cent", "new", "old", "strict", LONG]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_for_table_column_constraint_and_index(db, cli, name):
    n = quote(name)
    # constraint and index share the table's name space, so theirs are one character longer or shorter
    other = quote(name[:-1] + "z" if name == LONG else name + "z")
    third = quote(name[:-1] + "y" if name == LONG else name + "y")
    db.tables(f"CREATE TABLE {n} ({n} int NOT NULL CONSTRAINT {other} CHECK ({n} > 0), b int);"
              f"CREATE INDEX {third} ON {n} ({n}); INSERT INTO {n} VALUES (1, 2)")
    before = fingerprint(db)
    cli.start("new", [
        {"alter_column": {"table": name, "column": name, "type": "bigint", "up": f"{n} + 1", "down": f"{n} - 1"}},
        {"add_column": {"table": name, "column": {"name": "c", "type": "text"}, "up": f"{n}::text"}}])
    assert db.rows("new", f"SELECT {n}, b, c FROM {n}") == [(2, 2, "2")]
    db.write("new", f"INSERT INTO {n} VALUES (10, 20, 'x')")
    db.write("baseline", f"UPDATE {n} SET {n} = 6 WHERE {n} = 1")
    assert db.rows("baseline", f"SELECT {n} FROM {n} ORDER BY 1") == [(6,), (9,)]
    assert db.rows("new", f"SELECT {n} FROM {n} ORDER BY 1") == [(7,), (10,)]
    cli.rollback()
    assert fingerprint(db) == before
    cli.start("again", [{"alter_column": {"table": name, "column": name, "type": "bigint"}}])
    cli.complete()
    assert db.rows("again", f"SELECT {n} FROM {n} ORDER BY 1") == [(6,), (9,)]
    assert db.value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass"
                    " AND attname = %s", (f"public.{n}", name)) == "bigint"


TYPES = "CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN short AS varchar(9); CREATE TYPE span AS RANGE (subtype = int);"


@pytest.mark.parametrize("name", ["mood", "short", "span"])
def test_a_table_cannot_take_the_name_of_a_type(db, cli, unchanged, name):
    db.tables(TYPES + "CREATE TABLE t (a int)")
    unchanged.mark()
    for operation in ({"rename_table": {"from": "t", "to": name}},
                      {"create_table": {"name": name, "columns": [{"name": "a", "type": "int"}]}}):
        assert f'a type named "{name}"' in cli.start("new", [operation], expect=MIGRATION).err
    unchanged.check()


def test_a_type_made_in_flight_is_named_before_the_completion_begins(db, cli, unchanged):
    db.tables("CREATE TABLE t (a int); CREATE TABLE x (a int); INSERT INTO t VALUES (1)")
    cli.start("new", [{"rename_table": {"from": "t", "to": "mood"}}, {"rename_table": {"from": "x", "to": "_t"}}])
    db.execute("SET search_path = public; CREATE TYPE mood AS ENUM ('a')")
    unchanged.mark()
    assert 'type "mood"' in cli.complete(expect=STATE).err
    unchanged.check()
    db.execute("DROP TYPE public.mood")
    cli.complete()  # the array of a row type gives way by itself
    assert db.rows("base", "SELECT a FROM mood") == [(1,)] and db.columns("base", "_t") == ["a"]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_for_what_a_migration_makes_and_renames(db, cli, name):
    n = quote(name)
    index = name[:-1] + "i" if name == LONG else name + " i"
    check = name[:-1] + "c" if name == LONG else name + " c"
    db.tables("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2)")
    cli.start("new", [
        {"rename_column": {"table": "t", "from": "a", "to": name}},
        {"create_index": {"table": "t", "name": index, "columns": [{"column": name}]}},
        {"alter_column": {"table": "t", "column": name, "check": {"name": check, "constraint": f"{n} > 0"}}},
        {"rename_table": {"from": "t", "to": name}}])
    assert db.rows("new", f"SELECT {n}, b FROM {n}") == [(1, 2)]
    cli.complete()
    assert db.rows("base", f"SELECT {n}, b FROM {n}") == [(1, 2)]
    assert db.value("SELECT count(*) FROM pg_constraint WHERE conname = %s", (check,)) == 1
    assert db.value("SELECT count(*) FROM pg_class WHERE relname = %s AND relkind = 'i'", (index,)) == 1


def test_a_base_schema_and_a_state_schema_of_odd_names(server, tmp_path, pgstrata, db):
    from rig.cli import Cli
    db.schema = 'My "Schema"'
    db.execute(f"CREATE SCHEMA {quote(db.schema)}")
    db.tables("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    cli = Cli(db, tmp_path, state_schema="State Of-It")
    cli.start("new", [{"alter_column": {"table": "t", "column": "a", "type": "text"}}])
    assert db.rows("new", "SELECT a FROM t") == [("1",)]
    cli.complete()
    assert "State Of-It" in db.schemas() and "pgstrata" not in db.schemas()


def test_a_column_name_inside_other_names_functions_and_literals_is_left_alone(db, cli):
    db.tables("CREATE TABLE t (a int, ab int, lower text, b text); INSERT INTO t VALUES (1, 10, 'X', 'a.a')")
    cli.start("new", [
        {"alter_column": {"table": "t", "column": "a", "type": "text",
                          "up": "'a=' || a || ', ab=' || ab || lower(lower) || ' -- a'", "down": "ascii(a)"}},
        {"rename_column": {"table": "t", "from": "ab", "to": "abc"}}])
    assert db.rows("new", "SELECT * FROM t") == [("a=1, ab=10x -- a", 10, "X", "a.a")]


def test_names_that_collide_when_joined_do_not(db, cli):
    db.tables("CREATE TABLE a (b_c int); CREATE TABLE a_b (c int); CREATE TABLE \"_m\" (a int);"
              "INSERT INTO a VALUES (1); INSERT INTO a_b VALUES (2); INSERT INTO \"_m\" VALUES (3)")
    before = fingerprint(db)
    cli.start("new", [
        {"alter_column": {"table": "a", "column": "b_c", "type": "text", "up": "'a' || b_c", "down": "2"}},
        {"alter_column": {"table": "a_b", "column": "c", "type": "text", "up": "'b' || c", "down": "3"}},
        {"alter_column": {"table": "_m", "column": "a", "type": "text", "up": "'m' || a", "down": "4"}}])
    assert db.rows("new", "SELECT b_c FROM a") + db.rows("new", "SELECT c FROM a_b") == [("a1",), ("b2",)]
    assert db.rows("new", "SELECT * FROM _m") == [("m3",)]
    db.write("new", "UPDATE _m SET a = 'x'; UPDATE a SET b_c = 'x'")
    assert db.rows("baseline", "SELECT * FROM _m") == [(4,)]
    assert db.rows("baseline", "SELECT * FROM a") == [(2,)]
    cli.rollback()
    assert fingerprint(db) == before


def test_generated_names_of_63_byte_names_do_not_replace_each_other(db, cli):
    one, two = "c" * 62 + "1", "c" * 62 + "2"
    db.tables(f"CREATE TABLE {LONG} (id int PRIMARY KEY, {one} int, {two} int);"
              f"CREATE INDEX {'i' * 62}1 ON {LONG} ({one}); CREATE INDEX {'i' * 62}2 ON {LONG} ({two});"
              f"INSERT INTO {LONG} VALUES (1, 10, 20)")
    before = fingerprint(db)
    operations = [{"alter_column": {"table": LONG, "column": c, "type": "text", "up": f"'<' || {c}", "down": "7"}}
                  for c in (one, two)]
    cli.start("new", operations)
    assert db.rows("new", f"SELECT {one}, {two} FROM {LONG}") == [("<10", "<20")]
    cli.rollback()
    assert fingerprint(db) == before
    cli.start("new2", operations)
    cli.complete()
    assert db.rows("base", f"SELECT {one}, {two} FROM {LONG}") == [("<10", "<20")]
    assert db.value("SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass AND indisvalid", (LONG,)) == 3


def test_columns_of_a_version_keep_their_order_and_keep_it_after_complete(db, cli):
    db.tables("CREATE TABLE t (a int, b int, c int, d int); INSERT INTO t VALUES (1, 2, 3, 4)")
    cli.start("new", [
        {"alter_column": {"table": "t", "column": "b", "type": "text"}},
        {"add_column": {"table": "t", "column": {"name": "e", "type": "int", "default": "5"}}},
        {"drop_column": {"table": "t", "column": "c", "down": "0"}},
        {"rename_column": {"table": "t", "from": "a", "to": "z"}}])
    assert db.columns("new", "t") == ["z", "b", "d", "e"]
    assert db.columns("baseline", "t") == ["a", "b", "c", "d"]
    assert db.rows("new", "SELECT * FROM t") == [(1, "2", 4, 5)]
    db.write("new", "INSERT INTO t VALUES (10, '20', 40, 50)")
    assert db.rows("baseline", "SELECT * FROM t WHERE a = 10") == [(10, 20, 0, 40)]
    cli.complete()
    assert db.columns("new", "t") == ["z", "b", "d", "e"]
    cli.start("next", [{"add_column": {"table": "t", "column": {"name": "f", "type": "int", "nullable": True}}}])
    assert db.columns("next", "t") == ["z", "b", "d", "e", "f"]
    assert db.rows("next", "SELECT * FROM t WHERE z = 1") == [(1, "2", 4, 5, None)]


@pytest.mark.parametrize("name", ["strict", "loop", "begin"])
def test_a_keyword_of_plpgsql_may_be_a_column_under_a_rule(db, cli, name):
    db.tables(f'CREATE TABLE t (id int PRIMARY KEY, "{name}" int DEFAULT 5); INSERT INTO t VALUES (1, 1)')
    cli.start("new", [{"alter_column": {"table": "t", "column": name, "nullable": False}}])
    db.write("new", f'INSERT INTO t VALUES (2, 2); UPDATE t SET "{name}" = 3')
    with pytest.raises(psycopg2.errors.NotNullViolation):
        db.write("new", f'UPDATE t SET "{name}" = NULL')
    db.write("baseline", f'UPDATE t SET "{name}" = NULL WHERE id = 1')
