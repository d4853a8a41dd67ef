"""No client waits behind us, whoever holds what at whichever step (law 6, traps 11 and 12).

Each step of start, rollback and complete begins while somebody holds a conflicting lock: the command is made to
end after the step before (--kill-after-step), the lock is taken, the same command goes on, and the lock is let go.
Meanwhile writers and readers are at work on every version. Which kind of holder meets which step is drawn anew in
each run; `./test --long` has every kind at every step.
"""
import contextlib
import itertools
import os
import random
import subprocess
import threading
import time

import psycopg2
import pytest

from rig import lockwaits
from rig.blockers import KINDS, Readers, long_reader, temporary_tables
from rig.catalog import fingerprint
from rig.cli import DONE, KILLED, Cli
from rig.database import Database
from rig.lives import LIVES
from rig.lockwaits import LockWaits
from rig.server import Server
from rig.waitwatch import WaitWatch
from rig.writers import Writers

LONG = bool(os.environ.get("PGSTRATA_LONG"))
HOLD, HOLD_LONG = 0.35, 1.6  # the longer one outlasts the second after which an attempt only probes


@pytest.fixture(scope="module")
def server():
    with Server(settings=lockwaits.SETTINGS) as running:
        yield running


@contextlib.contextmanager
def clients(server, db, life, *versions, ends=()):
    """Writers and readers on these versions; on leaving, none waited, failed, or read what is wrong."""
    reading = [("public_baseline" if w == 1 else "public_new", life.table[w - 1]) for w in versions]
    with LockWaits(server), WaitWatch(db) as watch, Readers(db, *reading), Writers(
            db, life.shapes("public_baseline", "public_new"), life.links, partitions=3, keys=8) as writers:
        db.execute(f"DELETE FROM public.{life.table[0]}")
        for w in versions:
            writers.add(w, pause=0.01)
        for w in ends:
            writers.expect_end(w)
        writers.pause_until(5)
        yield writers
        writers.pause_until(5)
        writers.check(*[w for w in versions if w not in ends])
    print(f"longest wait behind us: {watch.longest_text()}")


def under_locks(db, cli, rng, kinds, *command):
    """Runs the command one step at a time, each step's beginning under somebody's lock; how many steps it had."""
    for step in itertools.count(1):
        holder = kinds(step)
        hold = HOLD_LONG if rng.random() < 0.1 else HOLD
        with holder(db):
            process = cli.spawn(*command, "--kill-after-step", step)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(hold)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (KILLED, DONE), f"{command} at step {step} under {holder.__name__}: {err}"
        if process.returncode == DONE:
            return step


@pytest.mark.parametrize("turn", range(len(KINDS) if LONG else 1))
@pytest.mark.parametrize("life", LIVES.values(), ids=list(LIVES))
def test_nobody_waits_behind_any_step_that_meets_a_lock(server, db, cli, life, turn):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    order = rng.sample(KINDS, len(KINDS))

    def kinds(step):
        return order[(step + turn) % len(order)]

    db.tables(life.tables)
    cli.run("baseline", "baseline")
    cli.file("new", life.operations)
    before = fingerprint(db)
    with clients(server, db, life, 1) as writers:
        steps = under_locks(db, cli, rng, kinds, "start", "new.json")
        writers.add(2, pause=0.01)
    with clients(server, db, life, 1, 2, ends=[2]):
        steps += under_locks(db, cli, rng, kinds, "rollback", "new")
    assert fingerprint(db) == before
    cli.run("start", "new.json")
    with clients(server, db, life, 1, 2, ends=[1]):
        steps += under_locks(db, cli, rng, kinds, "complete", "baseline")
    assert steps > 6, "hardly any steps: is --kill-after-step heard?"


@pytest.mark.parametrize("life", LIVES.values() if LONG else [LIVES["altered"]], ids=lambda life: life.name)
def test_fifty_sessions_that_create_temporary_tables_change_nothing(server, db, cli, life):
    db.tables(life.tables)
    cli.run("baseline", "baseline")
    cli.file("new", life.operations)
    with temporary_tables(db) as made:
        with clients(server, db, life, 1) as writers:
            cli.run("start", "new.json")
            writers.add(2, pause=0.01)
        with clients(server, db, life, 1, 2, ends=[2]):
            cli.rollback()
        cli.run("start", "new.json")
        with clients(server, db, life, 1, 2, ends=[1]):
            cli.complete()
    print(f"{sum(made)} temporary tables")


def vacuuming(db):
    return db.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
                    " AND datname = current_database() AND query LIKE '%accounts%'", role="postgres")


def test_autovacuum_yields_and_nobody_waits_meanwhile(tmp_path, pgstrata):
    """A vacuum that would go on for minutes is at work when start, rollback and complete come by."""
    slow = {"autovacuum_naptime": "1s", "autovacuum_vacuum_cost_delay": "100ms", "autovacuum_vacuum_cost_limit": "1",
            "autovacuum_vacuum_threshold": "10", "autovacuum_vacuum_scale_factor": "0"}
    life = LIVES["altered"]
    with Server(settings={**lockwaits.SETTINGS, **slow}) as server:
        db = Database(server)
        cli = Cli(db, tmp_path)
        db.tables(life.tables)
        cli.run("baseline", "baseline")
        cli.file("new", life.operations)

        def vacuum_at_work():
            db.execute("INSERT INTO public.accounts (id) SELECT g FROM generate_series(100000, 103000) g;"
                       "DELETE FROM public.accounts WHERE id >= 100000")
            deadline = time.monotonic() + 60
            while not vacuuming(db):
                assert time.monotonic() < deadline, "autovacuum does not come"
                time.sleep(0.05)

        def meets_a_vacuum(*command, versions, ends):
            with clients(server, db, life, *versions, ends=ends):
                vacuum_at_work()
                cli.run(*command, timeout=120)

        meets_a_vacuum("start", "new.json", versions=[1], ends=[])
        meets_a_vacuum("rollback", versions=[1, 2], ends=[2])
        cli.run("start", "new.json", timeout=120)
        meets_a_vacuum("complete", versions=[1, 2], ends=[1])
        assert "canceling autovacuum task" in server.log()
        db.drop()


def test_the_rig_sees_a_client_that_waits_behind_us(server, db):
    """The instruments, against a session that does what the engine must not."""
    db.tables("CREATE TABLE t (id int)")

    def run(role, application, timeout, sql):
        with contextlib.closing(db.connect("public", role=role)) as connection, connection.cursor() as cursor:
            cursor.execute(f"SET application_name = '{application}'; SET statement_timeout = {timeout}")
            with contextlib.suppress(psycopg2.errors.QueryCanceled):
                cursor.execute(sql)

    for watch in (LockWaits(server), WaitWatch(db)):
        with pytest.raises(AssertionError, match="waited"), watch, long_reader(db):
            bad = threading.Thread(target=run, args=("owner", "pgstrata bad", 800, "ALTER TABLE t ADD COLUMN a int"))
            bad.start()
            time.sleep(0.1)
            run("app", "client", 600, "SELECT * FROM t")
            bad.join()
            time.sleep(0.2)  # for the log to tell that it left
