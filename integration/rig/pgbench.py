"""An application under load: pgbench clients on one version, for as long as they are wanted.

pgbench cannot be asked to stop and still report, so it runs in slices of a few seconds; a slice counts
its transactions, its failures, and the clients that an error ended.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from rig.server import bindir

SLICE_SECONDS = 3


class Load:
    """`script` is a pgbench script file, None for pgbench's built-in TPC-B."""

    def __init__(self, url, search_path, script=None, clients=4, rate=200, scale=1):
        self.transactions = self.failed = 0
        self.latencies = []  # (unix time at the end, seconds) per transaction
        self.errors = []
        self._directory = tempfile.mkdtemp(prefix="pgstrata-load-")
        self._environment = {**os.environ, "PGOPTIONS": f'-c search_path="{search_path}"'}
        what = ["-f", script] if script else ["-b", "tpcb-like"]
        self._command = [os.path.join(bindir(), "pgbench"), "-n", *what, "-c", str(clients), "-j", "1",
                         "-T", str(SLICE_SECONDS), "-s", str(scale), "--failures-detailed", "-l",
                         "--log-prefix", os.path.join(self._directory, "log")]
        if rate:
            self._command += ["-R", str(rate)]
        self._command.append(url)
        self._stop = threading.Event()
        self._process = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            self._process = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            out, err = self._process.communicate()
            self._count(out, err)
            if self._process.returncode:
                time.sleep(0.2)  # a database that refuses us is not hammered

    def _count(self, out, err):
        done = re.search(r"transactions actually processed: (\d+)", out)
        failed = re.search(r"number of failed transactions: (\d+)", out)
        self.transactions += int(done[1]) if done else 0
        self.failed += int(failed[1]) if failed else 0
        errors = [line for line in err.splitlines() if "error:" in line]
        aborted = [line for line in errors if re.search(r"client \d+ .*abort", line)]
        self.failed += len(aborted) or (1 if errors or self._process.returncode else 0)
        self.errors += errors
        for path in glob.glob(os.path.join(self._directory, "log*")):
            with open(path) as log:
                for line in log:
                    fields = line.split()
                    if len(fields) >= 6 and fields[2].isdigit():
                        end = int(fields[4]) + int(fields[5]) / 1e6
                        self.latencies.append((end, int(fields[2]) / 1e6))
            os.remove(path)

    def stop(self):
        """Waits for the slice in progress; afterwards the counts are final."""
        self._stop.set()
        self._thread.join()
        shutil.rmtree(self._directory, ignore_errors=True)
        return self

    def kill(self):
        self._stop.set()
        if self._process and self._process.poll() is None:
            self._process.kill()
        self._thread.join()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def slowest(self):
        return max((seconds for _, seconds in self.latencies), default=0.0)
