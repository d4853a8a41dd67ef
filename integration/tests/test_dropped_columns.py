"""What an older version demands of a column that a newer one drops: `down` gives it, or the drop is refused (law 11)."""
import pytest

from rig.cli import MIGRATION

TABLES = """
CREATE DOMAIN known AS text NOT NULL; CREATE DOMAIN named AS text CHECK (VALUE IS NOT NULL AND VALUE <> '');
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9); CREATE DOMAIN filled AS text NOT NULL DEFAULT 'd';
CREATE TABLE t (id int PRIMARY KEY, a int, b int, s text, k known, n named, h short, f filled, g known DEFAULT 'g',
  one int DEFAULT 1, seq serial UNIQUE, u int UNIQUE);
INSERT INTO t (id, a, b, k, n, s) VALUES (1, 1, 1, 'k', 'n', 's');
"""


def drop(*columns, **down):
    return ([{"drop_column": {"table": "t", "column": column}} for column in columns] +
            [{"drop_column": {"table": "t", "column": column, "down": text}} for column, text in down.items()])


REFUSED = {
    "a domain that is NOT NULL": ("", drop("k"), "domain"),
    "a domain whose check refuses NULL": ("", drop("n"), "domain"),
    "such a domain, before its `down` could run": ("", drop(k="'x'"), "default"),
    "such a domain, by another type": (
        "", [{"alter_column": {"table": "t", "column": "k", "type": "text", "up": "k", "down": "k"}}], "default"),
    "a check of the column alone": ("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL)", drop("a"), '"c"'),
    "a check that its default breaks": (
        "ALTER TABLE t ADD CONSTRAINT c CHECK (one > 1) NOT VALID", drop("one"), '"c"'),
    "a check of two that both go": (
        "ALTER TABLE t ADD CONSTRAINT c CHECK (num_nonnulls(a, b) > 0)", drop("a", "b"), '"c"'),
    "a key with one and the same default in every row": (
        "ALTER TABLE t ADD CONSTRAINT c UNIQUE (one)", drop("one"), "duplicate key"),
    "a NOT NULL that a constant `down` breaks": ("ALTER TABLE t ALTER a SET NOT NULL", drop(a="NULL"), "null value"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_drop_that_leaves_the_new_version_unable_to_insert_is_refused(db, cli, unchanged, what):
    more, operations, word = REFUSED[what]
    db.tables(TABLES + more)
    unchanged.mark()
    for error in (cli.plan("new", operations, expect=MIGRATION).err, cli.start("new", operations, expect=MIGRATION).err):
        assert word in error and "down" in error, error
    unchanged.check()


TAKEN = {
    "a domain that takes NULL": ("", drop("h")),
    "a domain with a default of its own": ("", drop("f")),
    "a column of a domain with a default": ("", drop("g")),
    "that column by a `down`": ("", drop(g="'x'")),
    "a check that NULL passes": ("ALTER TABLE t ADD CHECK (a > 0)", drop("a")),
    "a check of the column alone, by a `down`": ("ALTER TABLE t ADD CHECK (a IS NOT NULL)", drop(a="b + 1")),
    "a check of two, by one `down`": ("ALTER TABLE t ADD CHECK (num_nonnulls(a, b) > 0)", drop("b", a="id")),
    "a key with a serial": ("", drop("seq")),
    "a key of NULLs": ("", drop("u")),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_drop_that_leaves_every_version_able_to_insert(db, cli, what):
    more, operations = TAKEN[what]
    db.tables(TABLES + more)
    cli.start("new", operations)
    kept = [column for column in db.columns("new", "t") if column in ("id", "b", "k", "n")]
    for key in (2, 3):
        values = ", ".join({"id": f"{key}"}.get(column, "7") for column in kept)
        db.write("new", f"INSERT INTO t ({', '.join(kept)}) VALUES ({values})")
    assert db.rows("baseline", "SELECT count(*) FROM t") == [(3,)]
    cli.complete()


def test_a_check_of_two_that_go_one_after_the_other(stack, cli):
    db = stack(TABLES + "ALTER TABLE t ADD CONSTRAINT c CHECK (num_nonnulls(a, b) > 0)", drop("a"))
    assert '"c"' in cli.start("v3", drop("b"), expect=MIGRATION).err
    cli.start("v3", drop(b="1"))
    db.write("v3", "INSERT INTO t (id, k, n) VALUES (2, 'k', 'n')")
    cli.run("complete", "--all")


def test_a_check_that_looks_elsewhere_is_judged_as_a_writer_meets_it(db, cli):
    db.tables("""CREATE TABLE par (id int); INSERT INTO par VALUES (1); CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 1);
        CREATE FUNCTION known(i int) RETURNS bool LANGUAGE plpgsql AS
          'BEGIN IF i IS NULL THEN RAISE EXCEPTION ''none''; END IF; RETURN EXISTS (SELECT FROM par WHERE id = i); END';
        ALTER TABLE t ADD CHECK (known(a))""")
    cli.start("new", drop("a"))
    db.write("new", "INSERT INTO t VALUES (5)")
    cli.rollback()
    db.execute("ALTER TABLE public.t ALTER a DROP DEFAULT")
    assert "none" in cli.start("other", drop("a"), expect=MIGRATION).err
