"""A replica follows, hangs, and comes back: no client waits behind a lock that we keep for it (trap 44)."""
import pytest

from rig import lockwaits
from rig.blockers import Readers
from rig.catalog import fingerprint
from rig.database import Database
from rig.lives import LIVES
from rig.lockwaits import LockWaits
from rig.replica import Replica
from rig.server import Server
from rig.waitwatch import WaitWatch
from rig.writers import Writers

LIFE = LIVES["altered"]


@pytest.fixture(scope="module")
def server():
    with Server(settings={**lockwaits.SETTINGS, "wal_receiver_timeout": "0", "wal_sender_timeout": "0"}) as server:
        yield server


@pytest.fixture(scope="module")
def replica(server):
    with Replica(server) as following:
        yield following


def prepared(db, cli):
    db.tables(LIFE.tables)
    cli.run("baseline", "baseline")
    cli.file("new", LIFE.operations)
    return fingerprint(db)


def caught_up(db, replica):
    """The replica shows the same rows, through the version's views."""
    replica.wait(lambda: replica.primary_says(
        "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()") == 1)
    on_replica = Database.__new__(Database)
    on_replica.server, on_replica.name, on_replica.schema, on_replica._open = replica, db.name, db.schema, []
    query = f"SELECT * FROM {LIFE.table[1]} ORDER BY id"
    assert on_replica.rows("new", query) == db.rows("new", query)


def test_a_replica_shows_every_version_too(db, cli, replica):
    prepared(db, cli)
    db.execute("INSERT INTO accounts SELECT g, g FROM generate_series(1, 1000) g", path="public")
    cli.start("new.json")
    caught_up(db, replica)
    cli.complete()
    caught_up(db, replica)


def test_nobody_waits_behind_us_while_a_synchronous_replica_hangs(server, db, cli, replica):
    """The clients do without the replica (synchronous_commit = local); we wait for it, but under no strong lock."""
    before = prepared(db, cli)
    db.execute(f"ALTER ROLE app IN DATABASE {db.name} SET synchronous_commit = local", role="postgres")
    replica.make_synchronous()
    try:
        for command, ends in (["start", "new.json"], []), (["rollback"], [2]), (["start", "new.json"], []), (["complete"], [1]):
            versions = [1] if command[0] == "start" else [1, 2]
            reading = [("public_baseline" if w == 1 else "public_new", LIFE.table[w - 1]) for w in versions]
            with replica.hanging_again_and_again(), LockWaits(server), WaitWatch(db) as watch, Readers(
                    db, *reading), Writers(db, LIFE.shapes("public_baseline", "public_new"), LIFE.links, partitions=3,
                                           keys=8) as writers:
                db.execute("SET synchronous_commit = local; DELETE FROM public.accounts")
                for w in versions:
                    writers.add(w, pause=0.01)
                for w in ends:
                    writers.expect_end(w)
                writers.pause_until(5)
                cli.run(*command)
                writers.pause_until(5)
                writers.check(*[w for w in versions if w not in ends])
            print(f"{command[0]}: longest wait behind us {watch.longest_text()}")
            if command[0] == "rollback":
                assert fingerprint(db) == before
    finally:
        replica.primary_says("ALTER SYSTEM RESET synchronous_standby_names")
        replica.primary_says("SELECT pg_reload_conf()")


def test_a_command_that_meets_a_dead_synchronous_replica_goes_on_when_it_is_back(db, cli, replica):
    prepared(db, cli)
    replica.make_synchronous()
    try:
        with replica.hanging(), WaitWatch(db):
            starting = cli.spawn("start", "new.json")
            db.execute("SELECT pg_sleep(1.5)")
            assert starting.poll() is None, "done, although the replica has nothing of it"
        assert starting.wait(60) == 0
        cli.complete()
    finally:
        replica.primary_says("ALTER SYSTEM RESET synchronous_standby_names")
        replica.primary_says("SELECT pg_reload_conf()")
