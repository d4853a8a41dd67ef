"""What live versions cost their clients: reading through a view, and each version more under writes.

The differences are small against the machine's noise: more runs than elsewhere, in alternating order.
"""
import collections
import functools

from database import Watched
from measured import Row, median
from rig import tpcb
from rig.waitwatch import WaitWatch

# One lineage, another type in each version: a twin and a translation at every boundary.
TYPES = ["bigint", "numeric(12,0)", "numeric(14,0)", "numeric(16,0)"]
READS = {
    "a scan": "SELECT count(*), sum(abalance), max(bid) FROM accounts",
    "100,000 look-ups by key, prepared": "DO $$ DECLARE found int; BEGIN FOR i IN 1..100000 LOOP"
                                         " SELECT bid INTO found FROM accounts WHERE aid = i; END LOOP; END $$",
}
WRITES = {
    "tracked": ("≤ 1.12x", lambda n: f"UPDATE accounts SET abalance = abalance + 1 WHERE aid % 10 = {n % 10}"),
    "untracked": ("≤ 1.02x", lambda n: f"UPDATE accounts SET bid = bid + 1 WHERE aid % 10 = {n % 10}"),
}


def _widen(number):
    return [{"alter_column": {"table": "accounts", "column": "abalance", "type": TYPES[number],
                              "up": "abalance", "down": "abalance"}}]


def _with_versions(stock, tool, live):
    """A database with that many live versions, one stacked on the other."""
    database = stock.accounts()
    tool.prepare(database)
    for number in range(live - 1):
        tool.start(database, f"{number + 2:03}_type", _widen(number))
    return database


def _schema(tool, version):
    return tool.first_schema if version == 1 else f"public_{version:03}_type"


def _reads(stock, tools, rounds):
    """Against the table under the views, in the same database."""
    for what, statement in READS.items():
        measured = {}
        for tool in tools:
            database = _with_versions(stock, tool, 2)
            database.settle("public.accounts")
            seconds = collections.defaultdict(list)
            paths = ["public", _schema(tool, 1), _schema(tool, 2)]
            for turn in range(5 * rounds):
                for path in paths[turn % 3:] + paths[:turn % 3]:
                    seconds[path].append(database.run(statement, path))
            base = median(seconds["public"])
            measured[tool.name] = " / ".join(f"{median(seconds[_schema(tool, version)]) / base:.2f}x"
                                             for version in (1, 2)) + f" ({base:.2f} s)"
            stock.drop(database)
        yield Row(f"read cost through a version view, old / new: {what}", "≤ 1.03x", measured)


def _writes(stock, tools, rounds):
    most = len(TYPES) + 1
    databases = {live: [_with_versions(stock, tool, live) for tool in tools] for live in range(2, most + 1)}
    for what, (goal, statement) in WRITES.items():
        seconds = collections.defaultdict(list)
        numbers = collections.Counter()  # each run in a database touches other rows
        for turn in range(3 * rounds):
            for live, flights in databases.items():
                for tool, database in zip(tools, flights):
                    for version in (1, live) if turn % 2 else (live, 1):
                        database.settle("public.accounts")
                        seconds[tool.name, live, version == 1].append(
                            database.run(statement(numbers[database.name]), _schema(tool, version)))
                        numbers[database.name] += 1

        def steps(tool, oldest):
            costs = [median(seconds[tool.name, live, oldest]) for live in databases]
            each = (costs[-1] / costs[0]) ** (1 / (len(costs) - 1))
            return f"{each:.2f}x ({', '.join(f'{cost:.2f}' for cost in costs)} s)"

        yield Row(f"bulk UPDATE of a {what} column with each further live version, k = 2 to {most}, through the"
                  " oldest / the newest", goal,
                  {tool.name: f"{steps(tool, True)} / {steps(tool, False)}" for tool in tools})
    for flights in databases.values():
        for database in flights:
            stock.drop(database)


class _On:
    """A tool on one database, as the life of a bank calls it."""

    def __init__(self, tool, database):
        for command in ("start", "complete", "rollback"):
            setattr(self, command, functools.partial(getattr(tool, command), database))


def _tpcb(stock, tools, scale=10):
    """pgbench's transaction through five shapes at once, while they come and go."""
    measured = {}
    for tool in tools:
        database = stock.empty()
        tpcb.fill(database.url, scale)
        tool.prepare(database)
        bank = tpcb.Bank(database.url, lambda schema, sql: database.row(sql, schema), tool.files, scale, rate=40)
        bank.run("v1")
        with WaitWatch(Watched(database), limit=float("inf")) as watch:
            try:
                books = tpcb.life(bank, "v1", _On(tool, database), seconds=5)
            finally:
                bank.kill()
        balanced = sum(len(set(sums)) == 1 for sums in books)
        measured[tool.name] = (f"{bank.failed} of {bank.transactions:,}; {balanced} of {len(books)} books balance;"
                               f" longest wait {watch.longest_text()}")
        stock.drop(database)
    yield Row("five live versions under TPC-B (scale 10, two clients each), through four starts, a rollback and four"
              " completions: failed transactions", "0", measured)


def versions(stock, tools, rounds, **_):
    able = [tool for tool in tools if tool.can_stack]
    smaller = stock.of(min(stock.rows, 500_000))
    yield from _reads(smaller, able, rounds)
    yield from _writes(smaller, able, rounds)
    yield from _tpcb(stock, able)
