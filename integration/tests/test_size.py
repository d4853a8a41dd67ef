"""Wide tables and many of them (trap 39). What is measured rather than true or false stands in ./bench."""
import os
import threading
import time

import pytest

from rig.catalog import fingerprint
from rig.cli import MIGRATION

LONG = bool(os.environ.get("PGSTRATA_LONG"))


def wide_table(db, name, columns):
    db.tables(f"CREATE TABLE {name} (id int PRIMARY KEY, " + ", ".join(f"c{n} int" for n in range(1, columns)) + ")")


def add_column(table, name="extra"):
    return [{"add_column": {"table": table, "column": {"name": name, "type": "text", "nullable": True}}}]


WIDEN = [{"alter_column": {"table": "wide", "column": "c7", "type": "bigint", "up": "c7 * 2", "down": "c7 / 2"}}]


def test_a_table_of_1000_columns_goes_through_start_and_complete(db, cli):
    wide_table(db, "wide", 1000)
    db.execute("INSERT INTO wide (id, c7) SELECT i, i FROM generate_series(1, 100) i")
    began = time.monotonic()
    cli.start("002", WIDEN + add_column("wide"))
    db.write("baseline", "UPDATE wide SET c7 = 500 WHERE id = 1")
    assert db.rows("002", "SELECT c7, c999 FROM wide WHERE id = 1") == [(1000, None)]
    cli.complete()
    assert time.monotonic() - began < 30
    assert len(db.columns("base", "wide")) == 1001


@pytest.mark.parametrize("dropped", [0, 5])
def test_the_limit_of_1600_columns_is_named_before_anything_changes(db, cli, dropped):
    wide_table(db, "wide", 1599)
    for n in range(1, dropped + 1):  # PostgreSQL counts them: their numbers are never given again
        db.execute(f"ALTER TABLE wide DROP COLUMN c{n + 100}")
    cli.run("baseline", "baseline")
    before = fingerprint(db)
    for command in ("plan", "start"):
        result = cli.run(command, cli.file("002", WIDEN), expect=MIGRATION)  # a twin and the marker
        assert "wide" in result.text and "1600" in result.text and "1601" in result.text, repr(result)
    assert fingerprint(db) == before
    cli.start("003", add_column("wide"))


def test_a_new_table_of_1601_columns_is_refused(db, cli):
    db.tables("CREATE TABLE small (id int PRIMARY KEY)")
    cli.run("baseline", "baseline")
    columns = [{"name": f"c{n}", "type": "int", "nullable": True} for n in range(1601)]
    result = cli.start("002", [{"create_table": {"name": "wide", "columns": columns}}], expect=MIGRATION)
    assert "1600" in result.text and "wide" in result.text, repr(result)


class LockCount(threading.Thread):
    """The most entries that one session of ours has had in the shared lock table."""

    def __init__(self, db):
        super().__init__(daemon=True)
        self.connection = db.connect(role="postgres")
        self.ended, self.most, self.looks = threading.Event(), 0, 0

    def run(self):
        with self.connection.cursor() as cursor:
            while not self.ended.is_set():
                cursor.execute("SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM pg_locks l"
                               " JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE 'pgstrata%'"
                               " AND NOT l.fastpath GROUP BY l.pid) per_session")
                self.most = max(self.most, cursor.fetchone()[0])
                self.looks += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


@pytest.mark.parametrize("tables", [1000, pytest.param(10000, marks=pytest.mark.skipif(not LONG, reason="--long"))])
def test_many_tables_hold_few_locks_at_once(db, cli, tables):
    columns = ", ".join(f"c{n} int" for n in range(1, 20))
    for first in range(0, tables, 100):
        db.execute(";".join(f"CREATE TABLE t{n} (id int PRIMARY KEY, {columns})"
                            for n in range(first, min(first + 100, tables))))
    with LockCount(db) as locks:
        cli.run("baseline", "baseline")
        cli.start("002", add_column("t1"))
        assert db.value("SELECT count(*) FROM pg_views WHERE schemaname = 'public_002'") == tables
        cli.complete()
    assert locks.looks > 20
    # The table has 64 * 150 slots here, which all sessions share; a version has three locks per table.
    assert locks.most < 1000
    assert db.schemas() == {"public", "public_002", "pgstrata"}
