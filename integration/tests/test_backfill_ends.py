"""A backfill ends however many rows come in meanwhile, and whatever happens to the table's file (trap 17)."""
import contextlib
import threading
import time

import psycopg2

from rig.waitwatch import WaitWatch

WIDE = [{"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a::bigint * 10", "down": "a / 10"}}]
TABLES = """
CREATE TABLE t (id bigserial PRIMARY KEY, a int NOT NULL, pad text DEFAULT repeat('x', 200));
INSERT INTO t (a) SELECT g % 1000 FROM generate_series(1, 8000) g;
"""


@contextlib.contextmanager
def inserting(db, clients=3):
    """Clients that insert as fast as they can, each value once."""
    errors, stop, done = [], threading.Event(), [0] * clients

    def insert(number):
        with contextlib.closing(db.connect("public_baseline")) as connection:
            cursor = connection.cursor()
            while not stop.is_set():
                try:
                    cursor.execute("INSERT INTO t (a) SELECT g FROM generate_series(1, 20) g")
                    done[number] += 20
                except psycopg2.Error as error:
                    errors.append(error)
                    return

    threads = [threading.Thread(target=insert, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not errors, errors[0]


def until_filled(db, starting, rows):
    deadline = time.monotonic() + 30
    while not db.value("SELECT coalesce(sum(filled), 0) >= %s FROM pgstrata.backfill_chunks", (rows,)):
        assert starting.poll() is None and time.monotonic() < deadline, starting.stderr.read()
        time.sleep(0.02)


def test_a_backfill_ends_while_rows_are_inserted_faster_than_it_fills(db, cli):
    db.tables(TABLES)
    cli.run("baseline", "baseline")
    with WaitWatch(db), inserting(db) as done:
        cli.start("new", WIDE, "--max-rate", 4000, timeout=60)
    assert sum(done) > 8000, "the inserts were slower than the backfill: the test shows nothing"
    total = 8000 + sum(done)
    assert db.rows("new", "SELECT count(*), count(a) FROM t") == [(total, total)]
    assert db.value("SELECT count(*) FROM public_new.t n JOIN public_baseline.t o USING (id) WHERE n.a <> o.a * 10") == 0
    assert db.value("SELECT sum(filled) FROM pgstrata.backfill_chunks") < total, "it filled what came in shape"


def test_a_table_rewritten_in_mid_backfill_is_filled_to_the_end(db, cli):
    db.tables(TABLES)
    cli.run("baseline", "baseline")
    cli.run("init")
    starting = cli.spawn("start", cli.file("new", WIDE), "--max-rate", 4000, "--workers", 2)
    until_filled(db, starting, 1000)
    db.execute("VACUUM FULL t", path="public")
    _, err = starting.communicate(timeout=60)
    assert starting.returncode == 0, err
    assert db.value("SELECT count(*) FROM public_new.t n JOIN public_baseline.t o USING (id) WHERE n.a = o.a * 10") == 8000
