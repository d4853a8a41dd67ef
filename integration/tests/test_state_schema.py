"""The state schema of an older release is read as it is, and upgraded by the first command that changes something."""
import json
import subprocess
from pathlib import Path

import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.cli import KILLED
from rig.waiting import eventually

TABLES = """CREATE TABLE t (id int PRIMARY KEY, a numeric(12,4) NOT NULL, s text);
            CREATE TABLE beside (id int PRIMARY KEY, note text DEFAULT 'it''s "so" – {}');
            CREATE TABLE going (id int PRIMARY KEY);
            INSERT INTO t SELECT i, i, 's' || i FROM generate_series(1, 500) i"""
TO_INT = [{"alter_column": {"table": "t", "column": "a", "type": "int", "up": "a::int", "down": "a::numeric(12,4)"}}]
SECOND = TO_INT + [{"rename_table": {"from": "beside", "to": "notes"}}, {"drop_table": {"name": "going"}}]
CURRENT = 5
FIRST = (Path(__file__).parents[2] / "schemas/state/001.sql").read_text().replace("@state@", "pgstrata")
FIRST_FENCE = FIRST[FIRST.index("CREATE FUNCTION pgstrata.assert_runner"):].replace("CREATE", "CREATE OR REPLACE", 1)


def version(db):
    return db.value("SELECT max(version) FROM pgstrata.meta")


def downgrade(db, installed):
    """What an older release had made of the same history."""
    downgrades = {
        5: FIRST_FENCE + """DROP FUNCTION pgstrata.assert_runner(text, bigint, integer);
              DROP FUNCTION pgstrata.assert_batch(text, bigint, integer, oid, oid);
              UPDATE pgstrata.versions v SET model = (left(model::text, -1) || ',"tables":' || coalesce((
                SELECT json_object_agg(table_name, m.model)::text FROM pgstrata.models m
                WHERE m.base_schema = v.base_schema AND m.ordinal = v.ordinal), '{}') || '}')::json;
              DROP TABLE pgstrata.models""",
        4: "ALTER TABLE pgstrata.steps DROP COLUMN begun",
        3: """ALTER TABLE pgstrata.control DROP COLUMN workers;
              ALTER TABLE pgstrata.backfills DROP COLUMN rows_per_second, DROP COLUMN workers,
                DROP COLUMN throttled, DROP COLUMN reported_at;
              DROP FUNCTION pgstrata.assert_batch(text, bigint, oid, oid)""",
        2: "ALTER TABLE pgstrata.steps DROP COLUMN error, DROP COLUMN skipped_at",
    }
    for number in range(CURRENT, installed, -1):
        db.execute(downgrades[number])
    db.execute(f"DELETE FROM pgstrata.meta WHERE version > {installed}")


def older_release_recorded_one(db, cli):
    db.tables(TABLES)
    cli.run("baseline", "one")
    downgrade(db, 4)


@pytest.mark.parametrize("installed", range(1, CURRENT))
def test_it_is_upgraded_under_a_start_in_flight(db, cli, installed):
    db.tables(TABLES)
    cli.run("baseline", "one")
    cli.start("two", SECOND, "--kill-after-step", 1, expect=KILLED)
    downgrade(db, installed)
    status = cli.status()
    assert status["unfinished"]["version"] == "two" and [v["name"] for v in status["versions"]] == ["one", "two"]
    assert version(db) == installed, "status changed something"
    cli.start("two", SECOND)
    assert version(db) == CURRENT
    assert cli.run("verify", "--json").json["differing"] == 0


@pytest.mark.parametrize("installed", range(1, CURRENT))
@pytest.mark.parametrize("command", ["complete", "rollback"])
def test_two_live_versions_are_read_and_ended_as_they_would_have_been(db, cli, installed, command):
    db.tables(TABLES)
    before = fingerprint(db)
    cli.start("two", SECOND)
    held = {v["name"]: v["holds"] for v in cli.status()["versions"]}
    downgrade(db, installed)
    assert {v["name"]: v["holds"] for v in cli.status()["versions"]} == held
    assert cli.run("verify", "--json").json["differing"] == 0
    assert version(db) == installed
    cli.run(command)
    assert version(db) == CURRENT
    if command == "rollback":
        assert fingerprint(db) == before
    else:
        assert db.rows("two", "SELECT a FROM t WHERE id = 7") == [(7,)]
        assert db.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 2
    cli.start("three", [{"add_column": {"table": "t", "column": {"name": "b", "type": "int", "nullable": True}}}])


def test_a_completion_whose_models_were_written_whole_is_finished(db, cli):
    db.tables(TABLES)
    cli.start("two", SECOND)
    cli.start("three", [{"rename_column": {"table": "t", "from": "s", "to": "text"}}])
    cli.complete("baseline", "--kill-after-step", 2, expect=KILLED)
    changes = db.value("SELECT detail FROM pgstrata.runs WHERE status = 'running'")["survivors"]
    whole = []
    for change in changes:
        tables = dict(db.execute("SELECT table_name, model FROM pgstrata.models WHERE ordinal = %s",
                                 (change["ordinal"],)))
        tables.update(change["tables"])
        for gone in change["gone"]:
            del tables[gone]
        model = {**json.loads(change["head"]), "tables": tables}
        whole.append({"ordinal": change["ordinal"], "model": json.dumps(model)})
    cli.complete("baseline", "--kill-after-step", 3, expect=KILLED)
    downgrade(db, 4)
    db.execute("UPDATE pgstrata.runs SET detail = %s WHERE status = 'running'", (json.dumps({"survivors": whole}),))
    cli.complete("baseline")
    assert version(db) == CURRENT
    cli.complete()
    assert db.rows("three", "SELECT a, text FROM t WHERE id = 7") == [(7, "s7")]


def test_who_might_read_the_history_may_read_it_after_the_upgrade(db, cli):
    older_release_recorded_one(db, cli)
    db.execute("GRANT USAGE ON SCHEMA pgstrata TO app; GRANT SELECT ON ALL TABLES IN SCHEMA pgstrata TO app, PUBLIC;"
               "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA pgstrata FROM PUBLIC;"
               "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgstrata TO app;"
               "ALTER DEFAULT PRIVILEGES GRANT INSERT, UPDATE ON TABLES TO app")
    cli.start("two", SECOND)
    granted = db.execute("SELECT DISTINCT grantee::text, privilege_type::text FROM information_schema.table_privileges"
                         " WHERE table_schema = 'pgstrata' AND table_name = 'models' AND grantee <> 'owner' ORDER BY 1")
    assert granted == [("PUBLIC", "SELECT"), ("app", "SELECT")]
    callers = db.execute("SELECT oid::regprocedure::text, (SELECT string_agg(grantee::regrole::text, ' ' ORDER BY grantee::regrole::text)"
                         " FROM aclexplode(proacl)) FROM pg_proc WHERE pronamespace = 'pgstrata'::regnamespace")
    assert len(callers) == 4 and {roles for _, roles in callers} == {"app owner"}, callers


TAKE_TOKEN = """INSERT INTO pgstrata.runners AS r VALUES ('{}', 1, 'older', pg_backend_pid(), clock_timestamp())
                ON CONFLICT (base_schema) DO UPDATE SET token = r.token + 1 RETURNING token"""


@pytest.mark.parametrize("base", ["public", "beside"])
def test_an_upgrade_fences_off_a_runner_of_the_older_release_that_takes_its_token_afterwards(db, cli, base):
    """It has read which version the state schema is before: it would write models where nobody reads them."""
    older_release_recorded_one(db, cli)
    older = db.connect(role="owner")
    taking = older.cursor()
    taking.execute(TAKE_TOKEN.format(base))
    early = taking.fetchone()[0]
    cli.run("init")
    taking.execute(TAKE_TOKEN.format(base))
    for token in early, taking.fetchone()[0]:
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="a newer release has taken over base schema"):
            taking.execute(f"SELECT pgstrata.assert_runner('{base}', {token})")
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="a newer release has taken over base schema"):
            taking.execute(f"SELECT pgstrata.assert_batch('{base}', {token}, 'public.t'::regclass,"
                           " pg_relation_filenode('public.t'))")
    cli.start("two", SECOND)


def test_a_call_of_the_fence_that_waits_for_the_upgrade_does_not_pass_it(db, cli):
    """The older function is being executed when the upgrade replaces it."""
    older_release_recorded_one(db, cli)
    older = db.connect(role="owner")
    taking = older.cursor()
    taking.execute(TAKE_TOKEN.format("beside"))
    token = taking.fetchone()[0]
    holding = db.connect(role="owner", autocommit=False)  # the upgrade stops here, with its lock on runners
    holding.cursor().execute("SELECT FROM pgstrata.versions FOR UPDATE")
    upgrading = cli.spawn("init")
    eventually(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
    eventually(lambda: db.value("SELECT count(*) FROM pg_locks WHERE granted AND mode = 'ExclusiveLock'"
                                " AND relation = 'pgstrata.runners'::regclass") == 1)
    waiting = subprocess.Popen(["psql", "-v", "VERBOSITY=verbose", "-d", db.url("owner"), "-c",
                                f"SELECT pgstrata.assert_runner('beside', {token})"], stderr=subprocess.PIPE, text=True)
    eventually(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pgstrata.runners'::regclass") > 0)
    holding.commit()
    assert upgrading.wait(timeout=60) == 0
    assert "55000" in waiting.communicate(timeout=60)[1]


@pytest.mark.parametrize("installed", [0, 4])
def test_first_commands_on_several_base_schemas_wait_for_one_that_makes_the_state_schema(db, cli, installed):
    """And not for what it does afterwards."""
    bases = ["b", "c", "d", "public"]
    for base in bases:
        db.execute(f"CREATE SCHEMA IF NOT EXISTS {base}; CREATE TABLE {base}.t (id int PRIMARY KEY, a int, pad text);"
                   f"INSERT INTO {base}.t SELECT i, i, repeat('x', 400) FROM generate_series(1, 200) i")
        if installed:
            cli.run("--schema", base, "baseline", "one")
    if installed:
        downgrade(db, installed)
    holding = db.connect(role="owner", autocommit=False)
    holding.cursor().execute("SELECT pg_advisory_xact_lock(hashtextextended('pgstrata schema pgstrata', 0))")
    path = cli.file("two", [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}}])
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    commands = []
    for base in bases:
        commands.append(cli.spawn("--schema", base, "start", path, "--max-rate", 25))
        eventually(lambda: db.value(waiting) == len(commands))
    holding.commit()
    eventually(lambda: db.value("SELECT to_regclass('pgstrata.models') IS NOT NULL"))
    eventually(lambda: db.value("SELECT count(*) FROM pgstrata.runs WHERE status = 'running' AND command = 'start'") == len(bases))
    for command in commands:
        _, err = command.communicate(timeout=60)
        assert command.returncode == 0, err.decode()
    assert version(db) == CURRENT


def test_an_upgrade_waits_for_a_transaction_that_has_passed_the_fence(db, cli):
    older_release_recorded_one(db, cli)
    passed = db.connect(role="owner", autocommit=False)
    taking = passed.cursor()
    taking.execute(TAKE_TOKEN.format("beside"))
    taking.execute(f"SELECT pgstrata.assert_runner('beside', {taking.fetchone()[0]})")
    upgrading = cli.spawn("init")
    eventually(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ExclusiveLock'") > 0)
    assert version(db) == 4
    passed.commit()
    assert upgrading.wait(timeout=60) == 0
    assert version(db) == CURRENT


def test_an_upgrade_gives_up_on_a_transaction_that_does_not_end(db, cli):
    older_release_recorded_one(db, cli)
    reading = db.connect(role="owner", autocommit=False)
    reading.cursor().execute("SELECT * FROM pgstrata.runners FOR SHARE")
    refused = cli.start("two", SECOND, expect=5)
    assert 'the state schema "pgstrata" could not be made or upgraded: canceling statement due to lock timeout' in refused.err
    assert version(db) == 4
    reading.rollback()
    cli.start("two", SECOND)


def test_an_upgrade_takes_no_lock_for_each_of_many_base_schemas(db, cli):
    older_release_recorded_one(db, cli)
    db.execute("INSERT INTO pgstrata.runners SELECT 'tenant ' || i, 1, 'older', 1, now() FROM generate_series(1, 20000) i")
    cli.run("init")
    assert version(db) == CURRENT


def test_an_upgrade_leaves_a_command_at_work_on_another_base_schema_alone(db, cli):
    db.tables(TABLES)
    cli.run("baseline", "one")
    db.execute("CREATE SCHEMA other; CREATE TABLE other.t (id int)")
    cli.run("--schema", "other", "baseline", "one")
    downgrade(db, 4)
    at_work = db.connect(role="owner")
    at_work.cursor().execute("SELECT pg_advisory_lock(hashtextextended('pgstrata runner pgstrata.other', 0))")
    for command in ["init"], ["complete"]:
        refused = cli.run(*command, expect=4)
        assert 'at work on base schema "other": pid' in refused.err and "upgraded first" in refused.err
    assert version(db) == 4
    at_work.close()
    cli.start("two", SECOND)
    assert version(db) == CURRENT


@pytest.mark.parametrize("role", ["postgres", "upgrader"])
def test_whoever_upgrades_it_leaves_it_to_its_owner(db, cli, role):
    db.execute("DO $$ BEGIN CREATE ROLE upgrader LOGIN IN ROLE owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
               role="postgres")
    db.tables(TABLES)
    cli.start("two", SECOND)
    downgrade(db, 4)
    cli.bare("--url", db.url(role), "init")
    assert len(cli.status()["versions"]) == 2
    cli.complete()


@pytest.mark.parametrize("looks", ["status", "verify"])
def test_a_version_that_ends_while_it_is_read_makes_nobody_see_half_a_history(db, cli, looks):
    db.tables(TABLES)
    cli.start("two", SECOND)
    ending = db.connect(role="owner", autocommit=False)
    ending.cursor().execute("LOCK TABLE pgstrata.models; DELETE FROM pgstrata.models WHERE ordinal = 1;"
                            "UPDATE pgstrata.versions SET status = 'retired' WHERE ordinal = 1")
    looking = cli.spawn(looks, "--json")
    eventually(lambda: db.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
    ending.commit()
    out, err = looking.communicate(timeout=60)
    assert looking.returncode == 0, err.decode()
    if looks == "status":
        assert [v["status"] for v in json.loads(out)["versions"]] == ["retired", "live"]


def test_an_ended_version_leaves_no_tables_behind(db, cli):
    db.tables(TABLES)
    recorded = "SELECT string_agg(DISTINCT ordinal::text, ' ' ORDER BY ordinal::text) FROM pgstrata.models"
    cli.start("two", SECOND)
    assert db.value(recorded) == "1 2"
    cli.complete()
    assert db.value(recorded) == "2"
    cli.start("three", [{"rename_column": {"table": "t", "from": "s", "to": "text"}}])
    cli.rollback()
    assert db.value(recorded) == "2"
