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
from rig.statements import Maker, insert

PATHS = ("right", "absent", "misleading")
GONE = "42P01"
SERIALIZATION = "40001"


class Session:
    """One connection of a writer: sets its path, prepares statements once."""

    def __init__(self, database, path, role):
        self.connection = psycopg2.connect(database.url(role), application_name="writer")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("SELECT set_config('search_path', %s, false)", (path,))
        self.prepared = {}

    def execute(self, sql):
        if isinstance(sql, str):
            return self.cursor.execute(sql)
        text, arguments = sql
        name = self.prepared.get(text)
        if name is None:
            name = f"p{len(self.prepared)}"
            self.cursor.execute(f"PREPARE {name} {text}")
            self.prepared[text] = name
        self.cursor.execute(f"EXECUTE {name} {arguments}")


class Partition:
    def __init__(self, oracle, keys):
        self.lock, self.oracle, self.keys = threading.Lock(), oracle, keys


class Writers:
    """Starts, stops and checks writers of one table.

    `shapes` and `links` are the oracle's. `add(w)` starts a writer of version w; `expect_end(w)` allows 42P01
    to the writers of w from now on, because the test is about to retire that version.
    """

    def __init__(self, database, shapes, links, physical_defaults=None, partitions=8, keys=12, seed=None, role="app"):
        self.database, self.role = database, role
        self.seed = random.randrange(1 << 32) if seed is None else seed
        self.shapes = {s.ordinal: s for s in shapes}
        self.partitions = [Partition(Oracle(shapes, links, physical_defaults), range(p * keys, (p + 1) * keys))
                           for p in range(partitions)]
        self.failures, self.ending, self.threads = [], set(), []
        self.committed, self.done = 0, threading.Event()
        self._count = threading.Lock()

    def fill(self, w):
        """Every second key, written through version w, so that there is something to fill."""
        rng = random.Random(self.seed)
        session = Session(self.database, quote(self.shapes[w].schema), self.role)
        for partition in self.partitions:
            for key in partition.keys[::2]:
                maker = Maker(partition.oracle, w, rng, [key])
                sql, effect = insert(maker)
                session.execute(sql)
                effect()
        session.connection.close()

    def take(self, rows, links):
        """Continues with rows that are there: {key: {column: value}}; `up` links are computed for them."""
        for partition in self.partitions:
            partition.oracle.rows = {k: dict(rows[k]) for k in partition.keys if k in rows}
            for row in partition.oracle.rows.values():
                for link in links:
                    if link.up:
                        row[link.output] = link.function(*[row.get(i) for i in link.inputs])

    def add(self, w, path="right", pause=0.0):
        thread = threading.Thread(target=self._write, args=(w, path, pause, len(self.threads)), daemon=True)
        self.threads.append(thread)
        thread.start()

    def _path(self, w, path):
        if path == "right":
            return quote(self.shapes[w].schema)
        if path == "absent":
            return "pg_catalog"
        return quote(next((s.schema for o, s in self.shapes.items() if o != w), "nowhere"))

    def _write(self, w, path, pause, number):
        rng = random.Random(self.seed * 1000 + number)
        session = Session(self.database, self._path(w, path), self.role)
        gone = False
        try:
            while not self.done.is_set():
                partition = rng.choice(self.partitions)
                with partition.lock:
                    state = self._transaction(session, partition, w, path, rng)
                if gone and state != GONE:
                    self.failures.append((w, "a retired version answered again", state))
                    return
                gone = state == GONE
                time.sleep(pause if not gone else 0.02)
        finally:
            session.connection.close()

    def _transaction(self, session, partition, w, path, rng):
        """One transaction of one to three statements; its SQLSTATE, None if it went through."""
        before = {k: dict(r) for k, r in partition.oracle.rows.items()}
        sql = None
        try:
            count = rng.choice([1, 1, 1, 2, 3])
            repeatable = rng.random() < 0.1
            if count > 1 or repeatable:
                session.execute("BEGIN" + (" ISOLATION LEVEL REPEATABLE READ" if repeatable else ""))
            for _ in range(count):
                maker = Maker(partition.oracle, w, rng, partition.keys, path_is_right=path == "right")
                sql, effect = maker.statement()
                session.execute(sql)
                effect()
            if count > 1 or repeatable:
                undo = rng.random() < 0.15
                session.execute("ROLLBACK" if undo else "COMMIT")
                if undo:
                    partition.oracle.rows = before
                    return None
            with self._count:
                self.committed += 1
            return None
        except psycopg2.Error as error:
            partition.oracle.rows = before
            if not session.connection.closed:
                session.execute("ROLLBACK")
            tolerated = (error.pgcode == GONE and w in self.ending) or (error.pgcode == SERIALIZATION and repeatable)
            if not tolerated:
                self.failures.append((w, error.pgcode, str(error), sql))
                time.sleep(0.05)
            return error.pgcode

    def expect_end(self, w):
        self.ending.add(w)

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


def compare(database, shape, oracles, seed):
    """Row by row: what the version shows, and what the oracle says it must show."""
    listed = ", ".join(quote(c.name) for c in shape.columns)
    rows = database.execute(f"SELECT {listed} FROM {quote(shape.schema)}.{quote(shape.table)}")
    shown = {row[0]: list(row) for row in rows}
    expected = {}
    for oracle in oracles:
        expected.update(oracle.shown(shape.ordinal))
    names = [c.name for c in shape.columns]
    wrong = [f"{shape.schema}.{shape.table} key {key}: shows {dict(zip(names, shown.get(key, ())))},"
             f" expected {dict(zip(names, expected.get(key, ())))}"
             for key in sorted(shown.keys() | expected.keys())
             if [image(v) for v in shown.get(key, ())] != [image(v) for v in expected.get(key, ())]]
    assert not wrong, f"seed {seed}: {len(wrong)} rows differ\n" + "\n".join(wrong[:5])
