#!/usr/bin/python3
"""Law 7 as a property: commands of random lives crash, are resumed or rolled back, and nothing is lost.

    integration/property/crashes.py --runs 60 --seed 7

A run is one crash (sabotage.py) of a start, a complete or a rollback among two or three live versions with
writers on all of them, who connect again after a crash of the server. After each phase every version is
compared with the oracle; after a rollback the base schema is what it was; at the end nothing of ours is left.
A life is repeated, as far as timing allows, with `--lives 1 --seed <printed>`.
"""
import argparse
import pathlib
import random
import sys
import tempfile
import time
import traceback

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]

from life import Life
from rig.database import Database
from rig.server import Server
from sabotage import Record, Sabotage

QUIET_ROWS = 200


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=60, help="crashes")
    parser.add_argument("--lives", type=int, default=None, help="so many lives instead of so many crashes")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--live", type=int, default=3, help="most versions live at once")
    parser.add_argument("--keep-going", action="store_true", help="report every failing seed, not only the first")
    parser.add_argument("--tell", action="store_true", help="print each life, not only those that fail")
    return parser.parse_args()


def one(database, directory, seed, record, asked):
    """One life; False if it failed."""
    counts = record.counts
    life = Life(database, directory, seed, lambda *given: Sabotage(*given, record),
                random.Random(seed).choice(range(2, asked.live + 1)), QUIET_ROWS)
    failure = None
    try:
        life.random_walk(4)
    except Exception:
        failure = traceback.format_exc(limit=-3)
        print(f"\nseed {seed} failed:\n" + "\n".join(life.told) + "\n" + failure, flush=True)
    if asked.tell and not failure:
        print(f"\nseed {seed}:\n" + "\n".join(life.told))
    counts["lives"] += 1
    counts["transactions"] += life.written
    counts["rows compared"] += life.compared
    counts["writers reconnected"] += life.writers.reconnects
    life.end()
    return failure is None


def main():
    asked = options()
    seed = random.randrange(10**6) if asked.seed is None else asked.seed
    print(f"crashes: {asked.lives or asked.runs} {'lives' if asked.lives else 'crashes'} from seed {seed}", flush=True)
    record, failed, started, number = Record(10**9 if asked.lives else asked.runs), [], time.monotonic(), seed
    counts = record.counts
    with Server() as server, tempfile.TemporaryDirectory() as directory:
        database = Database(server)
        while number < seed + asked.lives if asked.lives else counts["crashes"] < asked.runs:
            if not one(database, directory, number, record, asked):
                failed.append(number)
                if not asked.keep_going:
                    break
            number += 1
            if number % 20 == 0:
                print(f"  {counts['crashes']} crashes, {time.monotonic() - started:.0f} s, {len(failed)} failed", flush=True)
    print("crashes: " + ", ".join(f"{count} {what}" for what, count in counts.most_common())
          + f", {time.monotonic() - started:.0f} s")
    if failed:
        print(f"FAILED: seeds {failed}; again with --lives 1 --live {asked.live} --seed {failed[0]}")
        return 1
    print("crashes: nothing was lost, and nothing is left")
    return 0


if __name__ == "__main__":
    sys.exit(main())
