"""TPC-B in five shapes: each version retypes, renames, adds or drops what the transaction touches.

TPC-B's own rule is the check: in every snapshot, the balances of accounts, tellers and branches and the
amounts of the history add up to the same sum, whichever version wrote them and whichever is asked.
"""
import os
import pathlib
import subprocess
import time

from rig.pgbench import Load
from rig.server import bindir

# What the shape of each version calls things; `amount` is :delta as this version's accounts take it.
_FIRST = {"accounts": "pgbench_accounts", "tellers": "pgbench_tellers", "balance": "tbalance", "amount": ":delta",
          "cents": 1, "kind": "", "kinds": ""}
STEPS = [
    ("v2_money", {"amount": ":delta / 100.0", "cents": 100},
     [{"alter_column": {"table": "pgbench_accounts", "column": "abalance", "type": "numeric(12,2)",
                        "up": "abalance / 100.0", "down": "(abalance * 100)::int"}}]),
    ("v3_names", {"tellers": "tellers", "balance": "balance"},
     [{"rename_table": {"from": "pgbench_tellers", "to": "tellers"}},
      {"rename_column": {"table": "tellers", "from": "tbalance", "to": "balance"}}]),
    ("v4_kinds", {"kind": ", kind", "kinds": ", CASE WHEN :delta < 0 THEN 'out' ELSE 'in' END"},
     [{"alter_column": {"table": "pgbench_branches", "column": "bbalance", "type": "bigint", "up": "bbalance",
                        "down": "bbalance"}},
      {"add_column": {"table": "pgbench_history", "column": {"name": "kind", "type": "text"},
                      "up": "CASE WHEN delta < 0 THEN 'out' ELSE 'in' END"}}]),
    ("v5_accounts", {"accounts": "accounts"},
     [{"rename_table": {"from": "pgbench_accounts", "to": "accounts"}},
      {"drop_column": {"table": "accounts", "column": "filler", "down": "''"}}]),
]

_TRANSACTION = r"""
\set aid random(1, 100000 * :scale)
\set bid random(1, :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE {accounts} SET abalance = abalance + {amount} WHERE aid = :aid;
SELECT abalance FROM {accounts} WHERE aid = :aid;
UPDATE {tellers} SET {balance} = {balance} + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime{kind})
  VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP{kinds});
END;
"""
_SUMS = """
SELECT (SELECT sum(abalance) * {cents} FROM {accounts}), (SELECT sum({balance}) FROM {tellers}),
       (SELECT sum(bbalance) FROM pgbench_branches), (SELECT coalesce(sum(delta), 0) FROM pgbench_history)
"""


def fill(url, scale):
    subprocess.run([os.path.join(bindir(), "pgbench"), "-i", "-q", "-s", str(scale), url], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Bank:
    """Its applications, one for each live version of base schema `public`.

    `url`: of their role. `query(schema, sql)` gives the first row, as that version shows it."""

    def __init__(self, url, query, directory, scale, rate):
        self._url, self._query, self._scale, self._rate = url, query, scale, rate
        self._directory = pathlib.Path(directory)
        self._names = _FIRST
        self._shapes, self._loads = {}, {}  # version -> names, its application while it runs
        self.transactions = self.failed = 0
        self.errors = []

    def run(self, version, changed=()):
        """Starts the application of a version, whose shape differs from the one before in `changed`."""
        self._names = {**self._names, **dict(changed)}
        self._shapes[version] = self._names
        script = self._directory / f"{version}.sql"
        script.write_text(_TRANSACTION.format(**self._names))
        self._loads[version] = Load(self._url, f"public_{version}", str(script), clients=2, rate=self._rate,
                                    scale=self._scale)

    def stop(self, version):
        load = self._loads.pop(version).stop()
        self.transactions += load.transactions
        self.failed += load.failed
        self.errors += load.errors

    def sums(self, version):
        return [int(value) for value in self._query(f"public_{version}", _SUMS.format(**self._shapes[version]))]

    def kill(self):
        for load in self._loads.values():
            load.kill()


def life(bank, first, tool, seconds):
    """Four starts, the newest back and again, and four completions, under the load of all that live.

    `tool` has start(version, operations), rollback(newest) and complete(oldest). Gives the sums that each
    version showed in one snapshot: each of the five while all live, and the last one at the end."""
    live = [first]
    for version, changed, operations in STEPS:
        tool.start(version, operations)
        live.append(version)
        bank.run(version, changed)
    time.sleep(seconds)
    seen = [bank.sums(version) for version in live]
    bank.stop(version)
    tool.rollback(version)
    time.sleep(1)
    tool.start(version, operations)
    bank.run(version)
    for oldest in live[:-1]:
        bank.stop(oldest)
        tool.complete(oldest)
    time.sleep(1)
    bank.stop(version)
    return seen + [bank.sums(version)]
