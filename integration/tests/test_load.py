"""A NOT NULL column with three indexes is altered under constant writes: no error, no long wait (traps 9, 10)."""
import threading

import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.lives import Life, key, some_small
from rig.oracle import Column, Link
from rig.waitwatch import WaitWatch
from rig.writers import Writers

BUSY = Life(
    name="busy",
    tables="""
        CREATE TABLE accounts (id int PRIMARY KEY, amount int NOT NULL DEFAULT 4 CHECK (amount >= 0), note text);
        CREATE INDEX one ON accounts (amount);
        CREATE INDEX two ON accounts (amount DESC, id);
        CREATE INDEX three ON accounts (note, amount) WHERE amount > 5;
        INSERT INTO accounts SELECT g, g % 500, 'quiet' FROM generate_series(100000, 140000) g;
    """,
    operations=[{"alter_column": {"table": "accounts", "column": "amount", "type": "bigint",
                                  "up": "amount::bigint * 10", "down": "(amount / 10)::int"}}],
    old=[key(), Column("amount", "amount", "int", some_small, True, 4),
         Column("note", "note", "text", lambda r: "n")],
    new=[key(), Column("amount", "wide", "bigint", some_small, True, 4), Column("note", "note", "text", lambda r: "n")],
    links=[Link(2, True, "wide", ("amount",), lambda v: v * 10),
           Link(2, False, "amount", ("wide",), lambda v: v // 10)],
)


@pytest.fixture
def busy(db, cli):
    db.tables(BUSY.tables)
    cli.run("baseline", "baseline")
    with WaitWatch(db) as watch, Writers(db, BUSY.shapes("public_baseline", "public_new"), BUSY.links) as writers:
        writers.fill(1)
        for path in ("right", "right", "absent", "misleading"):
            writers.add(1, path)
        yield writers
    print(f"longest wait {watch.longest:.3f} s")


def small_rows_only(db):
    """What the oracle knows nothing of: the quiet rows that only make the backfill long."""
    db.execute("DELETE FROM accounts WHERE id >= 100000")


def test_start_disturbs_no_writer(db, cli, busy):
    cli.start("new", BUSY.operations)
    busy.pause_until(50)
    assert db.rows("new", "SELECT count(*) FROM accounts WHERE id >= 100000 AND amount = id % 500 * 10") == [(40001,)]
    small_rows_only(db)
    busy.check(1, 2)


def test_start_with_two_workers_disturbs_no_writer(db, cli, busy):
    cli.start("new", BUSY.operations, "--workers", 2)
    assert db.rows("new", "SELECT count(*) FROM accounts WHERE id >= 100000 AND amount = id % 500 * 10") == [(40001,)]
    small_rows_only(db)
    busy.check(1, 2)


def test_complete_ends_the_old_app_cleanly_and_disturbs_no_new_one(db, cli, busy):
    cli.start("new", BUSY.operations)
    for path in ("right", "right", "absent", "misleading"):
        busy.add(2, path)
    busy.expect_end(1)
    cli.complete()
    busy.pause_until(100)
    small_rows_only(db)
    busy.check(2)


def test_rollback_ends_the_new_app_cleanly_and_disturbs_no_old_one(db, cli, busy):
    before = fingerprint(db)
    cli.start("new", BUSY.operations)
    for path in ("right", "right", "absent", "misleading"):
        busy.add(2, path)
    busy.pause_until(50)
    busy.expect_end(2)
    cli.rollback()
    busy.pause_until(100)
    small_rows_only(db)
    busy.check(1)
    assert fingerprint(db) == before


def test_clients_of_the_base_schema_with_a_prepared_select_star_see_at_most_0a000(db, cli):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)")
    errors, stop = [], threading.Event()

    def read():
        connection = db.connect("public")
        cursor = connection.cursor()
        cursor.execute("PREPARE all_of_it AS SELECT * FROM t")
        while not stop.wait(0.001):
            try:
                cursor.execute("EXECUTE all_of_it")
            except psycopg2.Error as error:
                errors.append(error.pgcode)
                if error.pgcode == "0A000":
                    cursor.execute("DEALLOCATE all_of_it; PREPARE all_of_it AS SELECT * FROM t")

    reader = threading.Thread(target=read)
    reader.start()
    with WaitWatch(db):
        cli.start("new", [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}}])
        cli.rollback()
    stop.set()
    reader.join()
    assert set(errors) <= {"0A000"}


def test_a_reader_that_stays_makes_us_give_up_with_5_and_nobody_queues(db, cli):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)")
    before = fingerprint(db)
    reader = db.connect("public", autocommit=False)
    reader.cursor().execute("SELECT * FROM t")
    starting = cli.spawn("start", cli.file("new", [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}}]))
    with WaitWatch(db), db.connect("public").cursor() as cursor:
        for _ in range(100):
            cursor.execute("UPDATE t SET a = a + 1 WHERE id = 1")
            cursor.execute("SELECT pg_sleep(0.02)")
    assert starting.poll() is None, "start did not wait for the reader"
    reader.rollback()
    assert starting.wait(60) == 0, starting.stderr.read()
    cli.rollback()
    assert fingerprint(db) == before
