"""What is already in the asked state is 0 and says so; what could not be done never is (trap 35)."""
import pytest

from rig.catalog import fingerprint
from rig.cli import CONNECTION, STATE, USAGE

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)"
FIRST = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}}]
SECOND = [{"rename_column": {"table": "t", "from": "a", "to": "b"}}]


@pytest.fixture
def base(db):
    db.tables(TABLES)
    return db


def already(result):
    assert "already" in result.text, repr(result)


def test_a_repeated_start_is_done_already(base, cli):
    cli.start("one", FIRST)
    before = fingerprint(base)
    already(cli.start("one", FIRST))
    assert cli.start("one", FIRST, "--json").json["already"] is True
    assert fingerprint(base) == before


def test_a_repeated_complete_is_done_already_and_takes_nothing_else(base, cli):
    cli.start("one", FIRST)
    cli.complete()
    already(cli.complete())
    already(cli.complete("baseline"))
    assert base.rows("one", "SELECT a FROM t") == [("5",)]


def test_a_repeated_rollback_is_done_already_and_takes_nothing_else(base, cli):
    cli.start("one", FIRST)
    cli.rollback()
    already(cli.rollback())
    already(cli.rollback("one"))
    assert base.rows("baseline", "SELECT a FROM t") == [(5,)]


def test_complete_of_a_version_that_is_gone_never_takes_the_next_one(base, cli):
    cli.start("one", FIRST)
    cli.complete("baseline")
    cli.start("two", SECOND)
    already(cli.complete("baseline"))
    assert {"public_one", "public_two"} <= base.schemas()
    assert [v for v, s in cli.versions().items() if s == "live"] == ["one", "two"]


def test_rollback_of_a_version_that_is_gone_never_takes_the_one_before(base, cli):
    cli.start("one", FIRST)
    cli.complete()
    cli.start("two", SECOND)
    cli.rollback("two")
    already(cli.rollback("two"))
    assert "public_one" in base.schemas()


@pytest.mark.parametrize("command, version", [("complete", "one"), ("rollback", "baseline")])
def test_the_wrong_end_of_the_chain_is_refused(base, cli, command, version):
    cli.start("one", FIRST)
    cli.run(command, version, expect=STATE)
    assert {"public_one", "public_baseline"} <= base.schemas()


@pytest.mark.parametrize("command", ["complete", "rollback"])
def test_a_version_nobody_knows_is_refused(base, cli, command):
    cli.start("one", FIRST)
    assert "nosuch" in cli.run(command, "nosuch", expect=STATE).err


@pytest.mark.parametrize("command", ["complete", "rollback"])
def test_with_nothing_in_flight_and_no_such_command_before_it_is_4(base, cli, command):
    cli.run("baseline", "first")
    cli.run(command, expect=STATE)


@pytest.mark.parametrize("last, other", [("complete", "rollback"), ("rollback", "complete")])
def test_after_the_other_command_it_is_4(base, cli, last, other):
    cli.start("one", FIRST)
    cli.run(last)
    cli.run(other, expect=STATE)


def test_after_a_rollback_the_same_migration_can_be_started_again(base, cli):
    cli.start("one", FIRST)
    cli.rollback()
    cli.start("one", FIRST)
    assert base.rows("one", "SELECT a FROM t") == [("5",)]
    ordinals = [v["ordinal"] for v in cli.status()["versions"]]
    assert len(set(ordinals)) == len(ordinals)


def test_start_of_a_version_that_was_completed_long_ago_is_done_already(base, cli):
    cli.start("one", FIRST)
    cli.complete()
    already(cli.start("one", FIRST))


def test_a_killed_start_forbids_another_start_and_complete_but_not_rollback(base, cli):
    before = fingerprint(base)
    cli.start("one", FIRST, "--kill-after-step", 2, expect=-9)
    assert cli.status()["unfinished"]["command"] == "start"
    assert "one" in cli.start("two", SECOND, expect=STATE).err
    cli.complete(expect=STATE)
    cli.rollback()
    assert fingerprint(base) == before


def test_a_second_runner_is_refused_and_told_who_works(base, cli):
    holder = base.connect("public", autocommit=False)
    holder.cursor().execute("SELECT * FROM t")
    running = cli.spawn("start", cli.file("one", FIRST))
    try:
        base.execute("SELECT pg_sleep(1.5)")
        assert running.poll() is None
        result = cli.start("two", SECOND, expect=STATE)
        assert "pgstrata start" in result.err or "pid" in result.err, result.err
    finally:
        holder.rollback()
    assert running.wait(60) == 0


def test_status_tells_versions_and_what_is_unfinished(base, cli):
    assert cli.status()["versions"] == []
    assert "pgstrata" not in base.schemas(), "status creates nothing"
    cli.start("one", FIRST)
    status = cli.status()
    assert status["schema"] == "public" and status["unfinished"] is None
    assert [(v["name"], v["schema"], v["ordinal"], v["status"]) for v in status["versions"]] == [
        ("baseline", "public_baseline", 1, "live"), ("one", "public_one", 2, "live")]
    cli.complete("--kill-after-step", 1, expect=-9)
    unfinished = cli.status()["unfinished"]
    assert unfinished["command"] == "complete" and unfinished["version"] == "baseline"
    assert 1 <= unfinished["done"] < unfinished["total"]
    cli.complete()
    assert cli.versions() == {"baseline": "retired", "one": "live"}


def test_status_of_a_schema_that_is_not_there_is_4(base, cli):
    assert "no schema" in cli.run("status", "--schema", "nosuch", expect=STATE).err


def test_status_counts_versions_of_long_ago(base, cli):
    for number in range(4):
        cli.start(f"v{number}", FIRST)
        cli.rollback()
        cli.start(f"w{number}", [{"create_table": {"name": f"n{number}", "columns": [
            {"name": "id", "type": "int", "pk": True}]}}], "--complete")
    text = cli.run("status").out
    assert "older ones; --json" in text and "baseline" not in text and "w3" in text
    assert len(cli.status()["versions"]) == 9


def test_init_twice_is_done_already(base, cli):
    cli.run("init")
    already(cli.run("init"))


def test_an_unfinished_command_is_resumed_with_what_it_was_planned(base, cli):
    cli.start("one", FIRST, "--kill-after-step", 2, expect=-9)
    edited = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'x' || a", "down": "1"}}]
    result = cli.start("one", edited, expect=None)
    assert result.exit == STATE and "one" in result.err, repr(result)
    cli.start("one", FIRST)
    assert base.rows("one", "SELECT a FROM t") == [("5",)]


def test_usage_errors_are_2(base, cli):
    for arguments in ([], ["nosuch"], ["start"], ["start", "a.yaml", "b.yaml"], ["latest", "nosuch"],
                      ["status", "--nosuch"], ["start", "a.yaml", "--workers", "0"], ["baseline"]):
        assert cli.run(*arguments, expect=USAGE).err


def test_a_terminated_connection_is_6_and_the_same_command_resumes(base, cli):
    base.execute("INSERT INTO t SELECT g, g FROM generate_series(2, 20000) g")
    starting = cli.spawn("start", cli.file("one", FIRST), "--max-rate", 4000)
    base.execute("SELECT pg_sleep(2)")
    assert starting.poll() is None
    base.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgstrata%'",
                 role="postgres")
    _, err = starting.communicate(timeout=30)
    assert starting.returncode == CONNECTION, err
    cli.start("one", FIRST)
    assert base.rows("one", "SELECT count(a) FROM t") == [(20000,)]
