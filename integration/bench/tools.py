"""The migration tools that are measured, behind the four calls that the figures need."""
import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import tempfile
import time

from rig.cli import binary


def _peak_until_end(command):
    """The kernel's high-water mark, in MiB. wait4() would say at least what this process has itself."""
    peak = 0
    # Popen.wait() with a timeout sleeps between its looks, for longer than some of what is measured.
    ended = select.poll()
    descriptor = os.pidfd_open(command.pid)
    ended.register(descriptor, select.POLLIN)
    while not ended.poll(10):
        status = pathlib.Path(f"/proc/{command.pid}/status").read_text()
        marks = [line for line in status.splitlines() if line.startswith("VmHWM")]
        peak = max([peak] + [int(line.split()[1]) for line in marks])
    os.close(descriptor)
    command.wait()
    return peak / 1024


class Tool:
    """`files` is a directory for migration files."""

    def __init__(self, files):
        self.files = pathlib.Path(files)

    peak = 0.0  # MiB that the last command had in memory at most
    can_fold = can_stack = False

    def filled(self):
        """Rows a second of the last start's backfill; None where the tool does not say."""
        return None

    def run(self, *arguments):
        """Seconds that the whole command took."""
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as output:
            command = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT)
            self.peak = _peak_until_end(command)
            seconds = time.monotonic() - began
            output.seek(0)
            self.output = output.read()
            if command.returncode:
                raise SystemExit(f"{' '.join(map(str, arguments))}\nended with {command.returncode}:\n{self.output}")
        return seconds

    def file(self, name, operations):
        path = self.files / f"{name}.json"
        path.write_text(json.dumps({"operations": operations}))
        return path


class Pgstrata(Tool):
    name = "pgstrata"
    first_schema = "public_v1"
    can_use_workers = can_fold = can_stack = True

    def prepare(self, database):
        """Records the shape as it is as the first version."""
        self.run(binary(), "--url", database.url, "baseline", "v1")

    def start(self, database, name, operations, workers=None):
        """Without `workers` as it is by default."""
        return self.run(binary(), "--url", database.url, "start", self.file(name, operations),
                        *(["--workers", workers] if workers else []))

    def filled(self):
        told = re.search(r"filled .*\(([\d,]+) rows/s\)", self.output)
        return int(told[1].replace(",", "")) if told else None

    def complete(self, database, *oldest):
        return self.run(binary(), "--url", database.url, "complete", *oldest)

    def rollback(self, database, newest):
        return self.run(binary(), "--url", database.url, "rollback", newest)

    def run_folded(self, database, directory):
        return self.run(binary(), "--url", database.url, "migrate", directory, "--complete")


class Pgroll(Tool):
    name = "pgroll"
    first_schema = "public_v1"
    can_use_workers = False

    def prepare(self, database):
        self.run("pgroll", "--postgres-url", database.url, "init")
        first = self.file("v1", [{"sql": {"up": "SELECT 1"}}])
        self.run("pgroll", "--postgres-url", database.url, "start", first, "--complete")

    def start(self, database, name, operations, workers=1):
        return self.run("pgroll", "--postgres-url", database.url, "start", self.file(name, operations))

    def complete(self, database):
        return self.run("pgroll", "--postgres-url", database.url, "complete")


PEERS = {"pgroll": Pgroll}


def peer(name, files):
    """The peer, or None where its binary is not on PATH."""
    if not shutil.which(name, path=os.environ.get("PATH")):
        print(f"{name} is not on PATH: its columns are left out")
        return None
    return PEERS[name](files)
