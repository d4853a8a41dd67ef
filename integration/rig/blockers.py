"""Those who stand in the engine's way: each holds locks on every table and view until it is let go.

None of them conflicts with what the test's own readers and writers take, so whoever of these waits, waits
behind the engine.
"""
import contextlib
import threading
import time

import psycopg2

from rig.database import quote

RELATIONS = """
SELECT n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v') AND (n.nspname LIKE 'public%' OR n.nspname LIKE 'pgstrata\\_%')
ORDER BY 1, 2
"""


def relations(db, kinds="rv"):
    return ", ".join(f"{quote(schema)}.{quote(name)}" for schema, name, kind in db.execute(RELATIONS) if kind in kinds)


@contextlib.contextmanager
def transaction(db, mode, kinds="rv", isolation="READ COMMITTED", prepare=None):
    connection = db.connect("public", role="owner")
    cursor = connection.cursor()
    cursor.execute(f"BEGIN ISOLATION LEVEL {isolation}")
    cursor.execute(f"LOCK TABLE {relations(db, kinds)} IN {mode} MODE")
    cursor.execute("SELECT 1")
    if prepare:
        cursor.execute("SELECT pg_current_xact_id()")
        cursor.execute(f"PREPARE TRANSACTION '{prepare}'")
    try:
        yield
    finally:
        cursor.execute(f"ROLLBACK PREPARED '{prepare}'" if prepare else "ROLLBACK")
        connection.close()


def long_reader(db):
    return transaction(db, "ACCESS SHARE", isolation="REPEATABLE READ")


def idle_writer(db):
    return transaction(db, "ROW EXCLUSIVE")


def other_ddl(db):
    return transaction(db, "SHARE UPDATE EXCLUSIVE", kinds="r")


def prepared_transaction(db):
    return transaction(db, "ROW EXCLUSIVE", prepare=f"held in {db.name}")


KINDS = [long_reader, idle_writer, other_ddl, prepared_transaction]


@contextlib.contextmanager
def temporary_tables(db, sessions=50):
    """Sessions that create temporary tables, and tables in a schema of their own, all the time."""
    db.execute("CREATE SCHEMA elsewhere; GRANT ALL ON SCHEMA elsewhere TO app")
    done, failures, made = threading.Event(), [], [0] * sessions

    def work(number):
        connection = psycopg2.connect(db.url("app"), application_name="client temp")
        connection.autocommit = True
        cursor = connection.cursor()
        try:
            while not done.is_set():
                cursor.execute("CREATE TEMP TABLE scratch (i int PRIMARY KEY, t text)")
                cursor.execute(f"CREATE TABLE elsewhere.t{number} (i int)")
                cursor.execute(f"DROP TABLE scratch, elsewhere.t{number}")
                made[number] += 1
                time.sleep(0.02)
        except psycopg2.Error as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(sessions)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        done.set()
        for thread in threads:
            thread.join(20)
    assert not failures, failures[:3]
    assert all(made), "not every session got through"


class Readers:
    """One reader per relation and path given as (schema, table); any error but the end of a version fails."""

    def __init__(self, db, *what, pause=0.005):
        self.db, self.what, self.pause = db, what, pause
        self.done, self.failures, self.reads = threading.Event(), [], 0

    def _read(self, schema, table):
        connection = psycopg2.connect(self.db.url("app"), application_name="reader")
        connection.autocommit = True
        cursor = connection.cursor()
        while not self.done.is_set():
            try:
                cursor.execute(f"SELECT count(*) FROM {quote(schema)}.{quote(table)}")
                self.reads += 1
            except psycopg2.Error as error:
                if error.pgcode != "42P01":
                    self.failures.append((schema, table, error.pgcode, str(error)))
                    break
            time.sleep(self.pause)
        connection.close()

    def __enter__(self):
        self.threads = [threading.Thread(target=self._read, args=one, daemon=True) for one in self.what]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, error, *_):
        self.done.set()
        for thread in self.threads:
            thread.join(20)
        if error is None:
            assert not self.failures, self.failures[:3]
            assert self.reads > 0
