#!/usr/bin/env python3
"""Property test of the compiled sync triggers against a real server.

Random chains of versions are built step by step (steady, filling with the newest version unpublished,
steady again). Random statements write through every version's view and the base table, under paths that
are right, absent, misleading or hostile; after each one all physical columns are compared with the oracle.

    PGSTRATA_SYNC_COMPILE=build/dev/tests/sync_compile integration/sync_property_test.py [--seconds N] [--seed N]

Prints the seed of a table that fails; `--seed` runs exactly that one. Exit code 1 if any value was wrong.
"""
import argparse
import collections
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import psycopg2

from rig.database import quote
from rig.server import Server
from sync.cases import run_cases
from sync.chain import FRESH, Chain
from sync.oracle import Oracle, Violation
from sync.statements import Statement, Writer
from sync.table import HOSTILE, Table

TABLE_NAMES = ["t", "loop", "a_b", "T $pgstrata$ '%", "y" * 63]


class Wrong(Exception):
    pass


class Life:
    """One table through all its versions."""

    def __init__(self, cursor, seed, counts):
        self.rng = random.Random(seed)
        self.cursor, self.counts = cursor, counts
        self.chain = Chain(self.rng, self.rng.choice([2, 2, 3, 3, 4]))
        self.table = Table(cursor, self.chain, self.rng.choice(TABLE_NAMES))
        self.rows, self.saved, self.next_id = {}, [], 1
        self.log = []

    def run(self):
        self.table.create()
        versions = self.chain.ordinals
        self.oracle = Oracle(self.chain, versions[:1], versions[:1])
        self.needed = False
        self.work(8)
        for count in range(2, len(versions) + 1):
            self.fill(versions[:count])
            self.save_some()
            self.oracle = Oracle(self.chain, versions[:count], versions[:count])
            self.table.view(versions[count - 1])
            self.synchronise(False)
            self.work(30)
        self.table.execute(f"DROP TABLE {self.table.base} CASCADE")

    def fill(self, versions):
        if not self.needed:  # until now the table had no marker: every row is older than it
            self.table.execute(f"UPDATE {self.table.base} SET _m = 0")
        self.table.expand(versions[-1])
        self.oracle = Oracle(self.chain, versions, versions[:-1])
        for row in self.rows.values():
            for link in self.chain.links:
                if link.boundary == versions[-1] and link.up:
                    row[link.output] = link.compute(*(row[i] for i in link.inputs))
        self.synchronise(True)
        for _ in range(3):
            self.work(8)
            self.table.fill(versions[-1], f"id % 3 = {self.rng.randrange(3)}")
            self.compare("a batch of the backfill")
        self.table.fill(versions[-1])
        self.compare("the end of the backfill")

    def synchronise(self, filling):
        compiled = self.table.synchronise(self.oracle.versions, filling)
        self.needed = compiled["needed"]
        self.counts["tables without UPDATE trigger"] += not compiled["update_trigger"]

    def work(self, statements):
        for _ in range(statements):
            path, entries = self.path()
            if self.rng.random() < 0.06 and self.saved and len(self.oracle.versions) > 1 and self.needed:
                self.restore()
                continue
            statement = self.statement(entries)
            self.step(statement, path, entries)

    def path(self):
        version = self.rng.choice(self.oracle.writers)
        mine, other = f"app_v{version}", f"app_v{self.rng.choice(self.oracle.writers)}"
        entries = self.rng.choice([[mine], [mine], [mine, "public"], ["public", mine], [], ["evil", "pg_catalog"],
                                   ["evil", "pg_catalog", mine], ["app_v99", other], ["pg_temp", other, mine], ["public"]])
        return ", ".join(entries) or "''", entries

    def statement(self, entries):
        writers = self.oracle.writers
        first = entries[0] if entries else ""
        if self.rng.random() < 0.4 and (first == "public" or first.startswith("app_v") and first != "app_v99"):
            version = None if first == "public" else int(first[5:])
            return self.writer(version, False).statement(self.rows, self.next_id)
        one = self.writer(self.pick(writers, entries), True)
        if self.rng.random() < 0.1 and len(self.rows) > 4:
            return self.two_in_one(one, self.writer(self.pick(writers, entries), True))
        return one.statement(self.rows, self.next_id)

    def pick(self, writers, entries):
        """A version; half the time the one of the path, 7 % the base table."""
        if self.rng.random() < 0.07:
            return None
        named = [int(e[5:]) for e in entries if e.startswith("app_v") and e != "app_v99"]
        return named[0] if named and self.rng.random() < 0.5 else self.rng.choice(writers)

    def writer(self, version, qualified):
        return Writer(self.rng, self.chain, self.table, self.oracle.oldest, version, qualified)

    def two_in_one(self, one, two):
        """A writable CTE: two versions write disjoint rows in one statement."""
        ids = sorted(self.rows)
        half = {i: self.rows[i] for i in ids[::2]}
        first = one.statement(half, self.next_id, " RETURNING 1")
        second = two.statement({i: self.rows[i] for i in ids[1::2]}, self.next_id + 10)
        effects = [(first.writer, e) for e in first.effects] + [(second.writer, e) for e in second.effects]
        return Statement(None, f"WITH first AS ({first.sql}) {second.sql}", effects)

    def path_version(self, entries):
        for entry in entries:
            if entry == "public":
                return self.oracle.oldest
            if entry.startswith("app_v") and int(entry[5:]) in self.oracle.writers:
                return int(entry[5:])
        return self.oracle.oldest

    def step(self, statement, path, entries):
        """Runs one statement and compares its outcome and every row with the oracle."""
        self.cursor.execute("SET search_path TO " + path)
        self.log.append(f"SET search_path TO {path}; {statement.sql}")
        expected, rows, told = self.expect(statement, self.path_version(entries))
        try:
            self.cursor.execute(statement.sql)
            outcome = None
        except (psycopg2.errors.NotNullViolation, psycopg2.errors.CheckViolation) as error:
            outcome = error.diag.constraint_name or error.diag.column_name
        finally:
            self.cursor.execute("RESET search_path")
        kind = "determinable" if told else "left to the path"
        self.counts[kind] += 1
        if outcome not in (expected or {None}):
            raise Wrong(f"{kind}: expected {expected or 'success'}, got {outcome or 'success'}")
        if outcome:
            self.counts["rule violations"] += 1
            return
        self.rows = rows
        self.next_id = max([self.next_id, *(i + 1 for i in rows)])
        self.compare(kind)

    def expect(self, statement, path):
        """(the rules of which one must be reported, rows afterwards, whether the values or the path tell)."""
        rows, told, broken = dict(self.rows), True, set()
        for effect in statement.effects:
            writer, (kind, i, *values) = (statement.writer, effect) if statement.writer else effect
            try:
                if kind == "delete":
                    del rows[i]
                    continue
                if kind in ("insert", "upsert"):
                    proposed = self.oracle.insert(values[0], writer)
                if kind == "insert":
                    rows[i] = proposed
                    continue
                if kind == "upsert" and self.chain.caps:  # EXCLUDED is what the INSERT triggers made of the row
                    values[-1] = {c: proposed[c] for c in values[-1]}
                counted, sure = self.oracle.attribute(rows[i], values[-1], writer, path)
                told = told and sure
                rows[i] = self.oracle.update(rows[i], values[-1], counted)
            except Violation as violation:
                broken |= violation.rules
        return broken, rows, told

    def save_some(self):
        """Rows as a dump would hold them now, marker included."""
        stored = self.table.read() if self.needed else {}
        for i in self.rng.sample(sorted(stored), min(3, len(stored))):
            marker, row = stored[i]
            self.saved.append((-marker, row))

    def restore(self):
        known, row = self.rng.choice(self.saved)
        columns = [c for c in row if c in self.table.present]
        sql = (f"INSERT INTO {self.table.base} (id, _m, {', '.join(map(quote, columns))}) SELECT {self.next_id}, -{known}, "
               f"{', '.join(f'{quote_value(row[c])}::{self.chain.columns[c].type}' for c in columns)}")
        self.log.append(sql)
        self.cursor.execute(sql)
        self.rows[self.next_id] = self.oracle.restore({c: row[c] for c in columns}, known)
        self.next_id += 1
        self.counts["restored rows"] += 1
        self.compare("restored row")

    def compare(self, what):
        stored = self.table.read()
        if set(stored) != set(self.rows):
            raise Wrong(f"{what}: rows {sorted(stored)} instead of {sorted(self.rows)}")
        newest = self.oracle.versions[-1]
        filling = self.oracle.writers != self.oracle.versions
        for i, (marker, row) in stored.items():
            if self.needed and (marker is None or marker > 0):
                raise Wrong(f"{what}: row {i} rests with marker {marker}")
            for column, value in row.items():
                if filling and (marker is None or marker > -newest) and self.chain.columns[column].lo == newest:
                    continue
                expected = self.rows[i][column]
                if expected is FRESH and value is not None:
                    self.rows[i] = {**self.rows[i], column: value}
                elif expected != value:
                    raise Wrong(f"{what}: row {i}, {column} is {value!r} instead of {expected!r}")


def quote_value(value):
    return "NULL" if value is None else "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def run_table(cursor, seed, counts):
    life = Life(cursor, seed, counts)
    try:
        life.run()
        return True
    except (Wrong, psycopg2.Error, KeyError) as error:
        print(f"seed {seed}: {type(error).__name__}: {error}")
        print(f"  versions {life.oracle.versions}, writers {life.oracle.writers}")
        for link in life.chain.links:
            print(f"  link at {link.boundary} {'up' if link.up else 'down'}: {link.output} := {link.body} of {link.inputs}")
        print("  " + "\n  ".join(life.log[-int(os.environ.get("SYNC_LOG", "1")):]))
        cursor.execute("RESET search_path")
        cursor.execute(f"DROP TABLE IF EXISTS {life.table.base} CASCADE")
        return False


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--seed", type=int, help="run this table only")
    arguments.add_argument("--server", default="15", help="major version of the server")
    options = arguments.parse_args()
    counts, wrong, tables = collections.Counter(), 0, 0
    with Server(version=options.server) as server:
        connection = psycopg2.connect(server.url("postgres"))
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(HOSTILE)
        for failure in run_cases(cursor):
            print(failure)
            wrong += 1
        first = options.seed if options.seed is not None else random.randrange(10**9)
        print(f"first seed {first}")
        deadline = time.monotonic() + options.seconds
        while tables == 0 or options.seed is None and time.monotonic() < deadline:
            wrong += not run_table(cursor, first + tables, counts)
            tables += 1
        connection.close()
    print(f"{tables} tables, {wrong} wrong; " + ", ".join(f"{n} {k}" for k, n in sorted(counts.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
