"""The command line: options before and after, environment, help, output, Ctrl-C."""
import contextlib
import json
import re
import signal
import time

import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.cli import CONNECTION, INTERRUPTED, LOCKS, USAGE

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT g, g FROM generate_series(1, 20000) g"
ALTER = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a", "down": "length(a)"}}]
COMMANDS = ["init", "validate", "plan", "start", "complete", "rollback", "status", "migrate", "baseline", "latest"]


def test_global_options_are_taken_before_and_after_the_command(db, cli):
    db.tables(TABLES)
    url = db.url("owner")
    before = cli.bare("--url", url, "--json", "status").json
    after = cli.bare("status", "--url", url, "--json").json
    assert before == after and before["schema"] == "public"
    assert cli.bare("--schema", "pg_other", "status", "--url", url, "--json", expect=None).exit != 2


def test_options_are_taken_from_the_environment(db, cli):
    db.execute("CREATE SCHEMA shop")
    db.schema = "shop"
    db.tables(TABLES)
    env = {"PGSTRATA_URL": db.url("owner"), "PGSTRATA_SCHEMA": "shop", "PGSTRATA_STATE_SCHEMA": "kept",
           "PGSTRATA_LOCK_TIMEOUT": "20", "PGSTRATA_ROLE": "owner"}
    cli.bare("start", cli.file("new", ALTER), env=env)
    assert {"shop_new", "kept"} <= db.schemas()
    assert cli.bare("status", "--json", env=env).json["schema"] == "shop"
    other = cli.bare("status", "--json", "--schema", "public", env=env).json
    assert other["schema"] == "public", "the command line wins"


def test_without_url_libpqs_own_rules_hold(db, cli):
    db.tables(TABLES)
    env = {"PGHOST": db.server.directory, "PGUSER": "owner", "PGDATABASE": db.name}
    assert cli.bare("status", "--json", env=env).json["schema"] == "public"


def test_no_server_is_6(cli, tmp_path):
    result = cli.bare("--url", f"postgresql:///x?host={tmp_path}", "status", expect=CONNECTION)
    assert result.err.startswith("pgstrata: ")
    error = cli.bare("--url", f"postgresql:///x?host={tmp_path}", "status", "--json", expect=CONNECTION).error
    assert error["exit"] == CONNECTION


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(cli, command):
    text = cli.bare(command, "--help").out
    assert re.search(rf"example.*pgstrata {command}", text, re.S | re.I), text


def test_help_names_every_command_and_exit_code(cli):
    text = cli.bare("--help").out
    for word in COMMANDS + ["130", "PGSTRATA_"]:
        assert word in text, word
    assert "--kill-after-step" not in text


def test_version_is_printed(cli):
    assert re.match(r"pgstrata \S+", cli.bare("--version").out)


def test_a_misspelt_command_is_2(cli):
    assert "strat" in cli.bare("strat", expect=USAGE).err


def test_output_without_a_terminal_has_no_control_characters(db, cli):
    db.tables(TABLES)
    for result in (cli.start("new", ALTER), cli.run("status"), cli.complete()):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", result.text), result


def test_without_a_terminal_progress_comes_at_most_every_five_seconds(db, cli):
    db.tables(TABLES)
    started = time.monotonic()
    text = cli.start("new", ALTER, "--max-rate", 5000).text
    seconds = time.monotonic() - started
    assert 3 < seconds < 20, "20,000 rows at 5,000 rows/s"
    progress = [line for line in text.splitlines() if "%" in line or "rows/s" in line]
    assert len(progress) <= seconds / 5 + 2, text


def test_json_output_is_one_document_on_stdout(db, cli):
    db.tables(TABLES)
    for arguments in (["start", str(cli.file("new", ALTER)), "--json"], ["status", "--json"], ["complete", "--json"],
                      ["latest", "schema", "--json"]):
        json.loads(cli.run(*arguments).out)


def test_start_reports_what_it_did_as_json(db, cli):
    db.tables(TABLES)
    report = cli.start("new", ALTER, "--json").json
    assert report["version"] == "new" and report["version_schema"] == "public_new" and report["already"] is False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_and_the_same_command_resumes(db, cli, how):
    db.tables(TABLES)
    before = fingerprint(db)
    starting = cli.spawn("start", cli.file("new", ALTER), "--max-rate", 2000)
    time.sleep(2)
    assert starting.poll() is None
    starting.send_signal(how)
    _, err = starting.communicate(timeout=20)
    assert starting.returncode == INTERRUPTED, err
    assert cli.status()["unfinished"]["command"] == "start"
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgstrata%'"
    assert db.value(sessions, role="postgres") == 0
    cli.run("start", "new.json")
    assert db.rows("new", "SELECT count(a) FROM t") == [(20000,)]
    cli.rollback()
    assert fingerprint(db) == before


def test_latest_names_the_newest_version_and_a_url_that_selects_it(db, cli):
    db.tables(TABLES)
    cli.start("new", ALTER)
    assert cli.run("latest", "schema").out == "public_new\n"
    assert cli.run("latest", "migration").out == "new\n"
    with contextlib.closing(psycopg2.connect(cli.run("latest", "url").out.strip())) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT a FROM t WHERE id = 7")
        assert cursor.fetchone() == ("v7",)
    cli.rollback()
    assert cli.run("latest", "schema").out == "public_baseline\n"


def test_latest_without_any_version_is_4(db, cli):
    cli.run("latest", "schema", expect=4)


def test_validate_reads_several_files_and_needs_no_server(cli):
    good = cli.file("good", ALTER)
    assert "good" in cli.bare("validate", good).text
    bad = cli.file("bad.yaml", "operations:\n  - drop_tabel: {name: t}\n")
    result = cli.bare("validate", good, bad, expect=3)
    assert "bad.yaml:2:5" in result.text


def test_validate_binds_expressions_where_a_server_is_given(db, cli):
    db.tables(TABLES)
    path = cli.file("bad", [{"alter_column": {"table": "t", "column": "a", "type": "text",
                                             "up": "nope(a)", "down": "1"}}])
    cli.bare("validate", path)
    assert "nope" in cli.run("validate", path, expect=3).text


def test_verbose_names_the_steps(db, cli):
    db.tables(TABLES)
    quiet = cli.plan("new", ALTER, "--json").json
    text = cli.run("start", "new.json", "--verbose").text
    assert sum(s["title"] in text for s in quiet["steps"] if s["command"] == "start") > 3


@pytest.mark.parametrize("sqlstate, expect", [("53100", CONNECTION), ("57P03", CONNECTION), ("25006", CONNECTION),
                                              ("40001", LOCKS), ("40P01", LOCKS), ("55P03", LOCKS)])
def test_what_the_server_says_before_the_first_step_has_its_exit_code(db, cli, sqlstate, expect):
    db.execute(f"""CREATE FUNCTION public.say() RETURNS event_trigger LANGUAGE plpgsql AS
                   $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}', MESSAGE = 'no room'; END $$;
                   CREATE EVENT TRIGGER say ON ddl_command_start WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION public.say()""",
               role="postgres")
    error = cli.run("init", expect=expect).err
    assert "no room" in error and "PostgreSQL says" not in error
    db.execute("DROP EVENT TRIGGER say", role="postgres")
    cli.run("init")
