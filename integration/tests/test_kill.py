"""kill -9 of the engine after every journal step, with writers on the live versions (trap 13).

`--kill-after-step N` makes the command end like kill -9 once N steps of its run are in the journal. For every
N the same command is run again and finishes; and, in another pass, `rollback` finishes instead.
"""
import contextlib
import functools
import itertools

import pytest

from rig.catalog import fingerprint
from rig.cli import DONE, KILLED, STATE, Cli
from rig.database import Database
from rig.lives import LIVES
from rig.waitwatch import WaitWatch
from rig.writers import Writers

STEPS = functools.partial(itertools.count, 1)


@pytest.fixture(params=LIVES.values(), ids=list(LIVES))
def life(request):
    return request.param


@contextlib.contextmanager
def writing(db, life, *versions, ends=()):
    """Writers on these versions; on leaving, they all went through, and the versions not ending agree."""
    with WaitWatch(db), Writers(db, life.shapes("public_baseline", "public_new"), life.links, partitions=3,
                                keys=8) as writers:
        db.execute(f"DELETE FROM public.{life.table[0]}")
        for w in versions:
            writers.add(w, pause=0.01)
        yield writers
        writers.check(*[w for w in writers.shapes if w not in ends and w in versions])


def prepared(db, cli, life):
    db.tables(life.tables)
    cli.run("baseline", "baseline")
    cli.file("new", life.operations)
    return fingerprint(db)


def killed(cli, step, *command):
    """Runs the command with a kill after that step; False once it has fewer steps than that."""
    result = cli.run(*command, "--kill-after-step", step, expect=None)
    assert result.exit in (KILLED, DONE), repr(result)
    return result.exit == KILLED


def test_start_killed_after_any_step_is_finished_by_start(db, cli, life):
    before = prepared(db, cli, life)
    for step in STEPS():
        with writing(db, life, 1) as writers:
            more = killed(cli, step, "start", "new.json")
            writers.pause_until(5)
            cli.run("start", "new.json")
            writers.add(2, pause=0.01)
            writers.pause_until(10)
            writers.check(1, 2)
        cli.rollback()
        assert fingerprint(db) == before, f"after a kill at step {step}"
        if not more:
            break
    assert step > 3, "start has hardly any steps: is --kill-after-step heard?"


def test_start_killed_after_any_step_is_undone_by_rollback(db, cli, life):
    before = prepared(db, cli, life)
    for step in STEPS():
        with writing(db, life, 1) as writers:
            more = killed(cli, step, "start", "new.json")
            writers.pause_until(5)
            cli.rollback()
        assert fingerprint(db) == before, f"after a kill at step {step}"
        assert "public_new" not in db.schemas()
        if not more:
            break
    assert step > 3


def test_rollback_killed_after_any_step_is_finished_by_rollback(db, cli, life):
    before = prepared(db, cli, life)
    for step in STEPS():
        cli.run("start", "new.json")
        with writing(db, life, 1, 2, ends=(2,)) as writers:
            writers.pause_until(5)
            writers.expect_end(2)
            more = killed(cli, step, "rollback")
            cli.rollback("new")
        assert fingerprint(db) == before, f"after a kill at step {step}"
        if not more:
            break
    assert step > 1


@pytest.fixture
def in_flight(server, db, cli, life):
    """Makes copies of a database in flight: each try needs its own, for completion has no way back."""
    prepared(db, cli, life)
    cli.run("start", "new.json")
    copies = []

    def copy():
        made = Database(server, template=db.name)
        copies.append(made)
        return made

    yield copy
    for made in copies:
        made.drop()


def on(cli, database):
    """The same command line on another database."""
    return Cli(database, cli.directory)


def first_unit_done(database):
    """Has the completion passed its first unit? Only the retirement of the schema may have run before."""
    return database.value("SELECT count(*) FROM pgstrata.steps s JOIN pgstrata.runs r ON r.id = s.run"
                          " WHERE r.command = 'complete' AND s.done_at IS NOT NULL") > 1


def test_complete_killed_after_any_step_is_finished_by_complete(cli, life, in_flight):
    reference = None
    for step in STEPS():
        database = in_flight()
        here = on(cli, database)
        with writing(database, life, 1, 2, ends=(1,)) as writers:
            writers.pause_until(5)
            writers.expect_end(1)
            more = killed(here, step, "complete")
            writers.pause_until(5)
            if more and first_unit_done(database):
                assert here.rollback(expect=None).exit == STATE
            here.complete("baseline")
            writers.pause_until(5)
        reference = reference or fingerprint(database)
        assert fingerprint(database) == reference, f"after a kill at step {step}"
        assert database.schemas() == {"public", "pgstrata", "public_new"}
        if not more:
            break
    assert step > 1


def test_complete_killed_before_its_first_unit_can_still_be_rolled_back(db, cli, life):
    before = prepared(db, cli, life)
    rolled_back = 0
    for step in STEPS():
        cli.run("start", "new.json")
        assert killed(cli, step, "complete")
        if first_unit_done(db):
            assert cli.rollback(expect=None).exit == STATE
            break
        cli.rollback()
        assert fingerprint(db) == before
        assert db.rows("baseline", f"SELECT count(*) FROM {life.table[0]}")
        rolled_back += 1
    assert rolled_back > 0
    cli.complete()
