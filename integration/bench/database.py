"""Databases to measure on: clones of one prepared database, owned by a plain role."""
import contextlib
import itertools
import time

import psycopg2

OWNER = "bench"
ACCOUNTS = """
CREATE TABLE accounts (aid int PRIMARY KEY, bid int NOT NULL, abalance int NOT NULL, filler char(84));
INSERT INTO accounts SELECT aid, aid % 100, 0, '' FROM generate_series(1, {rows}) aid;
"""
# Autovacuum would run in one of two measurements that are compared.
SETTINGS = {"shared_buffers": "1GB", "min_wal_size": "4GB", "max_wal_size": "16GB", "checkpoint_timeout": "1h",
            "autovacuum": "off", "wal_level": "replica"}

_numbers = itertools.count(1)


class Database:
    def __init__(self, server, name):
        self.name = name
        self.url = server.url(name, OWNER)
        self.admin_url = server.url(name)

    def run(self, sql, path="public"):
        """Seconds that the statements take, each in its own transaction, on an open connection."""
        with contextlib.closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'SET search_path = "{path}"')
                began = time.monotonic()
                for statement in sql.strip().rstrip(";").split(";\n"):
                    cursor.execute(statement)
                return time.monotonic() - began

    def row(self, sql, path="public"):
        """The first row; None of a statement that gives none."""
        with contextlib.closing(psycopg2.connect(self.admin_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'SET search_path = "{path}"')
                cursor.execute(sql)
                return cursor.fetchone() if cursor.description else None

    def value(self, sql):
        row = self.row(sql)
        return row[0] if row else None

    def settle(self, table=None):
        """The same state before each measurement: packed table, everything on disk."""
        if table:
            self.value(f"VACUUM (FULL, ANALYZE) {table}")
        self.value("CHECKPOINT")

    def wal(self):
        return int(self.value("SELECT pg_current_wal_insert_lsn() - '0/0'"))


class Stock:
    """Makes databases; `accounts()` gives a fresh clone with the table filled."""

    def __init__(self, server, rows):
        self.server, self.rows = server, rows
        self._admin(f"DO $$ BEGIN IF to_regrole('{OWNER}') IS NULL THEN CREATE ROLE {OWNER} LOGIN; END IF; END $$")
        self.template = self.empty()
        self.template.run(ACCOUNTS.format(rows=rows))
        self.template.value("VACUUM (FULL, ANALYZE) accounts")
        self.template.value("VACUUM (FREEZE) accounts")

    def recycle_wal(self, segments=150):
        """As on a server that has been at work: whoever has a new WAL segment made stops every commit for some 40 ms."""
        self._admin("SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()"
                    f" FROM generate_series(1, {segments})")
        self._admin("CHECKPOINT")

    def of(self, rows):
        """The same with another number of rows."""
        return self if rows == self.rows else Stock(self.server, rows)

    def _admin(self, sql):
        with contextlib.closing(psycopg2.connect(self.server.url("postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql)

    def empty(self):
        name = f"bench{next(_numbers)}"
        self._admin(f"CREATE DATABASE {name} OWNER {OWNER}")
        return Database(self.server, name)

    def accounts(self):
        name = f"bench{next(_numbers)}"
        self._admin(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {self.template.name} STRATEGY file_copy")
        database = Database(self.server, name)
        database.value("SELECT count(*) FROM accounts")  # cached, as a live table is
        database.settle()
        return database

    def drop(self, database):
        self._admin(f"DROP DATABASE {database.name} WITH (FORCE)")


class Watched:
    """What WaitWatch asks of a database."""

    def __init__(self, database):
        self._url = database.admin_url

    def url(self, _role):
        return self._url
