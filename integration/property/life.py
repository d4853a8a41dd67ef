"""The life of one random table: versions start, complete and roll back while writers write through all of them.

After each phase every live version, and the base table in the shape of the oldest, must show what the oracle
says. Where one version is left nothing of ours may be; after a rollback the base schema is what it was.
"""
import json
import random

from generate import Migration, Version, create_sql, random_table, triggers_sql
from rig.catalog import fingerprint
from rig.cli import Cli
from rig.database import quote
from rig.remains import check_clean
from rig.writers import Writers, compare


class Life:
    """`commands(cli, told, rng)` makes what runs commands; it may kill them and finish them otherwise."""

    def __init__(self, database, directory, seed, commands, live=2, quiet_rows=0):
        self.seed, self.rng, self.database, self.live = seed, random.Random(seed), database, live
        database.schema = self.base = f"p{seed}"
        database.execute(f"CREATE SCHEMA {self.base}")
        self.told, self.compared, self.written, self.most = [], 0, 0, 1
        self.cli = Cli(database, directory)
        self.commands = commands(self.cli, self.told.append, self.rng)
        self.ordinal, self.before, self.writers = 1, {}, None
        self._create(quiet_rows)

    def _create(self, quiet_rows):
        table, drafts, indexes = random_table(self.rng)
        sql = create_sql(table, drafts, indexes, " WITH (fillfactor = 10)" if quiet_rows else "")
        if self.rng.random() < 0.4:
            sql += triggers_sql(table, self.rng)
        self.told.append(sql)
        self.database.tables(sql)
        first = Version(1, "baseline", self.base, table, drafts, indexes)
        self.published = self.rng.random() < 0.5
        if self.published:
            first.name, first.schema = "v1", f"{self.base}_v1"
            self.told.append("pgstrata baseline v1")
            self.cli.run("baseline", "v1")
        self.chain = [first]
        self.writers = Writers(self.database, [first.shape()], [], first.physical_defaults(),
                               partitions=4, keys=8 + quiet_rows // 4, seed=self.seed)
        self.commands.writers = self.writers
        self.writers.fill(1, every=2 if not quiet_rows else 1)
        for partition in self.writers.partitions:
            partition.keys = partition.keys[:8]

    def random_walk(self, phases):
        """Starts, completions and rollbacks in random order, then down to one version."""
        for _ in range(phases):
            choices = ["start"] * (3 * (len(self.chain) < self.live)) + ["complete", "rollback"] * (len(self.chain) > 1)
            getattr(self, self.rng.choice(choices))()
        while len(self.chain) > 1:
            self.rng.choice([self.complete, self.complete, self.rollback])()

    def two_versions(self):
        """A roll-out and its end; on what was completed, now and then another one."""
        self.start()
        self.rng.choice([self.complete, self.complete, self.rollback])()
        if self.chain[0].ordinal > 1 and self.rng.random() < 0.4:
            self.start()
            self.rng.choice([self.complete, self.rollback])()

    def start(self):
        self.ordinal += 1
        name, newest = f"v{self.ordinal}", self.chain[-1]
        migration = Migration(self.rng, newest, self.ordinal)
        raw = len(self.chain) == 1 and self.rng.random() < 0.08
        migration.raw() if raw else migration.grow(self.rng.randint(1, 4))
        new = migration.version(name, f"{self.base}_{name}")
        self.told.append(f"-- {name} on {', '.join(v.name for v in self.chain)}\n"
                         + json.dumps(migration.operations, ensure_ascii=False, indent=1))
        before = fingerprint(self.database)
        self.writers.begin(new.shape(), new.links)
        self.write(self.chain)
        self.cli.file(name, migration.operations)
        done = self.commands.run(["start", f"{name}.json", "--accept-functions"], undo=["rollback", name])
        self._settle(3)
        self._publish_baseline()
        if done:
            self.chain.append(new)
            self.most = max(self.most, len(self.chain))
            self.before[new.ordinal] = before
        else:
            self.writers.end(new.ordinal)
            assert fingerprint(self.database) == before, f"rollback of the killed start of {name}"
        self.check()
        if done:
            self.together()

    def _publish_baseline(self):
        """Without a baseline the first start makes one; it may have been killed before that."""
        schema = f"{self.base}_baseline"
        if self.published or schema not in self.database.schemas():
            return
        self.published, self.chain[0].schema = True, schema
        for oracle in [self.writers] + [p.oracle for p in self.writers.partitions]:
            oracle.shapes[1].schema = schema

    def together(self):
        """All versions at work, and nothing else."""
        self.write(self.chain)
        self._settle(8)
        self.check()

    def complete(self):
        """Retires the oldest version; of three and more now and then several at once."""
        count = self._how_many()
        going, newest = self.chain[:count], self.chain[-1]
        for version in going:
            self.writers.expect_end(version.ordinal)
        self.write(self.chain, on_base=False)

        def undoing():
            self.writers.expect_return(going[0].ordinal)
            self.writers.expect_end(newest.ordinal)

        def refused():
            self.writers.expect_end(going[0].ordinal)
            self.writers.ending.discard(newest.ordinal)

        if count == 1:
            done = self.commands.run(["complete", going[0].name], undo=["rollback", newest.name], undoing=undoing,
                                     refused=refused, is_over=lambda: self.commands.cli.versions()[going[0].name] == "retired")
        else:
            everything = count == len(self.chain) - 1 and self.rng.random() < 0.5
            done = self.commands.run(["complete"] + (["--all"] if everything else ["--through", going[-1].name]))
        self._settle(3)
        if done:
            self.before.clear()
            for version in going:
                self.chain.pop(0)
                self.writers.end(version.ordinal, self.chain[0].physical_defaults())
        else:
            self._removed(newest)
        self.check()

    def rollback(self):
        """Removes the newest version; of three and more now and then several at once."""
        count = self._how_many()
        going = self.chain[-count:]
        for version in going:
            self.writers.expect_end(version.ordinal)
        self.write(self.chain)
        self.commands.run(["rollback", going[0].name] if count == 1 else ["rollback", "--to", self.chain[-count - 1].name])
        self._settle(3)
        self._removed(*reversed(going))
        self.check()

    def _how_many(self):
        most = len(self.chain) - 1
        return self.rng.randint(2, most) if most > 1 and self.rng.random() < 0.3 else 1

    def _removed(self, *going):
        for version in going:
            self.chain.pop()
            self.writers.end(version.ordinal)
            before = self.before.pop(version.ordinal, None)
        assert before is None or fingerprint(self.database) == before, f"the fingerprint after rollback of {going[-1].name}"

    def write(self, versions, on_base=True):
        """Starts writers on these versions, one of them in each right, absent or misleading path."""
        for version in versions:
            for _ in range(2 if len(versions) == 1 else 1):
                on = self.base if on_base and version is self.chain[0] and self.rng.random() < 0.4 else None
                self.writers.add(version.ordinal, self.rng.choice(["right", "right", "absent", "misleading"]),
                                 pause=0.002, schema=on)

    def _settle(self, each):
        self.writers.pause_until(each * len(self.chain))
        self.written += self.writers.committed
        self.writers.committed = 0
        self.writers.stop()
        self.writers.outage.clear()

    def check(self):
        self.writers.check()
        oracles = [p.oracle for p in self.writers.partitions]
        for version in self.chain:
            self.compared += compare(self.database, self.writers.shapes[version.ordinal], oracles, self.seed)
        self.compared += compare(self.database, self.writers.shapes[self.chain[0].ordinal], oracles, self.seed, self.base)
        if len(self.chain) == 1:
            only = self.chain[0]
            check_clean(self.database, only.schema, only.table, [d.name for d in only.drafts])

    def end(self):
        """Ends the writers and drops what the life made."""
        if self.writers:
            self.writers.__exit__()
        for schema in self.database.schemas(support=True):
            if schema == self.base or schema.startswith(f"{self.base}_") or schema.endswith(f"pgstrata_{self.base}"):
                self.database.execute(f"DROP SCHEMA IF EXISTS {quote(schema)} CASCADE", role="postgres")
