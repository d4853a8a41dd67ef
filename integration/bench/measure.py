"""What a migration costs: medians of one run, as a markdown table. Run by ./bench."""
import argparse
import os
import pathlib
import platform
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import database  # noqa: E402
import figures  # noqa: E402
import tools  # noqa: E402
from rig.server import Server  # noqa: E402

FULL = {"rows": 2_000_000, "rounds": 3, "sizes": (10, 1000, 10000), "idle_seconds": 10}
QUICK = {"rows": 100_000, "rounds": 3, "sizes": (10, 100), "idle_seconds": 3}


def arguments():
    parser = argparse.ArgumentParser(prog="./bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, for development")
    parser.add_argument("--only", choices=figures.GROUPS, help="one group of figures")
    parser.add_argument("--peer", choices=tools.PEERS, action="append", default=[], help="measure this tool too")
    parser.add_argument("--rounds", type=int, help="measurements per median")
    return parser.parse_args()


def table(rows, names):
    yield f"| figure | goal | {' | '.join(names)} |"
    yield f"| --- | --- |{' --- |' * len(names)}"
    for row in rows:
        yield f"| {row.figure} | {row.goal} | {' | '.join(row.measured.get(name, '–') for name in names)} |"


def measure(asked, files):
    size = dict(QUICK if asked.quick else FULL)
    if asked.rounds:
        size["rounds"] = asked.rounds
    measured = [tools.Pgstrata(files), *filter(None, (tools.peer(name, files) for name in asked.peer))]
    groups = {asked.only: figures.GROUPS[asked.only]} if asked.only else figures.GROUPS
    rows = []
    with Server(fsync=True, settings=database.SETTINGS) as server:
        stock = database.Stock(server, size.pop("rows"))
        version = stock.template.value("SHOW server_version")
        for name, group in groups.items():
            began = time.monotonic()
            rows += group(stock, measured, **size)
            print(f"measured: {name} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    print()
    print("\n".join(table(rows, [tool.name for tool in measured])))
    print(f"\nMedians of {size['rounds']}, PostgreSQL {version.split()[0]}, fsync on,"
          f" {os.cpu_count()} cores, {platform.machine()}.")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="pgstrata-bench-") as files:
        try:
            measure(asked, files)
        except KeyboardInterrupt:
            print("\nstopped; the server and its directory are gone")
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
