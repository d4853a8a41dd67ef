"""Rows that arrive by other ways than a plain insert, and writers on the base schema (traps 7 and 8)."""
import pytest

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, a int);
INSERT INTO t SELECT g, g FROM generate_series(1, 20) g;
"""
OPERATIONS = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a", "down": "length(a)"}}]


def both(db, where="true"):
    return (db.rows("baseline", f"SELECT a FROM t WHERE {where} ORDER BY id"),
            db.rows("new", f"SELECT a FROM t WHERE {where} ORDER BY id"))


def test_a_re_keyed_row_keeps_both_shapes(flight):
    db = flight(TABLES, OPERATIONS)
    db.write("new", "UPDATE t SET a = 'hello' WHERE id = 1")
    db.write("baseline", "UPDATE t SET id = 101 WHERE id = 1")
    assert both(db, "id = 101") == ([(5,)], [("hello",)])


@pytest.mark.parametrize("version, expected", [("baseline", ([(7,)], [("v7",)])), ("new", ([(2,)], [("v7",)]))])
def test_a_deleted_and_re_inserted_row_is_a_new_row(flight, version, expected):
    db = flight(TABLES, OPERATIONS)
    db.write("new", "UPDATE t SET a = NULL WHERE id = 1")
    with db.connect(db.version_schema(version)).cursor() as cursor:
        cursor.execute("DELETE FROM t WHERE id = 1")
        cursor.execute("INSERT INTO t VALUES (1, %s)", (7 if version == "baseline" else "v7",))
    assert both(db, "id = 1") == expected


def test_rows_copied_out_of_the_base_table_and_restored_come_back_as_they_were(flight):
    db = flight(TABLES, OPERATIONS)
    db.write("new", "UPDATE t SET a = NULL WHERE id < 5; UPDATE t SET a = 'hello' WHERE id = 6")
    before = both(db)
    db.execute("CREATE TABLE copy AS TABLE t; DELETE FROM t; INSERT INTO t SELECT * FROM copy; DROP TABLE copy")
    assert both(db) == before


def test_rows_copied_out_before_the_start_are_translated_when_restored_later(db, cli):
    db.tables(TABLES + "CREATE TABLE copy AS TABLE t;")
    cli.start("new", OPERATIONS)
    db.execute("DELETE FROM t; INSERT INTO t (id, a) SELECT id, a FROM copy")
    assert both(db, "id = 3") == ([(3,)], [("v3",)])


def test_rows_copied_out_in_flight_and_restored_after_complete_and_a_later_start_are_right(db, cli):
    db.tables(TABLES)
    cli.start("new", OPERATIONS)
    db.write("new", "UPDATE t SET a = 'hello' WHERE id = 1")
    db.execute("CREATE TABLE copy AS TABLE public_new.t")
    cli.complete()
    cli.start("later", [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a || '!'",
                                   "down": "rtrim(a, '!')"}}])
    db.execute("DELETE FROM t; INSERT INTO public_new.t SELECT * FROM copy")
    assert db.rows("new", "SELECT a FROM t WHERE id = 1") == [("hello",)]
    assert db.rows("later", "SELECT a FROM t WHERE id = 1") == [("hello!",)]


def test_a_write_to_the_base_table_is_the_oldest_versions(flight):
    db = flight(TABLES, OPERATIONS)
    db.write("base", "INSERT INTO t (id, a) VALUES (50, 50); UPDATE t SET a = 51 WHERE id = 2")
    assert both(db, "id IN (2, 50)") == ([(51,), (50,)], [("v51",), ("v50",)])


def test_copy_into_the_base_table_is_translated(flight):
    import io
    db = flight(TABLES, OPERATIONS)
    with db.connect("public").cursor() as cursor:
        cursor.copy_expert("COPY t (id, a) FROM STDIN", io.StringIO("60\t600\n61\t\\N\n"))
    assert both(db, "id >= 60") == ([(600,), (None,)], [("v600",), (None,)])


def physical_twin(db):
    """The physical column that only the new version shows."""
    return next(c for c in db.columns("base", "t") if c not in ("id", "a", "_m"))


def test_an_apply_that_sets_both_physical_columns_keeps_what_it_is_given(flight):
    db = flight(TABLES, OPERATIONS)
    db.execute(f'INSERT INTO t (id, a, "{physical_twin(db)}") VALUES (70, 7, \'given\')')
    assert both(db, "id = 70") == ([(7,)], [("given",)])
    db.execute(f'UPDATE t SET a = 8, "{physical_twin(db)}" = \'too\' WHERE id = 70')
    assert both(db, "id = 70") == ([(8,)], [("too",)])


def test_sync_happens_in_sessions_that_apply_a_replication_stream(flight):
    db = flight(TABLES, OPERATIONS)
    db.execute("SET session_replication_role = replica; UPDATE public.t SET a = 99 WHERE id = 1;"
               "INSERT INTO public.t (id, a) VALUES (80, 80)", role="postgres")
    assert both(db, "id IN (1, 80)") == ([(99,), (80,)], [("v99",), ("v80",)])


def test_a_table_without_primary_key_is_filled_and_synchronised(flight):
    db = flight("CREATE TABLE t (id int, a int); INSERT INTO t SELECT 1, 5 FROM generate_series(1, 100)", OPERATIONS)
    assert db.rows("new", "SELECT DISTINCT a FROM t") == [("v5",)]
    db.write("new", "UPDATE t SET a = 'xx'")
    assert db.rows("baseline", "SELECT DISTINCT a FROM t") == [(2,)]
