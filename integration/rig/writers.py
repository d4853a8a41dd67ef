"""Real concurrent writers on the live versions, and the comparison with the oracle at the end.

The keys are dealt into partitions, each with a lock and an oracle of its own. A writer holds the lock of one
partition for the length of a transaction, so every version writes every row, concurrently with the engine
and with writers of other partitions, and the result is still known row by row.
"""
import random
import threading
import time

import psycopg2

from rig.database import quote
from rig.oracle import Oracle, image
from rig.session import GONE, SERIALIZATION, Session, patiently, settle_doubt
from rig.statements import Maker, insert

PATHS = ("right", "absent", "misleading")


class Partition:
    def __init__(self, oracle, keys):
        self.lock, self.oracle, self.keys = threading.Lock(), oracle, keys


class Writers:
    """Starts, stops and checks writers of one table.

    `shapes` and `links` are the oracle's; `begin` and `end` follow the chain. `add(w)` starts a writer of version
    w; `expect_end(w)` allows 42P01 to the writers of w from now on, because the test is about to retire that
    version. While `outage` is set the server may go: writers then connect again and find out what became of
    their last transaction.
    """

    def __init__(self, database, shapes, links, physical_defaults=None, partitions=8, keys=12, seed=None, role="app"):
        self.database, self.role = database, role
        self.seed = random.randrange(1 << 32) if seed is None else seed
        self.shapes = {s.ordinal: s for s in shapes}
        self.partitions = [Partition(Oracle(shapes, links, physical_defaults), range(p * keys, (p + 1) * keys))
                           for p in range(partitions)]
        self.failures, self.ending, self.returning, self.threads = [], set(), set(), []
        self.gone = set()
        self.committed, self.reconnects, self.started = 0, 0, 0
        self.done, self.outage = threading.Event(), threading.Event()
        self._count = threading.Lock()

    def fill(self, w, schema=None, every=2):
        """Every second key, written through version w, so that there is something to fill."""
        rng = random.Random(self.seed)
        session = Session(self.database, quote(schema or self.shapes[w].schema), self.role)
        for partition in self.partitions:
            for key in partition.keys[::every]:
                maker = Maker(partition.oracle, w, rng, [key])
                sql, effect = insert(maker)
                session.execute(sql)
                effect()
        session.connection.close()

    def begin(self, shape, links):
        """A version is about to start: from now on the oracle knows it."""
        for partition in self.partitions:
            with partition.lock:
                partition.oracle.begin_version(shape, links)
        self.shapes[shape.ordinal] = shape

    def end(self, ordinal, physical_defaults=None):
        """A version is gone, and nobody writes it any more."""
        for partition in self.partitions:
            with partition.lock:
                partition.oracle.end_version(ordinal, physical_defaults)
        del self.shapes[ordinal]
        self.ending.discard(ordinal)

    def add(self, w, path="right", pause=0.0, schema=None):
        """`schema`: where to write instead of the version's own; the base schema, in the shape of the oldest."""
        self.started += 1
        thread = threading.Thread(target=self._write, args=(w, path, pause, self.started, schema), daemon=True)
        thread.version = w
        self.threads.append(thread)
        thread.start()

    def _path(self, rng, w, path, schema):
        if path == "right":
            return quote(schema or self.shapes[w].schema)
        if path == "absent":
            return "pg_catalog"
        return quote(rng.choice([s.schema for o, s in self.shapes.items() if o != w] or ["nowhere"]))

    def _write(self, w, path, pause, number, schema):
        rng = random.Random(self.seed * 1000 + number)
        session, gone = None, False
        try:
            session = patiently(lambda: Session(self.database, self._path(rng, w, path, schema), self.role), self.done)
            while not self.done.is_set() and w not in self.gone:
                partition = rng.choice(self.partitions)
                with partition.lock:
                    state = self._transaction(session, partition, w, path, rng, schema)
                if gone and state not in (GONE, "outage") and w in self.ending:
                    self.failures.append((w, "a retired version answered again", state))
                    return
                gone = state == GONE
                time.sleep(pause if not gone else 0.02)
        except Exception as error:
            self.failures.append((w, "a writer broke", repr(error)))
        finally:
            if session:
                session.connection.close()

    def _transaction(self, session, partition, w, path, rng, schema=None):
        """One transaction of one to three statements; its SQLSTATE, None if it went through."""
        oracle = partition.oracle
        before = {k: dict(r) for k, r in oracle.rows.items()}
        sql = effect = None
        try:
            count = rng.choice([1, 1, 1, 2, 3])
            repeatable = rng.random() < 0.1
            if count > 1 or repeatable:
                session.execute("BEGIN" + (" ISOLATION LEVEL REPEATABLE READ" if repeatable else ""))
            for _ in range(count):
                maker = Maker(oracle, w, rng, partition.keys, path == "right", schema)
                sql, effect = maker.statement()
                session.execute(sql)
                effect()
            if count > 1 or repeatable:
                undo = rng.random() < 0.15
                sql = "ROLLBACK" if undo else "COMMIT"
                if undo:
                    oracle.rows, sql = before, "ROLLBACK"
                session.execute(sql)
                if undo:
                    return None
            with self._count:
                self.committed += 1
            return None
        except psycopg2.Error as error:
            if self.outage.is_set() and session.lost(error):
                self._come_back(session, partition, before, sql, effect, count > 1 or repeatable)
                return "outage"
            oracle.rows = before
            self._give_up_transaction(session)
            tolerated = (error.pgcode == GONE and w in self.ending | self.returning) \
                or (error.pgcode == SERIALIZATION and repeatable)
            if not tolerated:
                self.failures.append((w, error.pgcode, str(error), sql))
                time.sleep(0.05)
            return error.pgcode

    def _give_up_transaction(self, session):
        try:
            session.execute("ROLLBACK")
        except psycopg2.Error as error:
            if not (self.outage.is_set() and session.lost(error)):
                raise
            session.reconnect(self.done)

    def _come_back(self, session, partition, before, sql, effect, in_transaction):
        """The connection is lost: did the transaction commit? Only a lost COMMIT leaves that open."""
        if in_transaction and sql != "COMMIT":
            partition.oracle.rows = before
        else:
            if effect and not in_transaction:
                effect()
            if not settle_doubt(self.database, self.shapes, partition, before, self.done):
                self.failures.append((None, "after an outage rows are neither as before nor as after", sql))
        session.reconnect(self.done)
        with self._count:
            self.reconnects += 1

    def expect_end(self, w):
        self.ending.add(w)

    def expect_return(self, w):
        """The version that is going, or gone, comes back: both are fine until the writers are stopped."""
        self.ending.discard(w)
        self.returning.add(w)

    def retire(self, w):
        """The version is gone while others are written: its writers stop, and nothing is translated to it."""
        self.gone.add(w)
        for thread in self.threads:
            if thread.version == w:
                thread.join(30)
        self.end(w)

    def pause_until(self, transactions):
        """Waits until the writers have committed that many more transactions, at most 20 s."""
        goal, deadline = self.committed + transactions, time.monotonic() + 20
        while self.committed < goal and not self.failures and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.committed >= goal, f"writers got stuck, seed {self.seed}: {self.failures[:3]}"

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join(30)
        assert not any(t.is_alive() for t in self.threads), "a writer hangs"
        self.threads, self.done = [], threading.Event()
        self.returning.clear()

    def check(self, *versions):
        """No writer failed, and each version shows what the oracle says. Writers are stopped."""
        self.stop()
        assert not self.failures, f"seed {self.seed}: {len(self.failures)} errors, first {self.failures[:3]}"
        for w in versions:
            compare(self.database, self.shapes[w], [p.oracle for p in self.partitions], self.seed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join(30)


def compare(database, shape, oracles, seed, schema=None):
    """Row by row: what the version shows, and what the oracle says it must show. Returns the number of rows."""
    listed = ", ".join(quote(c.name) for c in shape.columns)
    schema = schema or shape.schema
    rows = database.execute(f"SELECT {listed} FROM {quote(schema)}.{quote(shape.table)}")
    shown = {row[0]: list(row) for row in rows}
    expected = {}
    for oracle in oracles:
        expected.update(oracle.shown(shape.ordinal))
    names = [c.name for c in shape.columns]
    wrong = [f"{schema}.{shape.table} key {key}: shows {dict(zip(names, shown.get(key, ())))},"
             f" expected {dict(zip(names, expected.get(key, ())))}"
             for key in sorted(shown.keys() | expected.keys())
             if [image(v) for v in shown.get(key, ())] != [image(v) for v in expected.get(key, ())]]
    assert not wrong, f"seed {seed}: {len(wrong)} rows differ\n" + "\n".join(wrong[:5])
    return len(rows)
