"""A killed engine's server processes are ended by the next command, which names them (law 7, trap 44)."""
import os
import signal
import time

import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.cli import MIGRATION
from rig.waitwatch import WaitWatch

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT g, g FROM generate_series(1, 100) g"
INDEX = [{"create_index": {"table": "t", "name": "t_a", "columns": {"a": {}}}}]
SLOW_SQL = [{"sql": {"up": "VACUUM (SKIP_LOCKED false) t", "down": "SELECT 1"}}]


def running(db, query):
    """The pids of sessions of ours that run such a statement."""
    return [pid for (pid,) in db.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgstrata%%' AND query LIKE %s"
        " AND state = 'active'", (query,), role="postgres")]


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def kill_while_it_runs(db, started, query, holder):
    """Once its statement waits for `holder`, and not for an autovacuum that passes by."""
    def waiting():
        return [pid for pid in running(db, query) if holder.info.backend_pid in db.value(
            "SELECT pg_blocking_pids(%s)", (pid,), role="postgres")]
    wait_for(waiting)
    stale = running(db, query)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    time.sleep(0.2)
    assert running(db, query) == stale, "the server process does not notice that its engine is gone"
    return stale[0]


@pytest.mark.parametrize("finish", ["start", "rollback"])
def test_a_killed_engines_index_build_is_ended_and_named(db, cli, finish):
    db.tables(TABLES)
    cli.run("baseline", "baseline")
    before = fingerprint(db)
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("INSERT INTO t VALUES (1000, 1)")  # the build waits for this transaction
    stale = kill_while_it_runs(db, cli.spawn("start", cli.file("new", INDEX)), "CREATE INDEX%", holder)
    with WaitWatch(db):
        finishing = cli.spawn(finish, *(["new.json"] if finish == "start" else []))
        wait_for(lambda: stale not in running(db, "CREATE INDEX%"))
        time.sleep(0.3)
        holder.rollback()
        _, err = finishing.communicate(timeout=60)
    assert finishing.returncode == 0, err
    assert f"pid {stale}" in err.decode() and "earlier command" in err.decode()
    if finish == "start":
        assert db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")
        cli.rollback()
    assert fingerprint(db) == before
    assert db.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", role="postgres") == 0


def test_a_killed_engines_sql_outside_a_transaction_is_ended(db, cli):
    db.tables(TABLES)
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
    stale = kill_while_it_runs(db, cli.spawn("start", cli.file("new", SLOW_SQL)), "VACUUM%", holder)
    finishing = cli.spawn("start", "new.json")
    wait_for(lambda: stale not in running(db, "VACUUM%"))
    holder.rollback()
    _, err = finishing.communicate(timeout=60)
    assert finishing.returncode == 0 and f"pid {stale}" in err.decode(), err


def test_a_live_runner_is_never_ended(db, cli):
    db.tables(TABLES)
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("INSERT INTO t VALUES (1000, 1)")
    building = cli.spawn("start", cli.file("new", INDEX))
    wait_for(lambda: running(db, "CREATE INDEX%"))
    assert "pgstrata start" in cli.rollback(expect=4).err
    assert running(db, "CREATE INDEX%")
    holder.rollback()
    assert building.wait(60) == 0


def test_sessions_of_a_login_role_are_ended_although_the_work_is_done_under_another(db, cli):
    """With --role the owner's rights apply, and an owner may not signal the login role's sessions."""
    db.execute("DO $$ BEGIN CREATE ROLE deploy LOGIN NOINHERIT IN ROLE owner;"
               " EXCEPTION WHEN duplicate_object THEN NULL; END $$", role="postgres")
    db.tables(TABLES)
    cli.options = ["--url", db.url("deploy"), "--role", "owner"]
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("INSERT INTO t VALUES (1000, 1)")
    stale = kill_while_it_runs(db, cli.spawn("start", cli.file("new", INDEX)), "CREATE INDEX%", holder)
    finishing = cli.spawn("rollback")
    wait_for(lambda: stale not in running(db, "CREATE INDEX%"))
    holder.rollback()
    _, err = finishing.communicate(timeout=60)
    assert finishing.returncode == 0 and f"pid {stale}" in err.decode(), err


def invalid(db):
    return [name for (name,) in db.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")]


OUTSIDE = {"by a name": ("CREATE INDEX CONCURRENTLY t_a ON t (a)", "t_a"), "without one": ("CREATE INDEX CONCURRENTLY ON t (a)", "t_a_idx"),
           "unless it is there": ("CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)", "t_a"),
           "anew": ("REINDEX INDEX CONCURRENTLY t_pkey", "t_pkey")}


@pytest.mark.parametrize("finish", ["start", "rollback"])
@pytest.mark.parametrize("how", OUTSIDE)
def test_an_index_that_raw_sql_left_half_built_is_dropped(db, cli, how, finish):
    sql, index = OUTSIDE[how]
    db.tables(TABLES + "; INSERT INTO t VALUES (0, 1); CREATE TABLE others (a int); INSERT INTO others VALUES (1), (1)")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        db.execute("CREATE UNIQUE INDEX CONCURRENTLY theirs ON others (a)")
    cli.run("baseline", "baseline")
    before = fingerprint(db)
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("INSERT INTO t VALUES (1000, 1)")  # the build waits for this transaction
    stale = kill_while_it_runs(db, cli.spawn("start", cli.file("new", [{"sql": {"up": sql}}])), f"{sql.split()[0]}%", holder)
    assert len(invalid(db)) == 2
    db.execute("SELECT pg_terminate_backend(%s)", (stale,), role="postgres")
    wait_for(lambda: not running(db, f"{sql.split()[0]}%"))
    holder.rollback()
    cli.run(finish, *(["new.json"] if finish == "start" else []))
    assert invalid(db) == ["theirs"]
    if finish == "rollback":
        assert fingerprint(db) == before
    else:
        assert db.value("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass") == (1 if how == "anew" else 2)
        assert db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", (index,))


def test_an_index_that_raw_sql_could_not_build_is_dropped_at_once(db, cli):
    db.tables(TABLES + "; INSERT INTO t VALUES (0, 1)")
    cli.run("baseline", "baseline")
    before = fingerprint(db)
    assert "duplicate" in cli.start("new", [{"sql": {"up": "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)"}}], expect=MIGRATION).err
    assert fingerprint(db) == before
