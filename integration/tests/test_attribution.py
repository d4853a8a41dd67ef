"""Which version wrote: from the view, from the changed columns, and only then from the path (traps 1 to 6).

`shout` is computed from the shared column `note`: after an update of `note` alone, only the path can tell
whether the old app wrote (shout follows) or the new one (shout is its own business and stays).
"""
import psycopg2
import pytest


TABLES = """
CREATE TABLE users (id int PRIMARY KEY, name text, age int DEFAULT 18, note text);
INSERT INTO users VALUES (1, 'Ada Lovelace', 36, 'n');
"""
OPERATIONS = [
    {"alter_column": {"table": "users", "column": "name", "type": "text",
                      "up": "upper(name)", "down": "lower(left(name, 3))"}},
    {"add_column": {"table": "users", "up": "upper(note) || '!'",
                    "column": {"name": "shout", "type": "text", "nullable": True}}},
]


def shout(db, version="new"):
    return db.rows(version, "SELECT shout FROM users WHERE id = 1")[0][0]


def write_note(connection, table="users"):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET note = 'changed' WHERE id = 1")


PATHS = ["{}", '"$user", {}, public', "{}, public", "missing, {}", "pg_catalog, {}", "pg_temp, {}", "{}, {other}"]


@pytest.mark.parametrize("path", PATHS)
def test_the_first_version_on_the_path_is_the_writer(flight, path):
    db = flight(TABLES, OPERATIONS)
    for version, other, expected in [("new", "baseline", "N!"), ("baseline", "new", "CHANGED!")]:
        connection = db.connect()
        connection.cursor().execute("SET search_path = " + path.format(
            db.version_schema(version), other=db.version_schema(other)))
        write_note(connection)
        assert shout(db) == expected
        db.write("new", "UPDATE users SET note = 'n', shout = 'N!'")


def test_the_base_schema_before_a_version_on_the_path_is_the_oldest_writer(flight):
    db = flight(TABLES, OPERATIONS)
    connection = db.connect()
    connection.cursor().execute("SET search_path = public, public_new")
    write_note(connection)
    assert shout(db) == "CHANGED!"


@pytest.mark.parametrize("how", ["role", "database", "options", "set local"])
def test_the_path_may_be_set_where_postgresql_lets_it_be_set(flight, how):
    db = flight(TABLES, OPERATIONS)
    extra = {}
    if how == "role":
        db.execute(f"ALTER ROLE app IN DATABASE {db.name} SET search_path = public_new", role="postgres")
    if how == "database":
        db.execute(f"ALTER DATABASE {db.name} SET search_path = public_new", role="postgres")
    if how == "options":
        extra = {"options": "-c search_path=public_new"}
    with psycopg2.connect(db.url("app"), **extra) as connection, connection.cursor() as cursor:
        if how == "set local":
            cursor.execute("SET LOCAL search_path = public_new")
        cursor.execute("UPDATE users SET note = 'changed' WHERE id = 1")
    connection.close()
    assert shout(db) == "N!"


NAMES = ["Quoted-Upper", "with space", 'a"b', "grün", "select", "x" * (63 - len("public_"))]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_version_of_any_name_is_recognised_on_the_path(flight, name):
    db = flight(TABLES, OPERATIONS, name=name)
    db.write(name, "UPDATE users SET note = 'changed' WHERE id = 1")
    assert shout(db, name) == "N!"
    db.write(name, "INSERT INTO users (id, name) VALUES (2, 'Grace')")
    assert db.rows("baseline", "SELECT name FROM users WHERE id = 2") == [("gra",)]
    db.write("baseline", "UPDATE users SET note = 'again' WHERE id = 1")
    assert shout(db, name) == "AGAIN!"


@pytest.mark.parametrize("version, seen_by_old, seen_by_new", [
    ("new", ("zoe", 18), ("Zoe Q", 18)), ("baseline", ("Zoe Q", 18), ("ZOE Q", 18))])
@pytest.mark.parametrize("path", ["pg_catalog", "pg_catalog, public_baseline", "pg_catalog, public_new"])
def test_a_hardened_function_that_names_the_view_writes_as_that_version(
        flight, version, seen_by_old, seen_by_new, path):
    db = flight(TABLES, OPERATIONS)
    db.execute(f"""
        CREATE SCHEMA api; GRANT USAGE ON SCHEMA api TO app;
        CREATE FUNCTION api.add_user() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = {path} AS
          $$ INSERT INTO public_{version}.users (id, name) VALUES (2, 'Zoe Q') $$;
        CREATE FUNCTION api.rename() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = {path} AS
          $$ UPDATE public_{version}.users SET name = 'Zoe Q' WHERE id = 1 $$;""", role="postgres")
    db.execute("SELECT api.add_user(), api.rename()", role="app")
    assert db.rows("baseline", "SELECT name, age FROM users WHERE id = 2") == [seen_by_old]
    assert db.rows("new", "SELECT name, age FROM users WHERE id = 2") == [seen_by_new]
    assert db.rows("baseline", "SELECT name FROM users WHERE id = 1") == [seen_by_old[:1]]
    assert db.rows("new", "SELECT name FROM users WHERE id = 1") == [seen_by_new[:1]]


@pytest.mark.parametrize("path", ["public_baseline", "", "pg_catalog", "nowhere"])
def test_a_qualified_statement_counts_for_the_version_it_names(flight, path):
    db = flight(TABLES, OPERATIONS)
    with db.connect(path).cursor() as cursor:
        cursor.execute("INSERT INTO public_new.users VALUES (2, 'Grace', 45, 'x', 'own')")
        cursor.execute("UPDATE public_new.users SET name = 'Countess' WHERE id = 1")
    assert db.rows("baseline", "SELECT name FROM users ORDER BY id") == [("cou",), ("gra",)]
    assert db.rows("new", "SELECT name, shout FROM users WHERE id = 2") == [("Grace", "own")]
    with db.connect("public_new").cursor() as cursor:
        cursor.execute("INSERT INTO public_baseline.users VALUES (3, 'Mary', 45, 'x')")
        cursor.execute("UPDATE public_baseline.users SET name = 'Ada' WHERE id = 1")
    assert db.rows("new", "SELECT name, shout FROM users WHERE id IN (1, 3) ORDER BY id") == \
        [("ADA", "N!"), ("MARY", "X!")]


def test_explicit_nulls_through_the_new_version_are_not_taken_for_missing_values(flight):
    db = flight(TABLES, OPERATIONS)
    with db.connect("").cursor() as cursor:
        cursor.execute("INSERT INTO public_new.users VALUES (2, NULL, NULL, 'x', NULL)")
    assert db.rows("new", "SELECT * FROM users WHERE id = 2") == [(2, None, None, "x", None)]
    assert db.rows("baseline", "SELECT * FROM users WHERE id = 2") == [(2, None, None, "x")]


def test_an_old_app_that_updates_another_column_keeps_what_the_new_app_wrote(flight):
    db = flight(TABLES, OPERATIONS)
    db.write("new", "UPDATE users SET name = 'Augusta Ada' WHERE id = 1")
    db.write("baseline", "UPDATE users SET age = 37 WHERE id = 1")
    assert db.rows("new", "SELECT name, age FROM users WHERE id = 1") == [("Augusta Ada", 37)]


def test_an_orm_that_writes_back_all_columns_unchanged_changes_nothing(flight):
    db = flight(TABLES, OPERATIONS)
    db.write("new", "UPDATE users SET name = 'Augusta Ada', shout = 'mine' WHERE id = 1")
    row = db.rows("baseline", "SELECT id, name, age, note FROM users WHERE id = 1")[0]
    db.write("baseline", "UPDATE users SET id = %s, name = %s, age = %s, note = %s WHERE id = 1", row)
    assert db.rows("new", "SELECT name, shout FROM users WHERE id = 1") == [("Augusta Ada", "mine")]
    db.write("baseline", "UPDATE users SET id = %s, name = %s, age = 40, note = %s WHERE id = 1",
             (row[0], row[1], row[3]))
    assert db.rows("new", "SELECT name, age, shout FROM users WHERE id = 1") == [("Augusta Ada", 40, "mine")]


def test_a_value_that_is_equal_but_not_the_same_is_translated(flight):
    db = flight("CREATE TABLE t (id int PRIMARY KEY, a numeric); INSERT INTO t VALUES (1, 1.0)",
                [{"alter_column": {"table": "t", "column": "a", "type": "text",
                                    "up": "a::text", "down": "a::numeric"}}])
    db.write("baseline", "UPDATE t SET a = 1.00")
    assert db.rows("new", "SELECT a FROM t") == [("1.00",)]


WRITES = {
    "upsert that inserts": (
        "INSERT INTO users (id, name) VALUES (9, 'Zoe') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name", 9),
    "upsert that updates": (
        "INSERT INTO users (id, name) VALUES (1, 'Zoe') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name", 1),
    "update returning": ("UPDATE users SET name = 'Zoe' WHERE id = 1 RETURNING name", 1),
    "update from": ("UPDATE users SET name = s.n FROM (VALUES (1, 'Zoe')) AS s(i, n) WHERE id = s.i", 1),
    "writable CTE": ("WITH w AS (UPDATE users SET name = 'Zoe' WHERE id = 1 RETURNING id) SELECT * FROM w", 1),
    "CTE that moves": (
        "WITH d AS (DELETE FROM users WHERE id = 1 RETURNING *) INSERT INTO users (id, name) SELECT 8, 'Zoe' FROM d", 8),
    "multi-row insert": ("INSERT INTO users (id, name) VALUES (8, 'Zoe'), (9, 'Zoe')", 9),
}


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("writer, old, new", [("baseline", "Zoe", "ZOE"), ("new", "zoe", "Zoe")])
def test_every_kind_of_statement_is_translated_for_the_other_version(flight, kind, writer, old, new):
    db = flight(TABLES, OPERATIONS)
    sql, key = WRITES[kind]
    db.write(writer, sql)
    assert db.rows("baseline", "SELECT name FROM users WHERE id = %s", (key,)) == [(old,)]
    assert db.rows("new", "SELECT name FROM users WHERE id = %s", (key,)) == [(new,)]


def test_set_default_takes_the_default_of_the_version_that_is_written(flight):
    db = flight("CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 5); INSERT INTO t VALUES (1, 0), (2, 0)",
                [{"alter_column": {"table": "t", "column": "a", "type": "bigint", "default": "70",
                                   "up": "a * 10", "down": "a / 10"}}])
    db.write("baseline", "UPDATE t SET a = DEFAULT WHERE id = 1")
    db.write("new", "UPDATE t SET a = DEFAULT WHERE id = 2")
    assert db.rows("baseline", "SELECT a FROM t ORDER BY id") == [(5,), (7,)]
    assert db.rows("new", "SELECT a FROM t ORDER BY id") == [(50,), (70,)]
    db.write("new", "INSERT INTO t (id) VALUES (3)")
    db.write("baseline", "INSERT INTO t (id) VALUES (4)")
    assert db.rows("baseline", "SELECT a FROM t WHERE id > 2 ORDER BY id") == [(7,), (5,)]
    assert db.rows("new", "SELECT a FROM t WHERE id > 2 ORDER BY id") == [(70,), (50,)]


def test_a_translation_is_not_shadowed_by_functions_on_the_writers_path(flight):
    db = flight(TABLES, OPERATIONS)
    db.execute("CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO app;"
               "CREATE FUNCTION evil.upper(text) RETURNS text LANGUAGE sql AS $$ SELECT 'SHADOWED' $$")
    connection = db.connect()
    connection.cursor().execute("SET search_path = evil, pg_catalog")
    connection.cursor().execute("UPDATE public_baseline.users SET name = 'Bea' WHERE id = 1")
    assert db.rows("new", "SELECT name FROM users WHERE id = 1") == [("BEA",)]


def test_the_marker_is_not_an_apps_business(flight):
    db = flight(TABLES, OPERATIONS)
    assert db.columns("new", "users") == ["id", "name", "age", "note", "shout"]
    assert db.columns("baseline", "users") == ["id", "name", "age", "note"]
    assert "_m" in db.columns("base", "users")
