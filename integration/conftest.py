"""Fixtures: one server for the session, a database and a command for each test."""
import os
import signal
import sys

import pytest

from rig.catalog import fingerprint
from rig.cli import Cli, binary
from rig.database import Database
from rig.server import Server


def _terminated(*_):
    sys.exit("terminated")


def pytest_configure(config):
    signal.signal(signal.SIGTERM, _terminated)


@pytest.fixture(scope="session")
def server():
    with Server() as running:
        yield running


@pytest.fixture
def db(server):
    database = Database(server)
    yield database
    database.drop()


@pytest.fixture(scope="session")
def pgstrata():
    if not os.access(binary(), os.X_OK):
        pytest.fail(f"no binary at {binary()}: build it, or name it in PGSTRATA_BIN", pytrace=False)
    return binary()


@pytest.fixture
def cli(db, tmp_path, pgstrata):
    return Cli(db, tmp_path)


@pytest.fixture
def unchanged(db):
    """A function that asserts that the base schema is what it was when the test called `unchanged.mark()`."""
    class Unchanged:
        def mark(self):
            self.before = fingerprint(db)
            self.schemas = db.schemas()

        def check(self, schemas=True):
            assert fingerprint(db) == self.before
            if schemas:
                assert db.schemas() - {"pgstrata"} == self.schemas - {"pgstrata"}

    return Unchanged()


@pytest.fixture
def flight(db, cli):
    """Starts a migration and leaves it in flight: versions `baseline` (old) and `new`."""
    def start(tables, operations, *arguments, name="new"):
        db.tables(tables)
        cli.start(name, operations, *arguments)
        return db
    return start


@pytest.fixture
def stack(db, cli):
    """Records tables as v1 and starts v2, v3 … on top of each other."""
    def start(tables, *versions):
        db.tables(tables)
        cli.run("baseline", "v1")
        for number, operations in enumerate(versions, 2):
            cli.start(f"v{number}", operations)
        return db
    return start
