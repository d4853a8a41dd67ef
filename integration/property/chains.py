#!/usr/bin/python3
"""Laws 2 to 4, 7 and 8 as a property: random chains of versions over random tables, against the oracle.

    integration/property/chains.py --runs 25 --seed 7               # up to six live versions
    integration/property/chains.py --runs 200 --seed 7 --live 2     # roll-outs of one migration at a time

Each run is the life (life.py) of a base schema of its own on one shared server, with random writers on every
live version. Run i uses seed S + i: a failure is repeated, as far as concurrency allows, with
`--runs 1 --seed <printed>`, and prints the life: tables, documents, commands.
"""
import argparse
import collections
import pathlib
import random
import sys
import tempfile
import time
import traceback

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]

from commands import Commands, OftenKilled
from life import Life
from rig.database import Database
from rig.server import Server
from rig.waitwatch import WaitWatch


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--live", type=int, default=6, help="most versions live at once")
    parser.add_argument("--keep-going", action="store_true", help="report every failing seed, not only the first")
    parser.add_argument("--tell", action="store_true", help="print each life, not only those that fail")
    return parser.parse_args()


def live(life, most):
    if most == 2:
        life.two_versions()
    else:
        life.random_walk(life.rng.randint(3, 8))


def main():
    asked = options()
    seed = random.randrange(10**6) if asked.seed is None else asked.seed
    print(f"chains: {asked.runs} runs of at most {asked.live} versions from seed {seed}", flush=True)
    failed, started, written, compared, most = [], time.monotonic(), 0, 0, collections.Counter()
    with Server() as server, tempfile.TemporaryDirectory() as directory:
        database = Database(server)
        with WaitWatch(database) as watch:
            for number in range(seed, seed + asked.runs):
                life = Life(database, directory, number, Commands if asked.live == 2 else OftenKilled, asked.live)
                try:
                    live(life, asked.live)
                except Exception:
                    failed.append(number)
                    print(f"\nseed {number} failed:\n" + "\n".join(life.told) + "\n" + traceback.format_exc(limit=-3))
                    if not asked.keep_going:
                        break
                if asked.tell:
                    print(f"\nseed {number}:\n" + "\n".join(life.told))
                life.end()
                written, compared = written + life.written, compared + life.compared
                most[life.most] += 1
                if (number - seed) % 20 == 19:
                    print(f"  {number - seed + 1} runs, {time.monotonic() - started:.0f} s, {len(failed)} failed",
                          flush=True)
        print(f"longest wait of a client behind us: {watch.longest_text()}")
    print("chains: " + ", ".join(f"{count} of at most {versions} live" for versions, count in sorted(most.items())))
    print(f"chains: {written} transactions, {compared} rows compared, {time.monotonic() - started:.0f} s")
    if failed:
        print(f"FAILED: seeds {failed}; again with --runs 1 --live {asked.live} --seed {failed[0]}")
        return 1
    print("chains: all runs agree with the oracle")
    return 0


if __name__ == "__main__":
    sys.exit(main())
