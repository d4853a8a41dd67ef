"""What a role or a database is set to changes neither what is recorded nor what is made of it."""
import contextlib

import psycopg2
import pytest

from rig.catalog import fingerprint

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, a int, day date DEFAULT '2026-02-01', at timestamptz DEFAULT '2026-02-01 10:00+02',
    wait interval DEFAULT '-1 day 02:03:04', share float8 DEFAULT 0.30000000000000004, bits bytea DEFAULT '\\xff00',
    price money DEFAULT 5, CHECK (day > '2025-03-04'), CHECK (share < 1.1));
CREATE INDEX t_day ON t (day) WHERE day > '2024-05-06';
INSERT INTO t (id, a) VALUES (1, 5);
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER seen AFTER UPDATE OF a ON t FOR EACH ROW WHEN (NEW.a > 3 AND NEW.id > 0 AND NEW.at > '2020-02-01 10:00+02')
    EXECUTE FUNCTION seen();
"""
SETTINGS = {"DateStyle": "SQL, DMY", "IntervalStyle": "sql_standard", "extra_float_digits": "-15",
            "quote_all_identifiers": "on", "bytea_output": "escape", "TimeZone": "Asia/Kolkata",
            "transform_null_equals": "on", "array_nulls": "off", "xmloption": "document",
            "check_function_bodies": "off", "row_security": "on",
            "standard_conforming_strings": "off", "escape_string_warning": "off",
            "backslash_quote": "off", "search_path": "public, pg_catalog",
            "plpgsql.extra_errors": "all", "plpgsql.variable_conflict": "use_variable", "plpgsql.print_strict_params": "on",
            "exit_on_error": "on", "default_transaction_isolation": "serializable", "default_transaction_read_only": "on"}
CHANGES = [
    {"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a::bigint * 10", "down": "(a / 10)::int"}},
    {"alter_column": {"table": "t", "column": "wait", "comment": "how long"}},
    {"add_column": {"table": "t", "column": {"name": "since", "type": "date", "default": "'01/02/2026'"}}},
    {"rename_column": {"table": "t", "from": "day", "to": "on_day"}},
]
SHOWN = "SELECT on_day::text, at = '2026-02-01 10:00+02', wait::text, share, bits, a, since::text FROM t WHERE id = {}"


def alter_database(db, *changes):
    """From another database, where the settings do not reach."""
    with contextlib.closing(psycopg2.connect(db.server.url("postgres"))) as admin:
        admin.autocommit = True
        for change in changes:
            admin.cursor().execute(f"ALTER DATABASE {db.name} {change}")


def settings(db):
    alter_database(db, *(f"SET {name} = {value if name == 'search_path' else repr(value)}"
                         for name, value in SETTINGS.items()))


def reset(db):
    alter_database(db, "RESET ALL")


@pytest.mark.parametrize("later", [False, True], ids=["from start to end", "until the start is over"])
def test_a_roll_out_means_the_same_under_odd_settings(db, cli, later):
    db.tables(TABLES)
    before = fingerprint(db)
    settings(db)
    cli.run("baseline", "one")
    cli.start("two", CHANGES)
    cli.rollback()
    reset(db)
    assert fingerprint(db) == before
    settings(db)
    cli.start("two", CHANGES)
    if later:
        reset(db)
    assert cli.run("verify", "--json").json["differing"] == 0
    cli.complete()
    reset(db)
    db.execute("INSERT INTO t (id, a) VALUES (2, 7)", path="public_two")
    row = ("2026-02-01", True, "-1 days +02:03:04", 0.30000000000000004, b"\xff\x00")
    rows = [db.execute(SHOWN.format(number), path="public_two")[0] for number in (1, 2)]
    assert [(*found[:4], bytes(found[4]), *found[5:]) for found in rows] == [
        (*row, 50, "2026-02-01"), (*row, 7, "2026-02-01")]
    checks = db.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' ORDER BY 1")
    assert "2025-03-04" in str(checks)
    assert "2024-05-06" in db.value("SELECT pg_get_indexdef('t_day'::regclass)")
