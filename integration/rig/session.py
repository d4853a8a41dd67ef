"""One connection of a writer, and what it does when the server is gone for a while."""
import time

import psycopg2

from rig.database import quote
from rig.oracle import image

GONE = "42P01"
SERIALIZATION = "40001"


class Session:
    """Sets its path; prepares a statement once; can be connected again."""

    def __init__(self, database, path, role):
        self.database, self.path, self.role = database, path, role
        self._connect()

    def _connect(self):
        self.connection = psycopg2.connect(self.database.url(self.role), application_name="writer")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("SELECT set_config('search_path', %s, false)", (self.path,))
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

    def lost(self, error):
        """Did the server end the connection, rather than refuse the statement?"""
        return self.connection.closed or error.pgcode is None or error.pgcode.startswith(("08", "57P"))

    def reconnect(self, done):
        self.connection.close()
        patiently(self._connect, done)


def patiently(act, done, seconds=30):
    """Does it again until the server is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except psycopg2.Error as error:
            # A server that goes while it answers is a plain DatabaseError without a code.
            if error.pgcode is not None and not isinstance(error, psycopg2.OperationalError):
                raise
            if time.monotonic() > deadline or (done.is_set() and time.monotonic() > deadline - seconds + 15):
                raise
            time.sleep(0.02)


def settle_doubt(database, shapes, partition, before, done):
    """After a lost commit: sets the oracle to the rows as before or as after it, whichever the server has.

    False if it has neither. A version that is not there, not yet or no more, has no say.
    """
    def seen():
        found = {}
        for ordinal, shape in shapes.copy().items():
            listed = ", ".join(quote(c.name) for c in shape.columns)
            keys = ", ".join(map(str, partition.keys))
            try:
                rows = database.execute(f"SELECT {listed} FROM {quote(shape.schema)}.{quote(shape.table)}"
                                        f" WHERE {quote(shape.key.name)} IN ({keys})")
                found[ordinal] = images({row[0]: row for row in rows}, partition.keys)
            except psycopg2.errors.UndefinedTable:
                continue
        return found

    oracle, after = partition.oracle, partition.oracle.rows
    found = patiently(seen, done)
    for rows in (after, before):
        oracle.rows = rows
        if all(images(oracle.shown(ordinal), partition.keys) == shown for ordinal, shown in found.items()):
            return True
    return False


def images(rows, keys):
    return {key: [image(v) for v in rows[key]] for key in keys if key in rows}
