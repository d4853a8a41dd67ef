"""One runner at a time, and what a runner that was replaced can still do: nothing (traps 14, 44)."""
import contextlib
import signal
import time

import pytest

from rig.catalog import fingerprint
from rig.cli import CONNECTION, DONE, STATE
from rig.remains import remains
from rig.waitwatch import WaitWatch

ROWS = 6000
TABLES = f"""
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, pad text DEFAULT repeat('x', 200));
INSERT INTO t SELECT g, g FROM generate_series(1, {ROWS}) g;
"""
WIDE = [{"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a::bigint * 10", "down": "a / 10"}}]
OTHER = [{"rename_column": {"table": "t", "from": "a", "to": "b"}}]
WRONG = "SELECT count(*) FROM t WHERE a <> id * 10"
SLOW = ("--max-rate", 2000)


@pytest.fixture
def base(db):
    db.tables(TABLES)
    return db


def filled(db):
    """Rows that the backfill has done so far; None before it has begun."""
    found = db.execute("SELECT sum(filled) FROM pgstrata.backfill_chunks") \
        if db.value("SELECT to_regclass('pgstrata.backfill_chunks') IS NOT NULL") else [(None,)]
    return found[0][0]


@contextlib.contextmanager
def filling(db, cli, *arguments):
    """A slow start in the middle of its backfill."""
    process = cli.spawn("start", cli.file("one", WIDE), *SLOW, *arguments)
    deadline = time.monotonic() + 20
    while not filled(db):
        assert process.poll() is None and time.monotonic() < deadline, process.stderr.read()
        time.sleep(0.02)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.communicate()


def end_lock_session(db):
    """Ends the session that holds the runner's advisory lock, and leaves the others of that command alone."""
    pid = db.value("SELECT pid FROM pgstrata.runners")
    assert db.value("SELECT pg_terminate_backend(%s)", (pid,), role="postgres")
    while db.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = %s", (pid,), role="postgres"):
        time.sleep(0.01)
    return pid


def test_while_a_start_runs_every_other_runner_is_refused_and_told_who_works(base, cli):
    cli.file("two", OTHER)
    with filling(base, cli) as process:
        for command in (["start", "one.json"], ["start", "two.json"], ["complete"], ["rollback"], ["rollback", "one"],
                        ["baseline", "b"], ["migrate", "."]):
            result = cli.run(*command, expect=STATE)
            assert "another command is at work" in result.err and "pgstrata start" in result.err, repr(result)
            assert f"pid {base.value('SELECT pid FROM pgstrata.runners')}" in result.err
        assert process.wait(30) == DONE
    assert base.rows("one", WRONG) == [(0,)]


def test_two_starts_of_one_migration_at_the_same_moment_do_it_once(base, cli):
    path = cli.file("one", WIDE)
    for _ in range(3):
        pair = [cli.spawn("start", path) for _ in range(2)]
        exits = sorted(p.wait(30) for p in pair)
        said = [p.communicate() for p in pair]
        assert exits in ([DONE, DONE], [DONE, STATE]), said
        assert base.rows("one", WRONG) == [(0,)]
        assert [v for v, s in cli.versions().items() if s == "live"] == ["baseline", "one"]
        cli.rollback("one")


def test_status_and_latest_answer_while_a_start_runs(base, cli):
    with filling(base, cli) as process:
        assert cli.status()["unfinished"]["command"] == "start"
        assert cli.run("latest", "migration").out.strip() == "baseline"
        assert process.poll() is None


def test_a_start_whose_lock_session_ends_is_taken_over_by_the_next_and_changes_nothing_more(base, cli):
    with filling(base, cli) as first, WaitWatch(base):
        end_lock_session(base)
        cli.run("start", "one.json")
        assert base.rows("one", WRONG) == [(0,)]
        assert first.wait(30) in (STATE, CONNECTION), first.stderr.read()
    assert cli.versions() == {"baseline": "live", "one": "live"}
    cli.complete()
    assert remains(base) == []


def test_a_frozen_runner_that_lost_its_lock_changes_nothing_when_it_wakes_up_after_a_rollback(base, cli):
    before = fingerprint(base)
    with filling(base, cli, "--workers", 2) as first:
        first.send_signal(signal.SIGSTOP)
        end_lock_session(base)
        cli.rollback("one")
        assert fingerprint(base) == before
        journal = base.execute("SELECT run, sequence, done_at FROM pgstrata.steps ORDER BY 1, 2")
        first.send_signal(signal.SIGCONT)
        assert first.wait(30) in (STATE, CONNECTION)
    assert fingerprint(base) == before
    assert base.execute("SELECT run, sequence, done_at FROM pgstrata.steps ORDER BY 1, 2") == journal
    assert "public_one" not in base.schemas()
    assert cli.versions() == {"baseline": "live", "one": "rolled_back"}
    assert remains(base) == []


def test_a_frozen_completion_that_lost_its_lock_cannot_touch_what_the_next_runner_made(base, cli):
    cli.start("one", WIDE)
    reader = base.connect("public_one", autocommit=False)
    reader.cursor().execute("SELECT count(*) FROM t")
    first = cli.spawn("complete", "baseline")
    while not base.value("SELECT count(*) FROM pgstrata.runs WHERE command = 'complete'"):
        time.sleep(0.01)
    time.sleep(0.3)
    first.send_signal(signal.SIGSTOP)
    end_lock_session(base)
    base.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgstrata complete'"
                 " AND state LIKE 'idle in transaction%'", role="postgres")
    reader.rollback()
    cli.complete("baseline")
    cli.start("two", OTHER)
    after = fingerprint(base)
    first.send_signal(signal.SIGCONT)
    assert first.wait(60) in (STATE, CONNECTION)
    first.communicate()
    assert fingerprint(base) == after
    assert {v: s for v, s in cli.versions().items() if s == "live"} == {"one": "live", "two": "live"}
