"""After completion the tables are what native DDL would have left; after rollback, what they were (laws 8, 9).

Each case: a migration and the DDL that a DBA would have typed. The catalog fingerprints must be equal.
"""
import pytest

from rig.catalog import fingerprint

TABLES = """
CREATE TABLE parent (code text PRIMARY KEY);
CREATE TABLE t (id serial PRIMARY KEY, a int NOT NULL DEFAULT 5, b text, c int CONSTRAINT c_positive CHECK (c > 0));
CREATE INDEX t_a ON t (a);
CREATE INDEX t_partial ON t (b, a DESC NULLS LAST) WHERE a > 3;
CREATE UNIQUE INDEX t_a_id ON t (a, id);
ALTER TABLE t ADD CONSTRAINT a_c UNIQUE (a, c);
ALTER TABLE t ADD d text CONSTRAINT d_parent REFERENCES parent DEFERRABLE;
COMMENT ON TABLE t IS 'a table';
COMMENT ON COLUMN t.a IS 'a column';
COMMENT ON INDEX t_a IS 'an index';
ALTER TABLE t ALTER a SET STATISTICS 500;
GRANT SELECT (a), UPDATE (a, b) ON t TO app;
CREATE TABLE doomed (id int PRIMARY KEY);
INSERT INTO parent VALUES ('x');
INSERT INTO t (a, b, c) SELECT g, 'x', g FROM generate_series(1, 50) g;
"""


def alter(**keys):
    return {"alter_column": {"table": "t", **keys}}


def column(**keys):
    return {"add_column": {"table": "t", **keys}}


CASES = {
    "a type": ([alter(column="a", type="bigint")], "ALTER TABLE t ALTER a TYPE bigint"),
    "a type and its default": (
        [alter(column="a", type="numeric(9,1)", default="5.5", up="a / 10.0", down="(a * 10)::int")],
        "ALTER TABLE t ALTER a DROP DEFAULT, ALTER a TYPE numeric(9,1); ALTER TABLE t ALTER a SET DEFAULT 5.5"),
    "a type with a deferrable foreign key": ([alter(column="d", type="varchar(9)")], "ALTER TABLE t ALTER d TYPE varchar(9)"),
    "values only": ([alter(column="a", type="int", up="a + 1", down="a - 1")], "SELECT 1"),
    "nullable": ([alter(column="a", nullable=True)], "ALTER TABLE t ALTER a DROP NOT NULL"),
    "nullable with down": ([alter(column="a", nullable=True, down="coalesce(a, 0)")],
                           "ALTER TABLE t ALTER a DROP NOT NULL"),
    "not null": ([alter(column="b", nullable=False)], "ALTER TABLE t ALTER b SET NOT NULL"),
    "not null with up": ([alter(column="b", nullable=False, up="coalesce(b, '-')", down="b")],
                         "ALTER TABLE t ALTER b SET NOT NULL"),
    "a default": ([alter(column="b", default="'hi'")], "ALTER TABLE t ALTER b SET DEFAULT 'hi'"),
    "no default": ([alter(column="a", default=None)], "ALTER TABLE t ALTER a DROP DEFAULT"),
    "a default of NULL": ([alter(column="a", default="NULL")], "ALTER TABLE t ALTER a SET DEFAULT NULL"),
    "a comment": ([alter(column="b", comment="it's")], "COMMENT ON COLUMN t.b IS 'it''s'"),
    "no comment": ([alter(column="a", comment=None)], "COMMENT ON COLUMN t.a IS NULL"),
    "a check": ([alter(column="c", check={"name": "c_small", "constraint": "c < 1000"})],
                "ALTER TABLE t ADD CONSTRAINT c_small CHECK (c < 1000)"),
    "a check with up": (
        [alter(column="c", check={"name": "c_small", "constraint": "c < 10"}, up="least(c, 9)", down="c")],
        "UPDATE t SET c = 9; ALTER TABLE t ADD CONSTRAINT c_small CHECK (c < 10)"),
    "unique": ([alter(column="c", unique={"name": "c_once"})], "ALTER TABLE t ADD CONSTRAINT c_once UNIQUE (c)"),
    "unique with up": ([alter(column="b", unique={"name": "b_once"}, up="b || id", down="b")],
                       "UPDATE t SET b = id; ALTER TABLE t ADD CONSTRAINT b_once UNIQUE (b)"),
    "references": (
        [alter(column="b", references={"name": "b_parent", "table": "parent", "column": "code",
                                       "on_delete": "CASCADE"})],
        "ALTER TABLE t ADD CONSTRAINT b_parent FOREIGN KEY (b) REFERENCES parent (code) ON DELETE CASCADE"),
    "several at once": (
        [alter(column="b", type="varchar(9)", nullable=False, default="'d'", comment="nine", up="left(b, 9)", down="b",
               check={"name": "b_set", "constraint": "b <> ''"})],
        "ALTER TABLE t ALTER b TYPE varchar(9), ALTER b SET NOT NULL, ALTER b SET DEFAULT 'd',"
        " ADD CONSTRAINT b_set CHECK (b <> ''); COMMENT ON COLUMN t.b IS 'nine'"),
    "rename column": ([{"rename_column": {"table": "t", "from": "a", "to": "z"}}], "ALTER TABLE t RENAME a TO z"),
    "rename table": ([{"rename_table": {"from": "t", "to": "u"}}], "ALTER TABLE t RENAME TO u"),
    "drop column": ([{"drop_column": {"table": "t", "column": "a", "down": "1"}}], "ALTER TABLE t DROP a"),
    "drop a column with a check": ([{"drop_column": {"table": "t", "column": "c"}}], "ALTER TABLE t DROP c"),
    "drop a column with a sequence": ([{"drop_column": {"table": "t", "column": "id"}}], "ALTER TABLE t DROP id"),
    "drop table": ([{"drop_table": {"name": "doomed"}}], "DROP TABLE doomed"),
    "drop index": ([{"drop_index": {"name": "t_a"}}], "DROP INDEX t_a"),
    "add a nullable column": ([column(column={"name": "n", "type": "text", "nullable": True})],
                              "ALTER TABLE t ADD n text"),
    "add with default": ([column(column={"name": "n", "type": "int", "default": "3"})],
                         "ALTER TABLE t ADD n int NOT NULL DEFAULT 3"),
    "add with volatile default": (
        [column(column={"name": "n", "type": "uuid", "default": "gen_random_uuid()"})],
        "ALTER TABLE t ADD n uuid NOT NULL DEFAULT gen_random_uuid()"),
    "add with up": ([column(column={"name": "n", "type": "int"}, up="a * 2")],
                    "ALTER TABLE t ADD n int; UPDATE t SET n = 1; ALTER TABLE t ALTER n SET NOT NULL"),
    "add with everything": (
        [column(column={"name": "n", "type": "text", "unique": True, "comment": "new", "default": "'x'",
                        "check": {"name": "n_set", "constraint": "n <> ''"}}, up="id::text")],
        "ALTER TABLE t ADD n text DEFAULT 'x' CONSTRAINT n_set CHECK (n <> ''); UPDATE t SET n = id::text;"
        " ALTER TABLE t ALTER n SET NOT NULL, ADD UNIQUE (n); COMMENT ON COLUMN t.n IS 'new'"),
    "add with references": (
        [column(column={"name": "n", "type": "text", "nullable": True,
                        "references": {"name": "n_parent", "table": "parent", "column": "code"}}, up="'x'")],
        "ALTER TABLE t ADD n text CONSTRAINT n_parent REFERENCES parent (code)"),
    "add serial": ([column(column={"name": "n", "type": "serial"})], "ALTER TABLE t ADD n serial"),
    "create index": (
        [{"create_index": {"table": "t", "name": "fresh", "method": "btree", "unique": False, "predicate": "a > 1",
                           "storage_parameters": "fillfactor = 70",
                           "columns": [{"column": "b", "sort": "DESC", "nulls": "LAST", "collate": "\"C\""},
                                       {"column": "a"}]}}],
        "CREATE INDEX fresh ON t (b COLLATE \"C\" DESC NULLS LAST, a) WITH (fillfactor = 70) WHERE a > 1"),
    "create unique index": ([{"create_index": {"table": "t", "name": "fresh", "unique": True, "columns": ["c"]}}],
                            "CREATE UNIQUE INDEX fresh ON t (c)"),
    "create hash index": ([{"create_index": {"table": "t", "name": "fresh", "method": "hash", "columns": ["b"]}}],
                          "CREATE INDEX fresh ON t USING hash (b)"),
    "index on an altered column": (
        [alter(column="b", type="text", up="upper(b)", down="b"),
         {"create_index": {"table": "t", "name": "fresh", "columns": ["b"]}}],
        "CREATE INDEX fresh ON t (b)"),
    "create table": (
        [{"create_table": {"name": "n", "comment": "made", "columns": [
            {"name": "id", "type": "bigserial", "pk": True},
            {"name": "code", "type": "text", "unique": True, "comment": "c"},
            {"name": "p", "type": "text", "nullable": True,
             "references": {"name": "n_p", "table": "parent", "column": "code", "on_delete": "SET NULL"}},
            {"name": "x", "type": "int", "default": "3", "check": {"name": "x_ok", "constraint": "x > 0"}},
            {"name": "g", "type": "int", "nullable": True, "generated": {"expression": "x + 1"}},
            {"name": "i", "type": "int",
             "generated": {"identity": {"user_specified_values": "BY DEFAULT", "sequence_options": "START 10"}}}],
            "constraints": [{"name": "n_two", "type": "unique", "columns": ["code", "x"]},
                            {"name": "n_check", "type": "check", "check": "x < 99"}]}}],
        "CREATE TABLE n (id bigserial PRIMARY KEY, code text NOT NULL UNIQUE,"
        " p text CONSTRAINT n_p REFERENCES parent (code) ON DELETE SET NULL,"
        " x int NOT NULL DEFAULT 3 CONSTRAINT x_ok CHECK (x > 0), g int GENERATED ALWAYS AS (x + 1) STORED,"
        " i int NOT NULL GENERATED BY DEFAULT AS IDENTITY (START 10),"
        " CONSTRAINT n_two UNIQUE (code, x), CONSTRAINT n_check CHECK (x < 99));"
        " COMMENT ON TABLE n IS 'made'; COMMENT ON COLUMN n.code IS 'c'"),
    "create table with a composite key": (
        [{"create_table": {"name": "n", "columns": [{"name": "x", "type": "int"}, {"name": "y", "type": "text"}],
                           "constraints": [
                               {"name": "n_key", "type": "primary_key", "columns": ["y", "x"]},
                               {"name": "n_fk", "type": "foreign_key", "columns": ["y"], "deferrable": True,
                                "initially_deferred": True, "references": {"table": "parent", "columns": ["code"]}}]}}],
        "CREATE TABLE n (x int NOT NULL, y text NOT NULL, CONSTRAINT n_key PRIMARY KEY (y, x),"
        " CONSTRAINT n_fk FOREIGN KEY (y)"
        " REFERENCES parent (code) DEFERRABLE INITIALLY DEFERRED)"),
    "sql": ([{"sql": {"up": "CREATE TABLE n (a int); ALTER TABLE t ADD extra int", "down": "SELECT 1"}}],
            "CREATE TABLE n (a int); ALTER TABLE t ADD extra int"),
    "sql on complete": ([{"sql": {"up": "CREATE TABLE n (a int)", "onComplete": True}}], "CREATE TABLE n (a int)"),
}
UNCLEAN = {"sql"}


@pytest.mark.parametrize("case", CASES)
def test_complete_leaves_what_native_ddl_leaves(db, cli, case):
    operations, native = CASES[case]
    db.tables(TABLES)
    cli.start("new", operations)
    cli.complete()
    completed = fingerprint(db)
    assert db.support_objects() == set(), "nothing in flight needs them any more"
    with db.connect(role="postgres").cursor() as cursor:
        cursor.execute("DROP SCHEMA public_new CASCADE; DROP OWNED BY owner CASCADE;"
                       "GRANT ALL ON SCHEMA public TO owner")
    db.tables(TABLES)
    db.execute(f"SET search_path = public; {native}")
    assert completed == fingerprint(db)


@pytest.mark.parametrize("case", sorted(CASES.keys() - UNCLEAN))
def test_rollback_leaves_what_was_there(db, cli, case):
    db.tables(TABLES)
    before, rows = fingerprint(db), db.rows("base", "SELECT * FROM t ORDER BY id")
    cli.start("new", CASES[case][0])
    cli.rollback()
    assert fingerprint(db) == before
    assert db.support_objects() == set()
    assert db.rows("base", "SELECT * FROM t ORDER BY id") == rows
    assert db.schemas() == {"public", "pgstrata", "public_baseline"}
