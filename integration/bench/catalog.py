"""What commands cost by themselves: by the number of tables beside the one they are about, and of versions."""
import time

import history
from measured import Row, median

COLUMNS = ", ".join(f"c{n} int" for n in range(1, 20))
GOALS = {10: "≤ 0.10 s", 1000: "≤ 1.3 s", 10000: "≤ 10 s; 64 MiB"}


def _with_tables(stock, tables):
    database = stock.empty()
    for first in range(0, tables, 100):
        database.run(";\n".join(f"CREATE TABLE t{n} (id int PRIMARY KEY, {COLUMNS})"
                                for n in range(first, min(first + 100, tables))))
    return database


def _by_tables(stock, tools, rounds, tables):
    """start + complete of one nullable column, and the most memory that either took."""
    measured = {}
    for tool in tools:
        database = _with_tables(stock, tables)
        tool.prepare(database)
        seconds, peaks = [], []
        for number in range(rounds if tables <= 1000 else 1):
            operations = [{"add_column": {"table": "t1", "column": {
                "name": f"extra{number}", "type": "text", "nullable": True}}}]
            began = tool.start(database, f"{number + 2:03}_extra", operations)
            peaks.append(tool.peak)
            seconds.append(began + tool.complete(database))
            peaks.append(tool.peak)
        measured[tool.name] = f"{median(seconds):.2f} s; {max(peaks):.0f} MiB"
        stock.drop(database)
    return Row(f"start + complete of one nullable column, {tables:,} tables of 20 columns; peak memory",
               GOALS.get(tables, "–"), measured)


def _one_by_one(stock, tool):
    """Each version is started while the one before it is live; then the older of the two goes."""
    database = stock.empty()
    database.run(";\n".join(history.first_tables()))
    began = time.monotonic()
    tool.prepare(database)
    rows = 0.0  # seconds that filling new tables took: the history's own work, not the tool's
    for number, (name, operations, created) in enumerate(history.migrations(), 1):
        tool.start(database, name, operations)
        for table in created:
            rows += database.run(f'INSERT INTO "public_{name}"."{table}" (id)'
                                 f" SELECT generate_series(1, {history.NEW_ROWS})")
        tool.complete(database)
    seconds = time.monotonic() - began - rows
    stock.drop(database)
    return seconds


def _folded(stock, tool, files):
    database = stock.empty()
    database.run(";\n".join(history.first_tables()))
    files.mkdir(exist_ok=True)
    for name, operations, _ in history.migrations():
        tool.file(f"{files.name}/{name}", operations)
    tool.prepare(database)
    seconds = tool.run_folded(database, files)
    stock.drop(database)
    return seconds


def catalog(stock, tools, rounds, sizes=(10, 1000, 10000), **_):
    for tables in sizes:
        yield _by_tables(stock, tools, rounds, tables)
    able = [tool for tool in tools if tool.can_fold]
    yield Row(f"a history of {history.VERSIONS} versions over tables with rows, one by one, two live at a time",
              "≤ 60 s", {tool.name: f"{_one_by_one(stock, tool):.1f} s" for tool in able})
    yield Row("the same, folded into one step", "≤ 5 s",
              {tool.name: f"{_folded(stock, tool, tool.files / 'history'):.1f} s" for tool in able})
