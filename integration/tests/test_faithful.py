"""What hangs on a column survives its change, and what PostgreSQL would not take is refused beforehand (laws 8, 9, 11)."""
import pytest

from rig.catalog import fingerprint
from rig.cli import DATA, MIGRATION

MUSEUM = """
CREATE TABLE parent (code text PRIMARY KEY);
CREATE TABLE t (id serial PRIMARY KEY, a int NOT NULL DEFAULT 1, s text COLLATE "C", v varchar(20));
CREATE INDEX i_opclass ON t (s text_pattern_ops, v);
CREATE INDEX i_collated ON t (s COLLATE "POSIX" DESC);
CREATE INDEX i_expression ON t (lower(s), (a + 1)) INCLUDE (v);
CREATE INDEX i_clustered ON t (a DESC NULLS LAST) INCLUDE (s) WITH (fillfactor = 70);
ALTER TABLE t CLUSTER ON i_clustered;
ALTER INDEX i_expression ALTER COLUMN 2 SET STATISTICS 42;
ALTER TABLE t ADD CONSTRAINT a_once UNIQUE (a, id) DEFERRABLE;
COMMENT ON CONSTRAINT a_once ON t IS 'the constraint'; COMMENT ON INDEX a_once IS 'its index';
COMMENT ON CONSTRAINT t_pkey ON t IS 'the key';
ALTER TABLE t ALTER s SET STORAGE EXTERNAL, ALTER v SET COMPRESSION pglz;
INSERT INTO t (a, s, v) SELECT g, 'nowhere', g FROM generate_series(1, 9) g;
ALTER TABLE t ADD CONSTRAINT not_yet CHECK (a < 30) NOT VALID, ADD CONSTRAINT s_parent FOREIGN KEY (s) REFERENCES parent NOT VALID;
"""


def alter(column, **keys):
    return {"alter_column": {"table": "t", "column": column, **keys}}


def retype(column, to):
    return [alter(column, type=to)], f"ALTER TABLE t ALTER {column} TYPE {to}"


CHANGES = {
    "a number": retype("a", "bigint"),
    "a serial key": retype("id", "bigint"),
    "a collated text": retype("s", "varchar(30)"),
    "values alone": ([alter("s", type="text", up="upper(s)", down="s")], "SELECT 1"),
    "compressed values": ([alter("v", type="varchar(20)", up="upper(v)", down="v")], "SELECT 1"),
}


def native(db, tables, statements):
    with db.connect(role="postgres").cursor() as cursor:
        cursor.execute("DROP SCHEMA public_new CASCADE; DROP OWNED BY owner CASCADE; GRANT ALL ON SCHEMA public TO owner")
    db.tables(tables)
    db.execute(f"SET search_path = public; {statements}")
    return fingerprint(db)


def index_statistics(db):
    return db.execute("SELECT attnum, attstattarget FROM pg_attribute WHERE attrelid = 'i_expression'::regclass")


@pytest.mark.parametrize("change", CHANGES)
def test_a_copied_column_keeps_everything_that_hangs_on_it(db, cli, change):
    operations, statements = CHANGES[change]
    db.tables(MUSEUM)
    before, targets = fingerprint(db), index_statistics(db)
    cli.start("new", operations)
    cli.rollback()
    assert fingerprint(db) == before
    cli.start("new", operations)
    cli.complete()
    completed = fingerprint(db)
    assert index_statistics(db) == targets
    assert completed == native(db, MUSEUM, statements)


def test_rows_that_an_unvalidated_check_keeps_from_being_updated_are_named_beforehand(db, cli, unchanged):
    db.tables("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1), (5, 5);"
              "ALTER TABLE t ADD CONSTRAINT small CHECK (a < 3) NOT VALID")
    unchanged.mark()
    error = cli.start("new", [alter("b", type="bigint")], expect=DATA).err
    assert "1 rows" in error and "small" in error and "NOT VALID" in error
    unchanged.check()


TABLES = """
CREATE TABLE p (id int PRIMARY KEY, u int, code text); INSERT INTO p VALUES (1, 1, 'x');
CREATE UNIQUE INDEX p_u ON p (u);
CREATE TABLE keyed (id int, extra int, PRIMARY KEY (id) INCLUDE (extra));
CREATE TABLE child (u int REFERENCES p (u), k int, FOREIGN KEY (k) REFERENCES keyed);
CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t, a int, b text, j json);
CREATE INDEX t_b ON t (b text_pattern_ops);
INSERT INTO t VALUES (1, 1, 2, 'b', '{}');
"""


def index(*columns, **keys):
    return {"create_index": {"table": "t", "name": "i", "columns": list(columns), **keys}}


def refer(type, column):
    return {"add_column": {"table": "t", "column": {"name": "n", "type": type, "nullable": True, "references": {
        "name": "f", "table": "p", "column": column}}}}


UNFIT = {
    "a unique hash index": (index("a", method="hash", unique=True), "hash"),
    "a type that the method does not index": (index("a", method="gin"), "gin"),
    "a type without an order": (index("j"), "json"),
    "an unknown storage parameter": (index("a", storage_parameters="fillfactr = 70"), "fillfactr"),
    "an operator class that does not take the new type": (alter("b", type="int", up="1", down="'x'"), "text_pattern_ops"),
    "a key that nothing makes unique": (refer("text", "code"), "table \"p\""),
    "a key of another type": (refer("text", "id"), "cannot be implemented"),
    "a column named as one of the system's": (
        {"add_column": {"table": "t", "column": {"name": "ctid", "type": "int", "nullable": True}}}, "ctid"),
    "a column renamed to one of the system's": ({"rename_column": {"table": "t", "from": "a", "to": "xmin"}}, "xmin"),
    "a key that its own table references": (alter("id", type="bigint"), "references it"),
    "an index that a foreign key rests on": ({"drop_index": {"name": "p_u"}}, "p_u"),
    "a column included in a referenced key": (
        {"alter_column": {"table": "keyed", "column": "extra", "type": "bigint"}}, "keyed_pkey"),
}


@pytest.mark.parametrize("what", UNFIT)
def test_what_postgresql_does_not_take_is_refused_before_anything_changes(db, cli, unchanged, what):
    operation, word = UNFIT[what]
    db.tables(TABLES)
    unchanged.mark()
    assert word in cli.start("new", [operation], expect=MIGRATION).err
    assert word in cli.plan("new", [operation], expect=MIGRATION).err
    unchanged.check()


def swap(*names):
    return [{"rename_column": {"table": "t", "from": a, "to": b}} for a, b in names]


MOVES = {
    "swapped beside columns of the names in between": (
        "CREATE TABLE t (a int, c int, _a_new int, _c_new int)", swap(("a", "x"), ("c", "a"), ("x", "c")),
        "ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME c TO a; ALTER TABLE t RENAME x TO c"),
    "taken from a table that is settled later": (
        "CREATE TABLE a (x int); CREATE TABLE z (id int, c int CONSTRAINT k UNIQUE)",
        [{"drop_column": {"table": "z", "column": "c"}}, {"create_index": {"table": "a", "name": "k", "columns": ["x"]}}],
        "ALTER TABLE z DROP c; CREATE INDEX k ON a (x)"),
    "given again to a column that a new key references": (
        "CREATE TABLE p (id int PRIMARY KEY, code text); CREATE TABLE t (id int); INSERT INTO p VALUES (1, 'x')",
        [{"drop_column": {"table": "p", "column": "code"}},
         {"add_column": {"table": "p", "up": "id", "column": {"name": "code", "type": "int", "unique": True}}},
         {"add_column": {"table": "t", "column": {"name": "c", "type": "int", "nullable": True, "references": {
             "name": "f", "table": "p", "column": "code"}}}}],
        "ALTER TABLE p DROP code; ALTER TABLE p ADD code int; UPDATE p SET code = id;"
        " ALTER TABLE p ALTER code SET NOT NULL, ADD UNIQUE (code); ALTER TABLE t ADD c int CONSTRAINT f REFERENCES p (code)"),
    "made up for a long table name": (
        "CREATE TABLE t (a int)",
        [{"create_table": {"name": "t" * 60, "columns": [{"name": "key", "type": "serial", "pk": True},
                                                         {"name": "Übung", "type": "text", "unique": True}]}}],
        f"CREATE TABLE {'t' * 60} (key serial PRIMARY KEY, \"Übung\" text NOT NULL UNIQUE)"),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_name_may_be(db, cli, move):
    tables, operations, statements = MOVES[move]
    db.tables(tables)
    cli.start("new", operations)
    cli.complete()
    completed = fingerprint(db)
    assert completed == native(db, tables, statements)


def test_a_rollback_goes_through_where_up_fails_on_newer_values(flight, cli):
    db = flight("CREATE TABLE t (b text); INSERT INTO t VALUES ('n1')",
                [alter("b", type="int", up="substr(b, 2)::int", down="'n' || b || 'x'")])
    db.write("new", "INSERT INTO t VALUES (5)")
    assert "not known" in cli.rollback().err
    assert db.rows("base", "SELECT b FROM t ORDER BY b") == [("n1",), ("n5x",)]


def test_an_added_serial_goes_with_its_sequence(db, cli, unchanged):
    db.tables("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    unchanged.mark()
    cli.start("new", [{"add_column": {"table": "t", "column": {"name": "n", "type": "bigserial", "unique": True}}}])
    cli.rollback()
    unchanged.check(schemas=False)
