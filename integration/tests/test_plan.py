"""`plan` shows what would run and changes nothing."""
import json
import re

import psycopg2

from rig.catalog import fingerprint
from rig.cli import STATE

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, a int, b text, note text);
INSERT INTO t SELECT g, g, 'b', 'n' FROM generate_series(1, 100) g;
ANALYZE t;
"""
OPERATIONS = [
    {"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a::bigint * 10", "down": "(a / 10)::int"}},
    {"add_column": {"table": "t", "column": {"name": "shout", "type": "text", "nullable": True}, "up": "upper(note)"}},
    {"create_index": {"table": "t", "name": "t_a", "columns": [{"column": "a"}]}},
]


def planned(db, cli, *how):
    db.tables(TABLES)
    return cli.plan("new", OPERATIONS, *how)


def test_plan_changes_nothing_not_even_a_state_schema(db, cli):
    db.tables(TABLES)
    before, schemas = fingerprint(db), db.schemas()
    for how in ([], ["--json"], ["--sql"]):
        cli.plan("new", OPERATIONS, *how)
    assert fingerprint(db) == before and db.schemas() == schemas


def test_a_prepared_transaction_is_told(db, cli):
    db.tables(TABLES)
    for number, said in ((1, "1 prepared transaction is open"), (2, "2 prepared transactions are open")):
        db.execute(f"BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'left {number}'")
        assert said in cli.plan("new", OPERATIONS).out
    db.execute("ROLLBACK PREPARED 'left 1'"), db.execute("ROLLBACK PREPARED 'left 2'")


def test_the_plan_of_what_is_live_says_so(db, cli):
    planned(db, cli)
    cli.start("new", OPERATIONS)
    again = cli.plan("new", OPERATIONS, "--json").json
    assert again["steps"] == [] and "live already" in again["notes"][0]
    cli.plan("new", OPERATIONS[:1], expect=STATE)
    cli.plan("baseline", OPERATIONS, expect=STATE)


def test_the_plan_of_a_start_that_is_unfinished_says_how_to_finish_it(db, cli):
    db.tables(TABLES)
    cli.start("new", OPERATIONS, "--kill-after-step", 2, expect=-9)
    assert "pgstrata rollback new" in cli.plan("new", OPERATIONS, expect=STATE).err


def test_the_human_plan_names_phases_locks_and_reasons(db, cli):
    text = planned(db, cli).out
    for word in ("ACCESS EXCLUSIVE", "backfill", "public_new", "start", "complete", "rollback"):
        assert word.lower() in text.lower(), word


def test_the_json_plan_has_every_step_with_lock_and_reason(db, cli):
    plan = planned(db, cli, "--json").json
    assert plan["version"] == "new" and plan["version_schema"] == "public_new"
    assert {s["command"] for s in plan["steps"]} == {"start", "complete", "rollback"}
    for step in plan["steps"]:
        assert step["title"] and step["reason"] and step["kind"] and step["phase"], step
        if step["kind"] == "attempt":
            assert "EXCLUSIVE" in step["lock"], step


def test_the_plan_says_which_updates_depend_on_the_path(db, cli):
    notes = planned(db, cli, "--json").json["path_dependent"]
    assert any("note" in n["object"] + n["text"] for n in notes)
    assert not any("t.b" in n["object"] for n in notes)


def test_the_plan_says_which_translations_lose_values_or_can_raise(db, cli):
    plan = planned(db, cli, "--json").json
    assert any("a" in n["object"] + n["text"] for n in plan["lossy"] + plan["raising"])
    assert any("t.a" in n["object"] + n["text"] or "a" in n["object"] for n in plan["raising"]), "down overflows"


def test_the_plan_estimates_rows_disk_and_wal(db, cli):
    estimates = planned(db, cli, "--json").json["estimates"]
    assert [(e["table"], e["rows"]) for e in estimates] == [("t", 100)]
    assert estimates[0]["disk_bytes"] != 0 and estimates[0]["wal_bytes"] != 0


def test_the_sql_plan_is_commented_sql(db, cli):
    sql = planned(db, cli, "--sql").out
    assert re.search(r"^--", sql, re.M) and re.search(r"ALTER TABLE", sql)
    assert "\x1b" not in sql


def test_what_plan_shows_is_what_start_journals(db, cli):
    plan = planned(db, cli, "--json").json
    titles = [s["title"] for s in plan["steps"] if s["command"] == "start"]
    cli.run("start", "new.json", "--kill-after-step", 1, expect=-9)
    journalled = db.value("SELECT count(*) FROM pgstrata.steps s JOIN pgstrata.runs r ON r.id = s.run"
                          " WHERE r.command = 'start'")
    assert journalled == len(titles)


def test_rows_for_which_up_raises_are_found_before_anything_changes(db, cli, unchanged):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, '5'), (2, 'no'), (3, 'nor')")
    unchanged.mark()
    operations = [{"alter_column": {"table": "t", "column": "a", "type": "int", "up": "a::int", "down": "a::text"}}]
    findings = cli.plan("new", operations, "--json", expect=None)
    assert "invalid input syntax" in findings.text
    error = cli.start("new", operations, expect=7).err
    assert "t" in error and "a" in error
    unchanged.check()


def test_a_sql_operation_without_down_cannot_be_rolled_back_and_the_plan_says_so(db, cli):
    db.tables(TABLES)
    result = cli.plan("new", [{"sql": {"up": "CREATE TABLE extra (a int)"}}], "--json").json
    assert "down" in json.dumps(result["warnings"] + result["notes"])


def warnings(db, cli, tables, operations):
    db.tables(tables)
    return {w["object"]: w["text"] for w in cli.plan("new", operations, "--json").json["warnings"]}


def test_the_plan_says_which_rules_of_the_old_version_still_bind_writers_of_the_new_one(db, cli):
    said = warnings(db, cli, """
        CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int, c int UNIQUE, d int REFERENCES p,
                        CONSTRAINT sum_small CHECK (a + b < 1000))""", [
        {"drop_column": {"table": "t", "column": "b", "down": "7"}},
        {"drop_column": {"table": "t", "column": "c"}},
        {"drop_column": {"table": "t", "column": "d"}},
        {"alter_column": {"table": "t", "column": "a", "nullable": True}}])
    assert {"sum_small", "t_c_key", "t_d_fkey", "t.a"} == set(said), said
    assert all("until `complete`" in text for text in said.values())
    cli.run("start", "new.json")
    try:
        db.write("new", "INSERT INTO t VALUES (1, 995)")
        raise AssertionError("the check does not bind, and the plan says it does")
    except psycopg2.errors.CheckViolation:
        pass
    cli.complete()
    db.write("new", "INSERT INTO t VALUES (1, 995)")


def test_the_plan_names_the_grant_that_a_new_serial_needs(db, cli):
    said = warnings(db, cli, "CREATE TABLE t (id int PRIMARY KEY)", [
        {"add_column": {"table": "t", "column": {"name": "n", "type": "serial"}}}])
    assert "GRANT USAGE ON SEQUENCE public.t_n_seq" in said["t.n"], said


def test_the_plan_says_that_a_deferrable_key_is_checked_at_once_on_a_twin(db, cli):
    said = warnings(db, cli, "CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE DEFERRABLE INITIALLY DEFERRED)", [
        {"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a", "down": "a::int"}}])
    assert "deferrable" in json.dumps(said) or "deferrable" in cli.run("plan", "new.json", "--json").out, said


def test_triggers_that_the_backfill_fires_are_named_before_it_fires_them(db, cli):
    db.tables("""
        CREATE TABLE t (id int PRIMARY KEY, a int);
        INSERT INTO t SELECT n, n FROM generate_series(1, 7) n;
        CREATE TABLE fired (n int);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO public.fired VALUES (NEW.id); RETURN NULL; END';
        CREATE TRIGGER audit AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TRIGGER other AFTER UPDATE OF id ON t FOR EACH ROW EXECUTE FUNCTION note();
    """)
    cli.file("new", [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}}])
    said = cli.run("plan", "new.json").out
    assert 'fires trigger "audit"' in said and '"other"' not in said
    assert '"audit"' in cli.run("start", "new.json", expect=3).err
    cli.run("start", "new.json", "--fire-user-triggers")
    assert db.value("SELECT count(*) FROM fired") == 7
