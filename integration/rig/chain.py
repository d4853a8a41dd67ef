"""A life of many versions: one nasty table, its versions as migrations, shapes and links, and who writes them.

Lineage a changes in v2 and again in v3, lossy down both times; b is renamed in v2 and dropped in v3 with a
`down` that reads a shared column; c is added in v2 and altered in v3; d goes A -> B in v2 and B -> A in v3;
n changes in the versions after that; s is shared by all.
"""
import random
from decimal import Decimal

from rig.oracle import Column, Link, Shape
from rig.writers import Writers

TABLE = """
CREATE TABLE acc (id int PRIMARY KEY, a int NOT NULL DEFAULT 7, b text, d int, n int, s text DEFAULT 's');
CREATE INDEX acc_a ON acc (a);
CREATE INDEX acc_n ON acc (n, s);
"""

NUMBERS = [None, 0, 1, 5, -7, 1000]
WORDS = [None, "", "a", "Anna", "it's", "x" * 20]


def number(rng):
    return rng.choice(NUMBERS)


def word(rng):
    return rng.choice(WORDS)


def cents(rng):
    return rng.randint(-10**6, 10**6)


def money(rng):
    return Decimal(cents(rng)).scaleb(-2)


def price(rng):
    return f"{money(rng)} {rng.choice(['EUR', 'USD'])}"


def some(function):
    return lambda value: None if value is None else function(value)


KEY = Column("id", "id", "int", None, not_null=True)
S = Column("s", "s", "text", word, default="s")
N = Column("n", "n", "int", number)

OPERATIONS = {
    "v2": [
        {"alter_column": {"table": "acc", "column": "a", "type": "numeric(12,2)", "up": "a / 100.0",
                          "down": "trunc(a * 100)::int", "default": "7"}},
        {"rename_column": {"table": "acc", "from": "b", "to": "bb"}},
        {"add_column": {"table": "acc", "up": "coalesce(bb, '') || '/c'",
                        "column": {"name": "c", "type": "text", "nullable": False}}},
        {"alter_column": {"table": "acc", "column": "d", "type": "text", "up": "'x' || d",
                          "down": "substr(d, 2)::int"}},
    ],
    "v3": [
        {"alter_column": {"table": "acc", "column": "a", "type": "text", "up": "a || ' EUR'",
                          "down": "split_part(a, ' ', 1)::numeric", "default": "'7 EUR'"}},
        {"drop_column": {"table": "acc", "column": "bb", "down": "'b' || coalesce(s, '')"}},
        {"alter_column": {"table": "acc", "column": "c", "type": "text", "up": "c || '!'", "down": "rtrim(c, '!')"}},
        {"alter_column": {"table": "acc", "column": "d", "type": "int", "up": "substr(d, 2)::int",
                          "down": "'x' || d"}},
    ],
}


def version_1(schema):
    return Shape(1, schema, "acc", [KEY, Column("a", "a", "int", cents, True, 7), Column("b", "b", "text", word),
                                    Column("d", "d", "int", number), N, S])


def version_2(schema):
    shape = Shape(2, schema, "acc", [
        KEY, Column("a", "a2", "numeric(12,2)", money, True, Decimal("7.00")), Column("bb", "b", "text", word),
        Column("d", "d2", "text", lambda rng: some(lambda v: f"x{v}")(number(rng))), N, S,
        Column("c", "c2", "text", lambda rng: word(rng) or "-", True)])
    return shape, [
        Link(2, True, "a2", ("a",), lambda v: (Decimal(v) / 100).quantize(Decimal("0.01"))),
        Link(2, False, "a", ("a2",), lambda v: int(v * 100)),
        Link(2, True, "c2", ("b",), lambda v: (v or "") + "/c"),
        Link(2, True, "d2", ("d",), some(lambda v: f"x{v}")),
        Link(2, False, "d", ("d2",), some(lambda v: int(v[1:])))]


def version_3(schema):
    shape = Shape(3, schema, "acc", [
        KEY, Column("a", "a3", "text", price, True, "7 EUR"), Column("d", "d3", "int", number), N, S,
        Column("c", "c3", "text", lambda rng: (word(rng) or "-") + "!", True)])
    return shape, [
        Link(3, True, "a3", ("a2",), lambda v: f"{v} EUR"),
        Link(3, False, "a2", ("a3",), lambda v: Decimal(v.split(" ")[0]).quantize(Decimal("0.01"))),
        Link(3, False, "b", ("s",), lambda v: "b" + (v or "")),
        Link(3, True, "c3", ("c2",), lambda v: v + "!"),
        Link(3, False, "c2", ("c3",), lambda v: v.rstrip("!")),
        Link(3, True, "d3", ("d2",), some(lambda v: int(v[1:]))),
        Link(3, False, "d2", ("d3",), some(lambda v: f"x{v}"))]


def tenfold(ordinal, schema, below, store):
    """n by ten, as a type of its own: any number of versions can do that one after another."""
    types = {"int": "bigint", "bigint": "int"}
    before = below.column("n")
    type = types[before.type]
    columns = [Column("n", store, type, number) if c.name == "n" else c for c in below.columns]
    operations = [{"alter_column": {"table": "acc", "column": "n", "type": type, "up": f"(n + 3)::{type}",
                                    "down": f"(n - 3)::{before.type}"}}]
    links = [Link(ordinal, True, store, (before.store,), some(lambda v: v + 3)),
             Link(ordinal, False, before.store, (store,), some(lambda v: v - 3))]
    return operations, Shape(ordinal, schema, "acc", columns), links


def untouched(ordinal, schema, below):
    operations = [{"create_table": {"name": f"other_{ordinal}", "columns": [{"name": "id", "type": "int", "pk": True}]}}]
    return operations, Shape(ordinal, schema, "acc", list(below.columns)), []


class Chain:
    """The live versions of TABLE, started, completed and rolled back while writers of each one work."""

    def __init__(self, db, cli, seed=None, pause=0.003):
        self.db, self.cli, self.pause = db, cli, pause
        db.tables(TABLE)
        cli.run("baseline", "v1")
        self.names = {1: "v1"}
        self.writers = Writers(db, [version_1("public_v1")], [], partitions=4, keys=10, seed=seed)
        self.rng = random.Random(self.writers.seed)
        self.writers.fill(1)
        self.write(1)

    def write(self, w, count=1):
        for _ in range(count):
            self.writers.add(w, self.rng.choice(["right", "right", "absent", "misleading"]), self.pause)

    def newest(self):
        return self.writers.shapes[max(self.writers.shapes)]

    def next_ordinal(self):
        return max(self.names) + 1

    def start(self, operations, shape, links, name=None, *arguments, **how):
        name = name or f"v{shape.ordinal}"
        self.names[shape.ordinal] = name
        self.writers.begin(shape, links)
        self.cli.start(name, operations, *arguments, **how)
        if how.get("expect", 0) == 0:
            self.write(shape.ordinal)
        return shape.ordinal

    def start_tenfold(self, *arguments, **how):
        w = self.next_ordinal()
        return self.start(*tenfold(w, f"public_v{w}", self.newest(), f"n{w}"), None, *arguments, **how)

    def start_untouched(self):
        w = self.next_ordinal()
        return self.start(*untouched(w, f"public_v{w}", self.newest()))

    def end(self, command, w, *arguments):
        self.writers.expect_end(w)
        self.cli.run(command, *(arguments or (self.names[w],)))
        self.writers.retire(w)

    def work(self, transactions=25):
        self.writers.pause_until(transactions)

    def check(self):
        """Every live version against the oracle; then the writers go on."""
        versions = [t.version for t in self.writers.threads]
        self.writers.check(*self.writers.shapes)
        for w in versions:
            if w in self.writers.shapes:
                self.write(w)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.writers.__exit__()


# A small table whose column a changes in two versions, and a version that leaves it alone.
T = "CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 99, s text); INSERT INTO t SELECT g, g, 's' FROM generate_series(1, 9) g;"
TO_MONEY = [{"alter_column": {"table": "t", "column": "a", "type": "numeric(12,2)", "up": "a", "down": "trunc(a)::int",
                              "default": None}}]
TO_TEXT = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a || ' EUR'",
                             "down": "split_part(a, ' ', 1)::numeric"}}]
NOTHING_OF_T = [{"create_table": {"name": "u", "columns": [{"name": "id", "type": "int", "pk": True}]}}]


def values(db, where, *versions, column="a"):
    return [str(db.rows(v, f"SELECT {column} FROM t WHERE {where}")[0][0]) for v in versions]
