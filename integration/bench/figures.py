"""The figures, one function each: they yield rows (figure, goal, {tool name: measured})."""
import collections
import statistics
import time

from catalog import catalog
from database import Watched
from measured import Row, against, median
from rig.pgbench import Load
from rig.waitwatch import WaitWatch
from versions import versions

WIDEN = [{"alter_column": {"table": "accounts", "column": "abalance", "type": "bigint",
                           "up": "abalance", "down": "abalance"}}]
PLAIN = "ALTER TABLE accounts ADD COLUMN twin bigint;\nUPDATE accounts SET twin = abalance"


def start(stock, tools, rounds, **_):
    """A whole `start` of int -> bigint against one plain UPDATE of the same rows, on fresh clones."""
    plain_s, plain_wal = [], []
    seconds, wal = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(rounds):
        database = stock.accounts()
        before = database.wal()
        plain_s.append(database.run(PLAIN))
        plain_wal.append((database.wal() - before) / stock.rows)
        stock.drop(database)
        for tool in tools:
            for workers in (1, 2) if tool.can_use_workers else (1,):
                database = stock.accounts()
                tool.prepare(database)
                database.settle()
                before = database.wal()
                seconds[tool.name, workers].append(tool.start(database, "002_wide", WIDEN, workers))
                wal[tool.name, workers].append((database.wal() - before) / stock.rows)
                stock.drop(database)
    for workers, goal in ((1, "≤ 1.25x"), (2, "≤ 0.85x")):
        yield Row(f"`start` of int → bigint on {stock.rows:,} rows, workers: {workers}, against a plain UPDATE", goal,
                  {t.name: against(seconds[t.name, workers], plain_s) for t in tools if (t.name, workers) in seconds})
    yield Row("WAL bytes per row, against the plain UPDATE", "≤ 1.15x",
              {t.name: against(wal[t.name, 1], plain_wal, "bytes", 0) for t in tools})


def fill(stock, tools, rounds, **_):
    """The backfill alone, by the number of rows: it is to cost the same for each."""
    seconds = collections.defaultdict(list)
    sizes = [rows for rows in (100_000, 1_000_000, 10_000_000) if rows <= stock.rows * 5]
    stocks = {rows: stock.of(rows) for rows in sizes}
    for _ in range(rounds):
        for rows, sized in stocks.items():
            database = sized.accounts()
            seconds["plain", 0, rows].append(database.run(PLAIN))
            stock.drop(database)
            for tool in filter(lambda tool: tool.can_use_workers, tools):
                for workers in (1, 2):
                    database = sized.accounts()
                    tool.prepare(database)
                    database.settle()
                    tool.start(database, "002_wide", WIDEN, workers)
                    seconds[tool.name, workers, rows].append(rows / tool.filled())
                    stock.drop(database)
    for workers, goal in ((1, "≤ 1.18x"), (2, "≤ 0.78x")):
        yield Row(f"backfill of {' / '.join(f'{rows:,}' for rows in sizes)} rows, workers: {workers},"
                  " against a plain UPDATE", goal, {t.name: " / ".join(
                      f"{median(seconds[t.name, workers, rows]) / median(seconds['plain', 0, rows]):.2f}x"
                      for rows in sizes) for t in tools if t.can_use_workers})


BULK = {
    "bulk UPDATE of the tracked column": (
        "≤ 1.7x / 1.85x", lambda n, rows: f"UPDATE accounts SET abalance = abalance + 1 WHERE aid % 10 = {n % 10}"),
    "bulk UPDATE of an untracked column": (
        "≤ 1.25x / 1.25x", lambda n, rows: f"UPDATE accounts SET bid = bid + 1 WHERE aid % 10 = {n % 10}"),
    "bulk INSERT": (
        "≤ 1.75x / 1.75x",
        lambda n, rows: "INSERT INTO accounts (aid, bid, abalance, filler) SELECT aid, 1, 1, '' FROM"
                        f" generate_series({rows * (10 + n) // 10 + 1}, {rows * (11 + n) // 10}) aid"),
}


def bulk(stock, tools, rounds, **_):
    """Statements that touch 10 % of the rows, in flight through each version, against no migration."""
    plain = stock.accounts()
    flights = {}
    for tool in tools:
        flights[tool.name] = stock.accounts()
        tool.prepare(flights[tool.name])
        tool.start(flights[tool.name], "002_wide", WIDEN)
    places = [("plain", plain, "public")]
    for tool in tools:
        places += [((tool.name, "old"), flights[tool.name], tool.first_schema),
                   ((tool.name, "new"), flights[tool.name], "public_002_wide")]
    for figure, (goal, statement) in BULK.items():
        seconds = collections.defaultdict(list)
        numbers = collections.Counter()  # each run in a database touches other rows
        for _ in range(rounds):
            for key, database, path in places:
                database.settle("public.accounts")
                seconds[key].append(database.run(statement(numbers[database.name], stock.rows), path))
                numbers[database.name] += 1
        base = median(seconds["plain"])
        yield Row(f"{figure} in flight, old / new version, against no migration", goal, {
            t.name: f"{median(seconds[t.name, 'old']) / base:.2f}x / {median(seconds[t.name, 'new']) / base:.2f}x"
                    f" ({base:.2f} s)" for t in tools})
    for database in (plain, *flights.values()):
        stock.drop(database)


CLIENTS, RATE = 6, 400
WORK = """
\\set aid random(1, {rows})
\\set fresh random({rows} + 1, 2000000000)
BEGIN;
UPDATE accounts SET abalance = abalance + 1 WHERE aid = :aid;
SELECT abalance FROM accounts WHERE aid = :aid;
INSERT INTO accounts (aid, bid, abalance, filler) VALUES (:fresh, 1, 0, '') ON CONFLICT (aid) DO NOTHING;
END;
"""
INDEXED = [
    {"add_column": {"table": "accounts", "column": {"name": "extra", "type": "text", "nullable": True}}},
    {"create_index": {"table": "accounts", "name": "accounts_extra", "columns": [{"column": "extra"}]}}]


def _p95(load, since, until):
    window = [seconds for end, seconds in load.latencies if since <= end <= until]
    return statistics.quantiles(window, n=20)[-1] if len(window) > 20 else float("nan")


def _through(stock, tool, operations, idle_seconds):
    """One migration under load, old clients through start, new ones through complete."""
    database = stock.accounts()
    tool.prepare(database)
    stock.recycle_wal()
    script = tool.files / "work.sql"
    script.write_text(WORK.format(rows=stock.rows))
    watch = WaitWatch(Watched(database), limit=float("inf"))
    with watch:
        old = Load(database.url, tool.first_schema, str(script), CLIENTS, RATE)
        time.sleep(2)
        idle_from = time.time()
        time.sleep(idle_seconds)
        start_from = time.time()
        tool.start(database, "002_next", operations)
        start_until = time.time()
        filled = tool.filled()
        old.stop()
        new = Load(database.url, "public_002_next", str(script), CLIENTS, RATE)
        time.sleep(2)
        tool.complete(database)
        time.sleep(1)
        new.stop()
    for error in (old.errors + new.errors)[:3]:
        print(f"  {tool.name}: {error}")
    stock.drop(database)
    return {"filled": filled, "failed": old.failed + new.failed, "longest": watch.longest_text(),
            "slowest": max(old.slowest, new.slowest),
            "idle": _p95(old, idle_from, start_from), "busy": _p95(old, start_from, start_until)}


def load(stock, tools, idle_seconds=10, **_):
    """Clients at a fixed rate through start and complete: of an indexed column, and of a backfill."""
    indexed = {t.name: _through(stock, t, INDEXED, idle_seconds) for t in tools}
    filled = {t.name: _through(stock, t, WIDEN, idle_seconds) for t in tools}
    who = f"{CLIENTS} clients at {RATE} tps through start and complete"
    for what, results in (("a nullable column with an index", indexed), ("int → bigint", filled)):
        yield Row(f"{who} of {what}: clients that got an error", "0",
                  {name: str(result["failed"]) for name, result in results.items()})
        yield Row("the same: longest wait behind the migration (slowest transaction)", "≤ 250 ms", {
            name: f"{r['longest']} ({r['slowest'] * 1000:.0f} ms)" for name, r in results.items()})
    yield Row("the same: p95 during the backfill, against idle", "≤ 1.5x", {
        name: against([r["busy"] * 1000], [r["idle"] * 1000], "ms") for name, r in filled.items()})
    yield Row("the same: rows/s of the backfill, default settings", "≥ 80,000", {
        name: f"{r['filled']:,}" for name, r in filled.items() if r["filled"]})


GROUPS = {"start": start, "fill": fill, "bulk": bulk, "versions": versions, "catalog": catalog,
          "load": load}
