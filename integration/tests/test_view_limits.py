"""What PostgreSQL 15 cannot do through a view, whoever made it: the README's limits, each pinned (trap 43)."""
import io

import psycopg2
import pytest

TABLES = """
CREATE TABLE t (id int CONSTRAINT t_key PRIMARY KEY, a int, b text);
INSERT INTO t VALUES (1, 5, 'x'), (2, 6, 'y');
"""
OPERATIONS = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}}]

LIMITS = {
    "ON CONFLICT ON CONSTRAINT": "INSERT INTO t VALUES (1, '5', 'x') ON CONFLICT ON CONSTRAINT t_key DO NOTHING",
    "GROUP BY the key with other columns": "SELECT id, b FROM t GROUP BY id",
    "TRUNCATE": "TRUNCATE t",
    "xmin": "SELECT xmin FROM t",
    "TABLESAMPLE": "SELECT * FROM t TABLESAMPLE SYSTEM (100)",
    "WHERE CURRENT OF": "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM t; FETCH c; DELETE FROM t WHERE CURRENT OF c",
    "SET CONSTRAINTS by name": "SET CONSTRAINTS t_key IMMEDIATE",
    "MERGE": "MERGE INTO t USING (VALUES (1)) AS s(i) ON id = s.i WHEN MATCHED THEN DELETE",
}
INSTEAD = {
    "ON CONFLICT ON CONSTRAINT": "INSERT INTO t VALUES (1, '5', 'x') ON CONFLICT (id) DO NOTHING",
    "GROUP BY the key with other columns": "SELECT id, b FROM t GROUP BY id, b",
    "TRUNCATE": "DELETE FROM t",
    "SET CONSTRAINTS by name": "SET CONSTRAINTS ALL IMMEDIATE",
}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("stage", ["in flight", "idle"])
def test_a_view_cannot(flight, cli, limit, stage):
    db = flight(TABLES, OPERATIONS)
    db.execute("GRANT TRUNCATE ON t TO app")
    if stage == "idle":
        cli.complete()
    with pytest.raises(psycopg2.Error) as error:
        db.write("new", LIMITS[limit])
    assert error.value.pgcode in ("42809", "42803", "42703", "0A000", "42704"), error.value
    if limit in INSTEAD:
        db.write("new", INSTEAD[limit])


def test_a_view_cannot_copy_from(flight):
    db = flight(TABLES, OPERATIONS)
    with db.connect("public_new").cursor() as cursor, pytest.raises(psycopg2.Error) as error:
        cursor.copy_expert("COPY t FROM STDIN", io.StringIO("3\t7\tz\n"))
    assert error.value.pgcode == "42809"


def test_copy_from_works_on_the_base_table(flight):
    db = flight(TABLES, OPERATIONS)
    with db.connect("public").cursor() as cursor:
        cursor.copy_expert("COPY t (id, a, b) FROM STDIN", io.StringIO("3\t7\tz\n"))
    assert db.rows("new", "SELECT * FROM t WHERE id = 3") == [(3, "7", "z")]


def test_copy_to_works_from_a_query_over_the_view(flight):
    db = flight(TABLES, OPERATIONS)
    out = io.StringIO()
    with db.connect("public_new").cursor() as cursor:
        cursor.copy_expert("COPY (SELECT * FROM t ORDER BY id) TO STDOUT", out)
    assert out.getvalue() == "1\t5\tx\n2\t6\ty\n"


def test_select_for_update_and_nowait_work_through_the_view(flight):
    db = flight(TABLES, OPERATIONS)
    one = db.connect("public_new", autocommit=False)
    one.cursor().execute("SELECT * FROM t WHERE id = 1 FOR UPDATE")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        db.rows("baseline", "SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT")
