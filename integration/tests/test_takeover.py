"""A killed engine's server processes are ended by the next command, which names them (law 7, trap 44)."""
import os
import signal
import time

import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.cli import MIGRATION
from rig.waiting import eventually
from rig.waitwatch import WaitWatch

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT g, g FROM generate_series(1, 100) g"
INDEX = [{"create_index": {"table": "t", "name": "t_a", "columns": {"a": {}}}}]
SLOW_SQL = [{"sql": {"up": "VACUUM (SKIP_LOCKED false) t", "down": "SELECT 1"}}]


def running(db, query):
    """The pids of sessions of ours that run such a statement."""
    return [pid for (pid,) in db.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgstrata%%' AND query LIKE %s"
        " AND state = 'active'", (query,), role="postgres")]


def kill_while_it_runs(db, started, query, holder):
    """Once its statement waits for `holder`, and not for an autovacuum that passes by."""
    def waiting():
        return [pid for pid in running(db, query) if holder.info.backend_pid in db.value(
            "SELECT pg_blocking_pids(%s)", (pid,), role="postgres")]
    eventually(waiting)
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
        eventually(lambda: stale not in running(db, "CREATE INDEX%"))
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
    eventually(lambda: stale not in running(db, "VACUUM%"))
    holder.rollback()
    _, err = finishing.communicate(timeout=60)
    assert finishing.returncode == 0 and f"pid {stale}" in err.decode(), err


def test_a_live_runner_is_never_ended(db, cli):
    db.tables(TABLES)
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("INSERT INTO t VALUES (1000, 1)")
    building = cli.spawn("start", cli.file("new", INDEX))
    eventually(lambda: running(db, "CREATE INDEX%"))
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
    eventually(lambda: stale not in running(db, "CREATE INDEX%"))
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
    eventually(lambda: not running(db, f"{sql.split()[0]}%"))
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


PRICES = "CREATE TABLE t (id int PRIMARY KEY, price int); INSERT INTO t SELECT g, g FROM generate_series(1, 100) g"
UNIQUE = "CREATE UNIQUE INDEX CONCURRENTLY nw ON t (price)"


def left_half_built(db, cli):
    """`nw`, by a killed start whose backend was ended while it waited for an open transaction."""
    db.tables(PRICES)
    cli.run("baseline", "baseline")
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("INSERT INTO t VALUES (1000, 1000)")
    path = cli.file("new", [{"sql": {"up": UNIQUE, "down": "DROP INDEX nw"}}])
    stale = kill_while_it_runs(db, cli.spawn("start", path), "CREATE UNIQUE%", holder)
    db.execute("SELECT pg_terminate_backend(%s)", (stale,), role="postgres")
    eventually(lambda: not running(db, "CREATE UNIQUE%"))
    holder.rollback()
    assert invalid(db) == ["nw"]


@pytest.mark.parametrize("finish", ["start", "rollback"])
def test_a_half_built_index_is_waited_for_while_its_table_is_locked(db, cli, finish):
    left_half_built(db, cli)
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
    finishing = cli.spawn(finish, *(["new.json"] if finish == "start" else []))
    time.sleep(4)
    assert finishing.poll() is None, "it went on although what was left could not be dropped"
    holder.rollback()
    _, err = finishing.communicate(timeout=60)
    assert finishing.returncode == 0 and b"had done this" not in err, err
    assert invalid(db) == []
    assert db.value("SELECT to_regclass('public.nw') IS NOT NULL") == (finish == "start")


def test_an_interruption_does_not_make_an_error_look_like_success(db, cli):
    """The name is taken by another table's index, which a rollback would then have dropped."""
    db.tables(PRICES + "; CREATE TABLE other (id int); CREATE INDEX idx ON other (id)")
    cli.run("baseline", "baseline")
    before = fingerprint(db)
    holder = db.connect("public", autocommit=False)
    holder.cursor().execute("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
    path = cli.file("new", [{"sql": {"up": "CREATE INDEX CONCURRENTLY idx ON t (price)", "down": "DROP INDEX idx"}}])
    started = cli.spawn("start", path)
    eventually(lambda: running(db, "CREATE INDEX%"))
    started.send_signal(signal.SIGINT)
    started.communicate(timeout=30)
    assert started.returncode == 130
    holder.rollback()
    assert "42P07" in cli.run("start", path, expect=MIGRATION).err
    assert fingerprint(db) == before and cli.versions()["new"] == "rolled_back"


def test_an_index_that_was_built_before_the_crash_is_not_built_again(db, cli):
    left_half_built(db, cli)
    db.execute("DROP INDEX nw")
    db.execute(UNIQUE)
    assert "had done this" in cli.run("start", "new.json").err
    cli.rollback()
    assert db.value("SELECT to_regclass('public.nw') IS NULL")


@pytest.mark.parametrize("when", ["onComplete", "up"])
def test_a_failed_build_that_could_not_be_dropped_at_once_is_dropped_later(db, cli, when):
    db.tables(PRICES + "; INSERT INTO t VALUES (0, 1)")
    cli.run("baseline", "baseline")
    path = cli.file("new", [{"sql": {"up": UNIQUE, **({"onComplete": True} if when == "onComplete" else {})}}])
    command = ["start", path]
    if when == "onComplete":
        cli.run(*command)
        command = ["complete"]
    reader = db.connect("public", autocommit=False)
    writer = db.connect("public", autocommit=False)
    writer.cursor().execute("INSERT INTO t VALUES (1000, 1000)")  # the build waits for it, then comes to the reader's lock
    building = cli.spawn(*command)
    eventually(lambda: invalid(db) == ["nw"])
    reader.cursor().execute("SELECT count(*) FROM t")  # the DROP waits for this one
    writer.rollback()
    time.sleep(9)
    reader.rollback()
    _, err = building.communicate(timeout=60)
    assert building.returncode == MIGRATION and b"unfinished index is left" in err, err
    if when == "up":
        assert invalid(db) == []
    db.execute("DELETE FROM t WHERE id = 0")
    cli.run(*command)
    assert invalid(db) == [] and db.value("SELECT to_regclass('public.nw') IS NOT NULL")
