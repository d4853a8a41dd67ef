"""The main job from end to end: two app versions on one live table, from start to complete or rollback."""
from decimal import Decimal

import pytest

from rig.catalog import fingerprint
from rig.lives import ALTERED, LIVES
from rig.waitwatch import WaitWatch
from rig.writers import Writers

TABLES = """
CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL, filler char(8));
INSERT INTO accounts SELECT g, g * 150, 'f' FROM generate_series(1, 1000) g;
"""
OPERATIONS = [
    {"alter_column": {"table": "accounts", "column": "balance", "type": "numeric(12,2)",
                      "up": "balance / 100.0", "down": "balance * 100"}},
    {"rename_column": {"table": "accounts", "from": "filler", "to": "note"}},
    {"add_column": {"table": "accounts", "up": "CASE WHEN balance > 500 THEN 'rich' ELSE 'poor' END",
                    "column": {"name": "status", "type": "text"}}},
    {"create_index": {"table": "accounts", "name": "accounts_status", "columns": [{"column": "status"}]}},
]


def test_rows_from_before_the_start_are_seen_in_the_new_shape(flight):
    db = flight(TABLES, OPERATIONS)
    assert db.rows("new", "SELECT * FROM accounts WHERE id = 400") == [(400, Decimal("600.00"), "f       ", "rich")]
    assert db.rows("new", "SELECT count(*), count(status) FROM accounts") == [(1000, 1000)]
    assert db.rows("baseline", "SELECT * FROM accounts WHERE id = 400") == [(400, 60000, "f       ")]


def test_each_version_reads_what_the_other_writes(flight):
    db = flight(TABLES, OPERATIONS)
    db.write("baseline", "UPDATE accounts SET balance = 1234 WHERE id = 1")
    assert db.rows("new", "SELECT balance FROM accounts WHERE id = 1") == [(Decimal("12.34"),)]
    db.write("new", "UPDATE accounts SET balance = 99.95 WHERE id = 1")
    assert db.rows("baseline", "SELECT balance FROM accounts WHERE id = 1") == [(9995,)]
    db.write("baseline", "INSERT INTO accounts VALUES (2000, 7, 'old')")
    assert db.rows("new", "SELECT balance, status FROM accounts WHERE id = 2000") == [(Decimal("0.07"), "poor")]
    db.write("new", "INSERT INTO accounts VALUES (2001, 0.08, 'x', 'gold')")
    assert db.rows("baseline", "SELECT * FROM accounts WHERE id = 2001") == [(2001, 8, "x       ")]


def test_the_other_version_sees_a_write_within_the_same_transaction(flight):
    db = flight(TABLES, OPERATIONS)
    with db.connect(autocommit=False).cursor() as cursor:
        cursor.execute("UPDATE public_baseline.accounts SET balance = 5 WHERE id = 1")
        cursor.execute("SELECT balance FROM public_new.accounts WHERE id = 1")
        assert cursor.fetchall() == [(Decimal("0.05"),)]


def test_complete_leaves_what_a_native_alter_table_would(flight, cli):
    db = flight(TABLES, OPERATIONS)
    cli.complete()
    completed = fingerprint(db)
    db.execute("DROP SCHEMA public_new CASCADE; DROP TABLE accounts")
    db.tables(TABLES + """
        ALTER TABLE accounts ALTER balance TYPE numeric(12,2) USING balance / 100.0;
        ALTER TABLE accounts RENAME filler TO note;
        ALTER TABLE accounts ADD status text;
        UPDATE accounts SET status = 'x';
        ALTER TABLE accounts ALTER status SET NOT NULL;
        CREATE INDEX accounts_status ON accounts (status);""")
    assert completed == fingerprint(db)


def test_after_complete_the_old_version_is_gone_and_the_new_one_goes_on(flight, cli):
    db = flight(TABLES, OPERATIONS)
    cli.complete()
    assert db.schemas() == {"public", "pgstrata", "public_new"}
    db.write("new", "INSERT INTO accounts VALUES (2000, 1.50, 'n', 's')")
    assert db.rows("base", "SELECT balance, note, status FROM accounts WHERE id = 2000") == \
        [(Decimal("1.50"), "n       ", "s")]
    assert cli.versions()["new"] == "live"


def test_rollback_leaves_the_base_schema_as_it_was(flight, db, cli):
    db.tables(TABLES)
    before = fingerprint(db)
    cli.start("new", OPERATIONS)
    assert fingerprint(db) != before
    db.write("new", "UPDATE accounts SET balance = 3.21 WHERE id = 3")
    cli.rollback()
    assert fingerprint(db) == before
    assert "public_new" not in db.schemas()
    assert db.rows("base", "SELECT balance FROM accounts WHERE id = 3") == [(321,)]


def test_rollback_says_how_many_rows_hold_what_only_the_new_shape_can_hold(db, cli):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, a text);"
              "INSERT INTO t SELECT g, 'abcdef' FROM generate_series(1, 9) g")
    cli.start("new", [{"alter_column": {"table": "t", "column": "a", "type": "text",
                                    "up": "upper(a)", "down": "left(lower(a), 3)"}}])
    db.write("new", "UPDATE t SET a = 'VERYLONG' WHERE id IN (4, 7)")
    result = cli.rollback("--json")
    assert [(l["table"], l["column"]) for l in result.json["lost"]] == [("t", "a")]
    assert result.json["lost"][0]["rows"] == 2


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
@pytest.mark.parametrize("end", ["complete", "rollback"])
def test_under_writers_on_both_versions_nothing_fails_and_both_show_what_the_oracle_says(db, cli, life, end):
    db.tables(life.tables)
    before = fingerprint(db)
    cli.run("baseline", "baseline")
    with WaitWatch(db), Writers(db, life.shapes("public_baseline", "public_new"), life.links,
                                life.physical_defaults) as writers:
        writers.fill(1)
        writers.add(1)
        writers.add(1, "misleading")
        cli.start("new", life.operations)
        writers.add(2)
        writers.add(2, "absent")
        writers.pause_until(150)
        writers.stop()
        writers.check(1, 2)
        writers.add(1)
        writers.add(2)
        writers.expect_end(1 if end == "complete" else 2)
        cli.run(end)
        writers.pause_until(50)
        writers.check(2 if end == "complete" else 1)
    if end == "rollback":
        assert fingerprint(db) == before


def test_writers_on_the_base_schema_count_as_the_oldest_version(db, cli):
    life = ALTERED
    db.tables(life.tables)
    with WaitWatch(db), Writers(db, life.shapes("public", "public_new"), life.links) as writers:
        writers.fill(1)
        writers.add(1)
        cli.start("new", life.operations)
        writers.add(2)
        writers.pause_until(150)
        writers.check(1, 2)
