#!/usr/bin/python3
"""Laws 2 to 4 as a property: random tables, random migrations, random writers, against the oracle.

    integration/property/run.py --runs 200 --seed 7

Each run makes a base schema of its own on one shared server: writers on the old shape while `start` fills,
then on both, then while one of the versions goes by complete or rollback; after each phase every live version
must show what the oracle says. Run i uses seed S + i: a failure is repeated with `--runs 1 --seed <printed>`.
"""
import argparse
import json
import pathlib
import random
import sys
import tempfile
import time
import traceback

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]

from generate import Draft, Migration, create_sql, random_table
from rig.catalog import fingerprint
from rig.cli import Cli
from rig.database import Database, quote
from rig.server import Server
from rig.waitwatch import WaitWatch
from rig.writers import Writers


class Run:
    """One random life of one base schema."""

    def __init__(self, database, directory, seed):
        self.seed, self.rng, self.database = seed, random.Random(seed), database
        database.schema = self.base = f"p{seed}"
        database.execute(f"CREATE SCHEMA {self.base}")
        self.cli = Cli(database, directory)
        self.told = []

    def tell(self, what):
        self.told.append(what)

    def life(self):
        table, drafts = random_table(self.rng)
        sql = create_sql(self.rng, table, drafts)
        self.tell(sql)
        self.database.tables(sql)
        old_schema = self.base
        if self.rng.random() < 0.5:
            self.cli.run("baseline", "v1")
            old_schema = f"{self.base}_v1"
        completed = self.migrate("v2", table, drafts, old_schema, None)
        if completed and self.rng.random() < 0.4:
            table, drafts, rows = completed
            self.migrate("v3", table, drafts, f"{self.base}_v2", rows)

    def migrate(self, version, table, drafts, old_schema, rows):
        """start, both versions, and the end: what the next migration stands on after complete, else None."""
        on_base = old_schema == self.base
        migration = Migration(self.rng, table, drafts).grow(self.rng.randint(1, 5))
        self.tell(json.dumps(migration.operations, ensure_ascii=False, indent=1))
        before = fingerprint(self.database)
        writers = Writers(self.database, migration.shapes(old_schema, f"{self.base}_{version}"), migration.links,
                          migration.physical_defaults(), partitions=4, keys=8, seed=self.seed)
        with writers:
            if rows is None:
                writers.fill(1)
            else:
                writers.take(rows, migration.links)
            self.write(writers, [1, 1], 10, during=lambda: self.cli.start(version, migration.operations))
            writers.check(1, 2)
            self.write(writers, [1, 2, 1, 2], 40)
            writers.check(1, 2)
            ending = self.rng.choice(["complete", "complete", "rollback"])
            self.tell(ending)
            writers.expect_end(1 if ending == "complete" else 2)
            both_end = on_base and ending == "complete"     # the base schema changes under its own clients
            self.write(writers, [2, 2] if both_end else [1, 2, 2], 10, during=lambda: self.cli.run(ending))
            writers.check(2 if ending == "complete" else 1)
        if ending == "rollback":
            assert fingerprint(self.database) == before
            return None
        rows = {}
        for partition in writers.partitions:
            for key, row in partition.oracle.rows.items():
                rows[key] = {d.name: row.get(d.store) for d in migration.new}
        drafts = [Draft(d.name, d.type, d.values, d.not_null, d.default, d.name) for d in migration.new]
        return migration.new_table, drafts, rows

    def write(self, writers, versions, transactions, during=None):
        for w in versions:
            writers.add(w, self.rng.choice(["right", "right", "absent", "misleading"]), pause=0.002)
        if during:
            during()
        writers.pause_until(transactions)
        writers.stop()

    def clean(self):
        schemas = [s for s in self.database.schemas(support=True) if s == self.base or s.startswith(f"{self.base}_")
                   or s == f"pgstrata_{self.base}"]
        for schema in schemas:
            self.database.execute(f"DROP SCHEMA IF EXISTS {quote(schema)} CASCADE", role="postgres")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep-going", action="store_true", help="report every failing seed, not only the first")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    print(f"property: {arguments.runs} runs from seed {seed}", flush=True)
    failed, started = [], time.monotonic()
    with Server() as server, tempfile.TemporaryDirectory() as directory:
        database = Database(server)
        with WaitWatch(database) as watch:
            for number in range(seed, seed + arguments.runs):
                run = Run(database, directory, number)
                try:
                    run.life()
                except Exception:
                    failed.append(number)
                    print(f"\nseed {number} failed:\n" + "\n".join(run.told) + "\n" + traceback.format_exc(limit=-2))
                    if not arguments.keep_going:
                        break
                run.clean()
                done = number - seed + 1
                if done % 20 == 0:
                    print(f"  {done} runs, {time.monotonic() - started:.0f} s, {len(failed)} failed", flush=True)
        print(f"longest wait of a client behind us: {watch.longest * 1000:.0f} ms")
    if failed:
        print(f"FAILED: seeds {failed}; again with --runs 1 --seed {failed[0]}")
        return 1
    print(f"property: all runs agree with the oracle ({time.monotonic() - started:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
