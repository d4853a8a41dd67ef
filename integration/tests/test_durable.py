"""What a command has said is done survives a crash of the server, whatever the role is set to."""
import signal

import pytest

from rig.server import Server

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g"
WIDE = [{"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a::bigint * 10", "down": "a / 10"}}]
PLAIN = [{"rename_column": {"table": "t", "from": "a", "to": "b"}}]


@pytest.fixture(scope="module")
def server():
    """Its owner's commits stay in the server's memory as long as can be."""
    with Server(settings={"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}) as running:
        yield running


@pytest.fixture(autouse=True)
def careless(db):
    db.execute("ALTER ROLE owner SET synchronous_commit = off", role="postgres")


def crashes(server, db):
    """Right now; and a commit of the owner's own, made after all of ours, is gone."""
    db.execute("CREATE TABLE canary ()")
    server.halt(signal.SIGQUIT)
    server.start()
    assert db.value("SELECT to_regclass('public.canary') IS NULL"), "the server lost nothing: this shows nothing"


@pytest.mark.parametrize("operations", [WIDE, PLAIN], ids=["with a backfill", "without"])
def test_what_is_done_is_done_for_good(server, db, cli, operations):
    db.tables(TABLES)
    cli.run("baseline", "one")
    crashes(server, db)
    assert cli.versions() == {"one": "live"}
    cli.start("two", operations)
    crashes(server, db)
    assert cli.versions() == {"one": "live", "two": "live"} and cli.status()["unfinished"] is None
    cli.rollback()
    crashes(server, db)
    assert cli.versions() == {"one": "live", "two": "rolled_back"} and cli.status()["unfinished"] is None
    cli.start("two", operations)
    cli.complete()
    crashes(server, db)
    assert cli.versions()["two"] == "live" and cli.versions()["one"] == "retired"
    assert cli.status()["unfinished"] is None
    assert db.value("SELECT count(*) FROM t", path="public_two") == 1000
