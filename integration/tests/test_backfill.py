"""A backfill is watched and steered from another terminal, paced by the server's signals, and verified."""
import json
import os
import pathlib
import signal
import time

import pytest

from rig.cli import DATA, INTERRUPTED, STATE, USAGE
from rig.replica import Replica
from rig.waiting import eventually

LONG = bool(os.environ.get("PGSTRATA_LONG"))
TABLE = """CREATE TABLE t (id int PRIMARY KEY, a numeric(12,4) NOT NULL, s text, pad text);
           INSERT INTO t SELECT i, i, 's' || i, repeat('x', 60) FROM generate_series(1, {rows}) i"""
LOSSY = [{"alter_column": {"table": "t", "column": "a", "type": "int", "up": "a::int", "down": "a::numeric(12,4)"}}]


def filled(db):
    return db.value("SELECT coalesce(sum(filled), 0) FROM pgstrata.backfill_chunks")


def control(cli, *what):
    return cli.run("control", *what, "--json").json


def running(cli, what):
    """The fill's status as another terminal sees it, once `what` is true of it."""
    def look():
        fills = control(cli, "status")["fills"]
        return fills and what(fills[0]) and fills[0]
    return eventually(look)


def finished(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    return err.decode()


@pytest.fixture
def slow(db, cli):
    """A start that fills 40,000 rows at 4,000 a second, in the background."""
    db.tables(TABLE.format(rows=40_000))
    cli.run("baseline", "one")
    process = cli.spawn("start", cli.file("two", LOSSY), "--max-rate", 4000, "--progress", "json")
    yield process
    if process.poll() is None:
        process.kill()
        process.wait()


def test_another_terminal_pauses_paces_and_resumes_a_backfill(db, cli, slow):
    status = running(cli, lambda fill: fill["rows"] > 0)
    assert status["table"] == "t" and status["pages_total"] > status["pages_done"]
    assert control(cli, "pause")["paused"]
    time.sleep(1)
    before = filled(db)
    time.sleep(1)
    assert filled(db) == before < 40_000
    status = running(cli, lambda fill: "pause" in fill["throttled_by"])
    assert status["rows"] == before
    assert control(cli, "rate", 0)["max_rate"] == 0
    assert control(cli, "workers", 2)["workers"] == 2
    began = time.monotonic()
    assert not control(cli, "resume")["paused"]
    finished(slow)
    assert time.monotonic() - began < 5, "the rate that the command had is lifted"
    after = control(cli, "status")
    assert (after["paused"], after["max_rate"], after["workers"]) == (False, None, None)
    assert "no backfill" in after["notes"][0]
    assert "all as translated" in cli.run("verify").out


def test_progress_is_json_lines_on_request_and_the_result_stays_text(db, cli, slow):
    out, err = slow.communicate(timeout=120)
    fills = [line for line in map(json.loads, err.decode().splitlines()) if line["event"] == "fill"]
    assert len(fills) >= 3
    assert fills[-1]["throttled_by"] == "--max-rate 4000 rows/s" and 2000 < fills[-1]["rows_per_second"] < 6000
    assert b"published" in out and not out.startswith(b"{")


@pytest.mark.parametrize("words", [["rate"], ["rate", "-1"], ["rate", "fast"], ["rate", "nan"],
                                   ["workers", "0"], ["workers", "1.7"], ["workers", "1e10"], ["pause", "3"], ["stop"]])
def test_control_refuses_what_it_does_not_understand(cli, words):
    cli.run("control", *words, expect=USAGE)


def test_two_orders_at_once_are_both_obeyed(db, cli):
    cli.run("init")
    for _ in range(5):
        orders = [cli.spawn("control", *order) for order in (("pause",), ("rate", 7), ("workers", 3))]
        assert [order.wait() for order in orders] == [0, 0, 0]
        status = control(cli, "status")
        assert (status["paused"], status["max_rate"], status["workers"]) == (True, 7, 3)
        db.execute("DELETE FROM pgstrata.control")


def test_next_to_no_rate_is_obeyed_and_lifted(db, cli, slow):
    running(cli, lambda fill: fill["rows"] > 0)
    assert control(cli, "rate", "1e-310")["max_rate"] == 1e-310
    running(cli, lambda fill: "control rate" in fill["throttled_by"])
    assert "from 0 to 1e15" in cli.run("control", "rate", "1e308", expect=USAGE).err
    control(cli, "rate", 0)
    finished(slow)


@pytest.mark.parametrize("rate", ["inf", "nan", "-1", "fast"])
def test_a_rate_that_is_no_number_is_a_wrong_command_line(db, cli, rate):
    cli.start("two", LOSSY, "--max-rate", rate, expect=USAGE)


def test_control_without_history_is_refused_and_creates_nothing(db, cli):
    cli.run("control", "pause", expect=STATE)
    assert "pgstrata" not in db.schemas()


def test_a_killed_backfill_goes_on_where_it_was_and_tells_the_time_left_at_once(db, cli, slow):
    running(cli, lambda fill: fill["rows"] > 8000)
    slow.send_signal(signal.SIGKILL)
    slow.wait()
    before = eventually(lambda: filled(db))
    again = cli.spawn("start", cli.file("two", LOSSY), "--max-rate", 8000, "--progress", "json")
    fills = [line for line in map(json.loads, finished(again).splitlines()) if line["event"] == "fill"]
    assert all(line["rows"] >= before for line in fills)
    first = fills[0]
    left = 40_000 - first["rows"]
    assert left / 8000 * 0.5 < first["seconds_left"] < left / 8000 * 2, first
    assert db.value("SELECT count(*) FROM t WHERE _m <> -2") == 0


def test_verify_finds_a_twin_that_was_changed_behind_the_triggers(db, cli):
    db.tables(TABLE.format(rows=3000))
    cli.start("two", LOSSY)
    assert cli.run("verify", "--json").json["differing"] == 0
    db.execute("SET session_replication_role = replica; ALTER TABLE t DISABLE TRIGGER ALL;"
               "UPDATE t SET _a_2 = -1 WHERE id = 77; ALTER TABLE t ENABLE ALWAYS TRIGGER pgstrata_sync_insert,"
               " ENABLE ALWAYS TRIGGER pgstrata_sync_update", role="postgres")
    report = cli.run("verify", "--json", expect=DATA).json
    assert report["differing"] == 1
    assert report["columns"][0]["samples"] == ["id = 77: -1, translated 77"]
    assert "id = 77: -1" in cli.run("verify", "two", expect=DATA).out


def test_verify_does_not_count_what_a_lossy_translation_makes_of_a_row(db, cli):
    db.tables(TABLE.format(rows=100))
    db.execute("UPDATE t SET a = 2.25 WHERE id = 2")
    cli.start("two", LOSSY)
    db.write("two", "UPDATE t SET a = 9 WHERE id = 2")
    db.write("baseline", "UPDATE t SET a = 3.75 WHERE id = 3")
    db.write("two", "INSERT INTO t VALUES (1000, 5, 's', '')")
    assert cli.run("verify", "--json").json["differing"] == 0


TWO_DOWNS = [
    {"add_column": {"table": "p", "column": {"name": "name", "type": "text", "nullable": True},
                    "up": "first || ' ' || last"}},
    {"drop_column": {"table": "p", "column": "first", "down": "split_part(name, ' ', 1)"}},
    {"drop_column": {"table": "p", "column": "last", "down": "split_part(name, ' ', 2)"}},
]


def test_verify_wants_every_down_of_a_column_to_agree_with_it(db, cli):
    db.tables("CREATE TABLE p (id int PRIMARY KEY, first text, last text);"
              "INSERT INTO p SELECT i, 'f' || i, 'l' || i FROM generate_series(1, 100) i")
    cli.start("two", TWO_DOWNS)
    db.write("baseline", "UPDATE p SET first = 'a b' WHERE id = 1")
    db.write("two", "UPDATE p SET name = 'x y z' WHERE id = 2")
    db.write("two", "UPDATE p SET name = 'one' WHERE id = 3")
    db.write("baseline", "UPDATE p SET last = 'two' WHERE id = 3")
    report = cli.run("verify", "--json").json
    assert [(c["column"], c["differing"]) for c in report["columns"]] == [("name", 0)]
    db.execute("ALTER TABLE p DISABLE TRIGGER ALL; UPDATE p SET last = 'else' WHERE id = 4;"
               "ALTER TABLE p ENABLE TRIGGER ALL", role="postgres")
    report = cli.run("verify", "--json", expect=DATA).json
    assert report["columns"][0]["differing"] == 1 and "id = 4" in report["columns"][0]["samples"][0]


def test_verify_says_which_columns_nothing_can_judge(db, cli):
    db.tables("CREATE TABLE p (id int PRIMARY KEY, a int, b int)")
    cli.start("two", [{"drop_column": {"table": "p", "column": "a", "down": "b + 1"}}])
    assert "not judged" in cli.run("verify").text


def test_verify_judges_no_translation_that_depends_on_more_than_the_row(db, cli):
    db.tables("CREATE TABLE p (id int PRIMARY KEY, a text); INSERT INTO p VALUES (1, '2026-01-01 12:00+00')")
    cli.start("two", [{"alter_column": {"table": "p", "column": "a", "type": "timestamptz",
                                        "up": "a::timestamptz", "down": "a::text"}}])
    assert "depends on more than the row" in cli.run("verify").text


def test_verify_goes_on_where_up_raises_on_what_only_the_newer_version_holds(db, cli):
    db.tables("CREATE TABLE p (id int PRIMARY KEY, a text); CREATE TABLE q (id int PRIMARY KEY, a text);"
              "INSERT INTO p VALUES (1, '1'); INSERT INTO q VALUES (1, '1')")
    cli.start("two", [{"alter_column": {"table": table, "column": "a", "type": "int", "up": "a::int",
                                        "down": "coalesce(a::text, 'none')"}} for table in ("p", "q")])
    db.write("two", "UPDATE p SET a = NULL")
    report = cli.run("verify", "--json").json
    assert [(c["table"], c["differing"]) for c in report["columns"]] == [("q", 0)]
    assert "not judged, as a translation fails" in report["notes"][0]


def locked(db, table):
    holder = db.connect("public", role="owner", autocommit=False)
    holder.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    return holder


def stopped(process, expected):
    _, err = process.communicate(timeout=20)
    assert process.returncode == expected, err
    return err.decode()


def test_ctrl_c_ends_a_long_read_that_waits(db, cli):
    """`verify`, and the checks before a start: reads of whole tables."""
    db.tables(TABLE.format(rows=100))
    cli.start("two", LOSSY)
    holder = locked(db, "t")
    verify = cli.spawn("verify")
    eventually(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
    verify.send_signal(signal.SIGINT)
    stopped(verify, INTERRUPTED)
    holder.rollback()
    assert cli.run("verify", "--json").json["differing"] == 0


def test_the_state_schema_is_upgraded_by_nobody_while_another_is_at_work(db, cli, slow):
    version = "SELECT max(version) FROM pgstrata.meta"
    running(cli, lambda fill: fill["rows"] > 0)
    db.execute("DELETE FROM pgstrata.meta WHERE version >= 3")
    cli.run("control", "pause")
    cli.run("control", "workers", "2", expect=STATE)
    cli.rollback(expect=STATE)
    assert db.value(version) == 2
    db.execute("INSERT INTO pgstrata.meta (version) VALUES (3), (4), (5)")
    cli.run("control", "resume")


def test_verify_refuses_an_unfinished_command_and_an_unknown_version(db, cli):
    db.tables(TABLE.format(rows=100))
    cli.start("two", LOSSY, "--kill-after-step", 1, expect=-9)
    cli.run("verify", expect=STATE)
    cli.rollback()
    assert "nosuch" in cli.run("verify", "nosuch", expect=STATE).err


@pytest.fixture
def replica(server):
    with Replica(server) as following:
        yield following


def test_a_backfill_waits_for_a_replica_that_lags_and_says_so(db, cli, replica):
    db.tables(TABLE.format(rows=40_000))
    db.execute("GRANT pg_monitor TO owner", role="postgres")
    cli.run("baseline", "one")
    replica.says("SELECT pg_wal_replay_pause()")
    db.execute("CREATE TABLE noise AS SELECT repeat('x', 1000) FROM generate_series(1, 4000)")
    start = cli.spawn("start", cli.file("two", LOSSY), "--max-lag", 2)
    try:
        status = running(cli, lambda fill: "replica lag" in fill["throttled_by"])
        assert "MB" in status["throttled_by"]
        before = filled(db)
        time.sleep(1)
        assert start.poll() is None and filled(db) == before < 40_000
        replica.says("SELECT pg_wal_replay_resume()")
        finished(start)
    finally:
        replica.says("SELECT pg_wal_replay_resume()")
        if start.poll() is None:
            start.kill()
        db.execute("REVOKE pg_monitor FROM owner", role="postgres")


def peak_kb(pid):
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
    except (OSError, StopIteration):
        return 0


def peak_of_start(db, cli, name, operations):
    process = cli.spawn("start", cli.file(name, operations), "--progress", "json")
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_kb(process.pid))
        time.sleep(0.02)
    return peak, finished(process)


def test_the_engines_memory_does_not_grow_with_the_table(db, cli):
    db.tables(TABLE.format(rows=1000))
    cli.run("baseline", "one")
    small, _ = peak_of_start(db, cli, "two", LOSSY)
    cli.complete()
    rows = 10_000_000 if LONG else 200_000
    db.execute(f"INSERT INTO t (id, a, s, pad) SELECT i, i, 's', repeat('x', 60) FROM generate_series(1001, {rows}) i")
    large, lines = peak_of_start(db, cli, "three", [
        {"alter_column": {"table": "t", "column": "s", "type": "varchar(20)", "up": "s", "down": "s"}}])
    assert large < 64 * 1024 and large - small < 4 * 1024, f"{small} and {large} kB"
    assert db.value("SELECT count(*) FROM t WHERE _m <> -3") == 0
    if LONG:
        fills = [line for line in map(json.loads, lines.splitlines()) if line["event"] == "fill"]
        assert len(fills) > 1
        assert all(line["seconds_left"] is not None for line in fills[1:])  # the first may come too soon to tell
