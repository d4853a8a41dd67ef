#!/usr/bin/python3
"""Runs the libFuzzer targets of the `fuzz` preset, expressions against a server of their own.

    integration/fuzz.py --seconds 60

Inputs that were found stay in build/fuzz/corpus, and are where the next run begins; one that breaks a target is
written there as crash-…, and `build/fuzz/tests/fuzz/fuzz_TARGET FILE` runs it alone.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from rig.server import Server

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/fuzz"
SEEDS = {"document": [ROOT / "tests/fuzz/corpus/document", ROOT / "schemas/examples"],
         "expression": [ROOT / "tests/fuzz/corpus/expression"]}


def fuzz(target, seconds, environment):
    """Inputs tried, and whether all of them went well."""
    found = BUILD / "corpus" / target
    found.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [BUILD / "tests/fuzz" / f"fuzz_{target}", f"-max_total_time={seconds}", "-print_final_stats=1", "-verbosity=0",
         "-max_len=4096", f"-artifact_prefix={found}/", found, *SEEDS[target]],
        env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True, errors="replace")
    tried = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    if done.returncode:
        print(done.stderr[-4000:])
    return int(tried[1]) if tried else 0, done.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60, help="per target")
    seconds = parser.parse_args().seconds
    results = []
    with Server() as server:
        environment = {"PGSTRATA_TEST_URL": server.url("postgres"), "ASAN_OPTIONS": "detect_leaks=0"}
        for target in SEEDS:
            tried, well = fuzz(target, seconds, environment)
            print(f"fuzz_{target}: {tried} inputs, {'all well' if well else 'BROKEN'}", flush=True)
            results.append(well and tried > 0)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


main()
