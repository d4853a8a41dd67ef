"""The migration tools that are measured, behind the four calls that the figures need."""
import json
import os
import pathlib
import shutil
import subprocess
import time

from rig.cli import binary


class Tool:
    """`files` is a directory for migration files."""

    def __init__(self, files):
        self.files = pathlib.Path(files)

    def run(self, *arguments):
        """Seconds that the whole command took."""
        began = time.monotonic()
        done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, arguments))}\nended with {done.returncode}:\n{done.stdout}")
        return time.monotonic() - began

    def file(self, name, operations):
        path = self.files / f"{name}.json"
        path.write_text(json.dumps({"operations": operations}))
        return path


class Pgstrata(Tool):
    name = "pgstrata"
    first_schema = "public_v1"
    can_use_workers = True

    def prepare(self, database):
        """Records the shape as it is as the first version."""
        self.run(binary(), "--url", database.url, "baseline", "v1")

    def start(self, database, name, operations, workers=1):
        return self.run(binary(), "--url", database.url, "start", self.file(name, operations),
                        "--workers", workers)

    def complete(self, database):
        return self.run(binary(), "--url", database.url, "complete")


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
