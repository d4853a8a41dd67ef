"""Three live versions and more: names, what cannot compose, the command line, status."""
import pytest

from rig.chain import NOTHING_OF_T, T, TO_MONEY, TO_TEXT, values
from rig.cli import KILLED, MIGRATION, STATE, USAGE


# --- names ------------------------------------------------------------------------------------------------------

def test_names_that_an_older_version_will_take_are_not_given_away(stack, cli):
    db = stack("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)",
               [{"rename_column": {"table": "t", "from": "a", "to": "b"}}],
               [{"rename_column": {"table": "t", "from": "b", "to": "c"}}],
               [{"add_column": {"table": "t", "column": {"name": "b", "type": "text", "default": "'new b'"}}},
                {"add_column": {"table": "t", "column": {"name": "a", "type": "text", "default": "'new a'"}}}])
    for version in ("v1", "v2", "v3"):
        cli.complete(version, *(["--json"]))
        assert values(db, "id = 1", "v4", column="c || b || a") == ["1new bnew a"]
    assert db.columns("base", "t") and db.execute("SELECT c, b, a FROM t") == [(1, "new b", "new a")]


def test_tables_take_each_others_names_while_both_are_translated(stack, cli):
    db = stack("CREATE TABLE t (id int PRIMARY KEY, a int); CREATE TABLE u (id int PRIMARY KEY, a text);"
               "INSERT INTO t VALUES (1, 1); INSERT INTO u VALUES (1, 'u')",
               [{"rename_table": {"from": "t", "to": "x"}}, {"rename_table": {"from": "u", "to": "t"}},
                {"rename_table": {"from": "x", "to": "u"}}],
               [{"alter_column": {"table": "u", "column": "a", "type": "text", "up": "'v' || a", "down": "substr(a, 2)::int"}},
                {"alter_column": {"table": "t", "column": "a", "type": "varchar(9)", "up": "a || '!'", "down": "rtrim(a, '!')"}}])
    cli.complete("v1")
    db.write("v2", "UPDATE u SET a = 5; UPDATE t SET a = 'w'; INSERT INTO u VALUES (2, 6); INSERT INTO t VALUES (2, 'x')")
    assert db.rows("v3", "SELECT a FROM u ORDER BY id") == [("v5",), ("v6",)]
    assert db.rows("v3", "SELECT a FROM t ORDER BY id") == [("w!",), ("x!",)]
    db.write("v3", "UPDATE u SET a = 'v1' WHERE id = 1; UPDATE t SET a = 'z!' WHERE id = 1")
    assert db.rows("v2", "SELECT a FROM u ORDER BY id") == [(1,), (6,)]
    assert db.rows("v2", "SELECT a FROM t ORDER BY id") == [("z",), ("x",)]
    cli.complete("v2")
    assert db.support_objects() == set()


def test_a_foreign_key_to_a_column_of_the_same_step_finds_it_under_a_taken_name(stack, cli):
    db = stack("CREATE TABLE p (id int PRIMARY KEY, code text); CREATE TABLE c (id int PRIMARY KEY)",
               [{"rename_column": {"table": "p", "from": "code", "to": "label"}},
                {"add_column": {"table": "p", "column": {"name": "code", "type": "int", "nullable": True, "unique": True}}},
                {"add_column": {"table": "c", "column": {"name": "p_code", "type": "int", "nullable": True, "references": {
                    "name": "c_p", "table": "p", "column": "code"}}}}])
    db.write("v2", "INSERT INTO p VALUES (1, 'x', 10); INSERT INTO c VALUES (1, 10)")
    with pytest.raises(Exception, match="foreign key"):
        db.write("v2", "INSERT INTO c VALUES (2, 11)")
    cli.complete("v1")
    with pytest.raises(Exception, match="foreign key"):
        db.write("v2", "INSERT INTO c VALUES (2, 11)")


def test_a_table_that_an_older_version_shows_can_be_made_anew(stack, cli):
    db = stack("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)",
               [{"drop_table": {"name": "t"}}],
               [{"create_table": {"name": "t", "columns": [{"name": "k", "type": "int", "pk": True}]}}])
    db.execute("INSERT INTO public_v3.t VALUES (5)")
    assert db.rows("v1", "SELECT a FROM t") == [(1,)]
    cli.complete("--through", "v2")
    assert db.execute("SELECT k FROM t") == [(5,)]


# --- what cannot compose is refused -----------------------------------------------------------------------------

def test_dropping_what_an_older_version_demands_needs_a_down(stack, cli, unchanged):
    stack("CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL)",
          [{"alter_column": {"table": "t", "column": "a", "nullable": True}}])
    unchanged.mark()
    drop = {"drop_column": {"table": "t", "column": "a"}}
    assert "older live version" in cli.start("v3", [drop], expect=MIGRATION).err
    unchanged.check()
    drop["drop_column"]["down"] = "0"
    cli.start("v3", [drop])


def test_a_column_dropped_without_down_gets_the_default_of_the_version_before(stack, cli):
    db = stack("CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 1)",
               [{"alter_column": {"table": "t", "column": "a", "default": "2"}}],
               [{"drop_column": {"table": "t", "column": "a"}}])
    db.write("v3", "INSERT INTO t VALUES (1)")
    assert values(db, "id = 1", "v1", "v2") == ["2", "2"]
    cli.complete("v1")
    db.write("v3", "INSERT INTO t VALUES (2)")
    assert values(db, "id = 2", "v2") == ["2"]


def test_raw_sql_needs_a_single_live_version_and_may_be_stacked_upon(stack, cli, unchanged):
    db = stack(T, TO_MONEY)
    unchanged.mark()
    sql = [{"sql": {"up": "CREATE TABLE extra (a int)", "down": "DROP TABLE extra"}}]
    assert "sql" in cli.start("raw", sql, expect=STATE).err
    unchanged.check()
    cli.complete()
    cli.start("raw", sql)
    cli.start("v3", TO_TEXT)
    db.write("v2", "UPDATE t SET a = 1.5 WHERE id = 1")
    assert values(db, "id = 1", "v2", "raw", "v3") == ["1.50", "1.50", "1.50 EUR"]
    cli.complete("v2")
    db.write("raw", "UPDATE t SET a = 2.5 WHERE id = 1; INSERT INTO t (id, a) VALUES (90, 9)")
    assert values(db, "id IN (1)", "raw", "v3") == ["2.50", "2.50 EUR"]
    cli.complete("raw")
    assert values(db, "id = 90", "v3", "base") == ["9.00 EUR", "9.00 EUR"]
    assert db.support_objects() == set()


def test_what_was_changed_behind_us_in_flight_is_refused_or_reported_by_name(stack, cli):
    db = stack(T, TO_MONEY)
    db.execute("CREATE INDEX emergency ON t (s)")
    assert "index emergency of table t" in cli.plan("v3", TO_TEXT).out
    db.execute('ALTER TABLE t RENAME COLUMN s TO hidden')
    assert '"s"' in cli.start("v3", TO_TEXT, expect=STATE).err


# --- the command line -------------------------------------------------------------------------------------------

def live(cli):
    return [name for name, status in cli.versions().items() if status == "live"]


def test_with_three_live_versions_the_one_that_goes_is_named(stack, cli):
    stack(T, TO_MONEY, TO_TEXT)
    for command in ("complete", "rollback"):
        assert "v1" in cli.run(command, expect=USAGE).err or command == "rollback"
        cli.run(command, "v2", expect=STATE)
    assert live(cli) == ["v1", "v2", "v3"]
    cli.complete("v1")
    assert "already" in cli.complete("v1").text and live(cli) == ["v2", "v3"]
    cli.rollback("v3")
    assert "already" in cli.rollback("v3").text and live(cli) == ["v2"]


def test_complete_through_retires_up_to_a_version_and_resumes_after_a_kill(stack, cli):
    db = stack(T, TO_MONEY, TO_TEXT, NOTHING_OF_T)
    cli.complete("--through", "v4", expect=STATE)
    cli.complete("--through", "v2", "v1", expect=USAGE)
    cli.complete("--through", "v3", "--kill-after-step", 3, expect=KILLED)
    cli.complete("--through", "v3", "--kill-after-step", 2, expect=None)
    assert cli.complete("--through", "v3", "--json").json["version"] == "v4"
    assert live(cli) == ["v4"]
    assert cli.complete("--through", "v2", "--json").json["already"] is True
    assert db.support_objects() == set()


def test_complete_all_leaves_the_newest_and_is_done_already_when_repeated(stack, cli):
    stack(T, TO_MONEY, TO_TEXT)
    assert cli.complete("--all", "--json").json["all_retired"] == ["v1", "v2"]
    assert live(cli) == ["v3"]
    assert cli.complete("--all", "--json").json["already"] is True


def test_rollback_to_keeps_its_version_and_resumes_after_a_kill(stack, cli):
    stack(T, TO_MONEY, TO_TEXT, NOTHING_OF_T)
    cli.rollback("--to", "v9", expect=STATE)
    cli.rollback("--to", "v2", "--kill-after-step", 2, expect=KILLED)
    assert cli.rollback("--to", "v2", "--json").json["version"] == "v2"
    assert live(cli) == ["v1", "v2"]
    assert cli.rollback("--to", "v2", "--json").json["already"] is True


def test_rollback_to_the_newest_does_not_hide_an_unfinished_completion(stack, cli):
    stack(T, TO_MONEY, TO_TEXT)
    cli.complete("v1", "--kill-after-step", 3, expect=KILLED)
    refused = cli.rollback("--to", "v3", expect=STATE)
    assert "unfinished" in refused.err and "pgstrata complete v1" in refused.err
    cli.complete("v1")
    assert live(cli) == ["v2", "v3"]


def test_what_is_asked_while_a_completion_is_unfinished_names_it_and_how_it_ends(stack, cli):
    stack(T, TO_MONEY, TO_TEXT)
    cli.file("v4", NOTHING_OF_T)
    cli.complete("v1", "--kill-after-step", 1, expect=KILLED)
    for command in (["plan", "v4.json"], ["validate", "v4.json"], ["verify"], ["baseline", "b"]):
        assert "pgstrata complete v1" in cli.run(*command, expect=STATE).err
    cli.complete("v1")


def test_migrate_names_the_completion_that_is_unfinished(stack, cli):
    stack(T, TO_MONEY, TO_TEXT)
    cli.complete("v1", "--kill-after-step", 3, expect=KILLED)
    assert "pgstrata complete v1" in cli.run("migrate", str(cli.directory), expect=STATE).err


def test_migrate_stacks_on_what_is_in_flight_folded_or_one_by_one(stack, cli):
    db = stack(T, TO_MONEY)
    cli.directory = cli.directory / "migrations"
    cli.directory.mkdir()
    cli.file("003_text", TO_TEXT), cli.file("004_other", NOTHING_OF_T)
    cli.file("005_rename", [{"rename_column": {"table": "t", "from": "s", "to": "z"}}])
    cli.run("migrate", cli.directory, "--to", "nowhere", expect=USAGE)
    cli.run("migrate", cli.directory, "--to", "004_other")
    assert live(cli) == ["v1", "v2", "004_other"]
    cli.run("migrate", cli.directory)
    assert live(cli) == ["v1", "v2", "004_other", "005_rename"]
    cli.file("006_a", [{"rename_column": {"table": "t", "from": "z", "to": "y"}}])
    cli.file("007_b", [{"rename_column": {"table": "t", "from": "y", "to": "x"}}])
    cli.run("migrate", cli.directory, "--stack")
    assert live(cli)[-2:] == ["006_a", "007_b"]
    assert cli.run("migrate", cli.directory, "--stack", "--json").json["already"] is True
    db.write("v1", "UPDATE t SET s = 'all' WHERE id = 1")
    assert values(db, "id = 1", "007_b", column="x") == ["all"]


def test_status_shows_the_chain_what_each_version_holds_and_what_hangs_on_it(stack, cli):
    db = stack(T, TO_MONEY, TO_TEXT)
    db.execute("ANALYZE t; CREATE SCHEMA reports AUTHORIZATION owner; CREATE VIEW reports.r AS SELECT * FROM public_v2.t",
               role="postgres")
    versions = {v["name"]: v for v in cli.status()["versions"]}
    assert [h["column"] for h in versions["v1"]["holds"]] == ["a"]
    assert [h["physical"] for h in versions["v3"]["holds"]] == ["_a_3"]
    assert versions["v3"]["holds"][0]["unfilled"] == 0 and versions["v3"]["holds"][0]["bytes"] > 0
    assert versions["v2"]["lossy"] and versions["v2"]["dependents"] == ["view reports.r depends on public_v2.t"]
    assert versions["v1"]["age_seconds"] >= 0
    text = cli.run("status").text
    assert "v3 holds" in text and "reports.r" in text
