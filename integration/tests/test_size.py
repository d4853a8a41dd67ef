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


def small_tables(db, number):
    """More than are read and compared at a time; their models are read and changed in parts."""
    for first in range(0, number, 100):
        db.execute(";".join(f"CREATE TABLE t{n} (id int PRIMARY KEY, a int, b text)"
                            for n in range(first, min(first + 100, number))))


def test_what_was_changed_by_hand_is_seen_in_any_of_many_tables(db, cli):
    small_tables(db, 1100)
    cli.run("baseline", "baseline")
    db.execute("ALTER TABLE t1099 ALTER COLUMN a SET DEFAULT 7; COMMENT ON COLUMN t3.b IS 'by hand';"
               " GRANT SELECT (id, a), INSERT (id) ON t1098 TO app; CREATE INDEX by_hand ON t2 (a);"
               " ALTER TABLE t5 ADD COLUMN extra int")
    started = cli.start("002", add_column("t1"))
    assert "column t5.extra is not part of version baseline" in started.text, repr(started)
    db.execute("INSERT INTO public_002.t1099 (id) VALUES (1)", role="owner")
    assert db.value("SELECT a FROM t1099", role="owner") == 7
    assert db.value("SELECT col_description('public_002.t3'::regclass, 3)", role="owner") == "by hand"
    db.execute("INSERT INTO public_002.t1098 (id) VALUES (1)", role="app")
    assert db.value("SELECT a FROM public_002.t1098", role="app") is None
    # A name that an index of a table that is not the migration's has.
    cli.start("003", [{"create_index": {"table": "t4", "name": "other", "columns": [{"column": "a"}]}}])
    refused = cli.start("004", [{"create_index": {"table": "t6", "name": "by_hand",
                                                  "columns": [{"column": "a"}]}}], expect=MIGRATION)
    assert "by_hand" in refused.text and "t2" in refused.text, repr(refused)


def test_the_models_of_many_tables_follow_every_command(db, cli):
    small_tables(db, 1100)
    cli.run("baseline", "baseline")
    before = fingerprint(db)
    cli.start("002", [{"drop_table": {"name": "t7"}}, {"rename_table": {"from": "t8", "to": "eight"}},
                      {"create_table": {"name": "fresh", "columns": [{"name": "id", "type": "int", "pk": True}]}},
                      {"rename_column": {"table": "t9", "from": "a", "to": "alpha"}}])
    cli.start("003", add_column("t10") + [{"drop_table": {"name": "t11"}}])
    assert db.columns("002", "eight") == db.columns("base", "t8") and "t7" not in tables_of(db, "002")
    cli.rollback("003")
    cli.rollback("002")
    assert fingerprint(db) == before
    cli.start("004", [{"rename_table": {"from": "t8", "to": "eight"}}, {"drop_table": {"name": "t7"}},
                      {"rename_column": {"table": "t9", "from": "a", "to": "alpha"}}])
    cli.start("005", add_column("t10"))
    cli.complete("baseline")
    cli.complete("004")
    assert db.columns("base", "t9") == db.columns("005", "t9") and "alpha" in str(db.columns("base", "t9"))
    assert "eight" in tables_of(db, "005") and not {"t7", "t8"} & tables_of(db, "005")
    # Nothing but what the commands made is in the models: a start finds no drift.
    assert "drift" not in cli.start("006", add_column("eight")).text
    assert tables_of(db, "006") == tables_of(db, "005")


def tables_of(db, version):
    return {name for name, in db.rows("base", "SELECT viewname FROM pg_views WHERE schemaname = 'public_" + version + "'")}
