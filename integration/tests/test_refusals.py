"""What this release does not do is refused by name, with exit 3, before anything has changed."""
import pytest

from rig.cli import MIGRATION

TABLES = """
CREATE TABLE parent (id int PRIMARY KEY, u int UNIQUE);
CREATE TABLE t (id int PRIMARY KEY, a int, b text, p int REFERENCES parent);
INSERT INTO parent VALUES (1, 1);
INSERT INTO t VALUES (1, 5, 'x', 1);
"""


def add(column, **more):
    return {"add_column": {"table": "t", "column": {"type": "int", "nullable": True, **column}, **more}}


def index(**more):
    return {"create_index": {"table": "t", "name": "i", "columns": [{"column": "a"}], **more}}


def constraint(**more):
    return {"create_table": {"name": "n", "columns": [{"name": "a", "type": "int"}],
                             "constraints": [{"name": "c", "columns": ["a"], **more}]}}


ALTER_A = {"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a", "down": "a"}}
CHECK = {"columns": ["a"], "check": "a > 0", "up": {"a": "a"}, "down": {"a": "a"}}

# what is asked -> (operation, a word of the message)
REFUSED = {
    "create_constraint": (
        {"create_constraint": {"table": "t", "name": "c", "type": "check", **CHECK}}, "create_constraint"),
    "drop_constraint": ({"drop_constraint": {"table": "t", "name": "c", "up": "a", "down": "a"}}, "drop_constraint"),
    "drop_multicolumn_constraint": (
        {"drop_multicolumn_constraint": {"table": "t", "name": "c", "down": {"a": "a"}}},
        "drop_multicolumn_constraint"),
    "rename_constraint": ({"rename_constraint": {"table": "t", "from": "c", "to": "d"}}, "rename_constraint"),
    "set_replica_identity": (
        {"set_replica_identity": {"table": "t", "identity": {"type": "full"}}}, "set_replica_identity"),
    "an exclusion constraint": (
        constraint(type="exclude", exclude={"index_method": "gist", "elements": "a WITH ="}), "exclu"),
    "SET NULL column lists": (
        constraint(type="foreign_key", references={"table": "parent", "columns": ["id"], "on_delete": "SET NULL",
                                                   "on_delete_set_columns": ["a"]}), "on_delete_set_columns"),
    "NULLS NOT DISTINCT": (constraint(type="unique", nulls_not_distinct=True), "nulls_not_distinct"),
    "index parameters": (
        constraint(type="unique", index_parameters={"storage_parameters": "fillfactor = 70"}), "index_parameters"),
    "a tablespace": (constraint(type="unique", index_parameters={"tablespace": "x"}), "index_parameters"),
    "INCLUDE": (index(include=["b"]), "include"),
    "opclass parameters": (
        index(columns=[{"column": "b", "opclass": {"name": "text_ops", "params": ["x=1"]}}]), "param"),
    "an expression column of an index": (index(columns=[{"expression": "lower(b)"}]), "expression"),
    "a generated column added to a table": (
        add({"name": "g", "generated": {"expression": "a + 1"}}), "generated"),
    "an identity column added to a table": (
        add({"name": "g", "generated": {"identity": {"user_specified_values": "ALWAYS"}}}), "identity"),
    "SET DEFAULT together with a default": (
        {"alter_column": {"table": "t", "column": "a", "default": "1", "references": {
            "name": "f", "table": "parent", "column": "u", "on_delete": "SET DEFAULT"}}}, "SET DEFAULT"),
    "SET DEFAULT on an added column": (
        add({"name": "g", "default": "1", "references": {
            "name": "f", "table": "parent", "column": "u", "on_update": "SET DEFAULT"}}), "SET DEFAULT"),
    "a key that foreign keys reference": (
        {"alter_column": {"table": "parent", "column": "id", "type": "bigint", "up": "id", "down": "id"}}, "parent"),
}

# tables and what depends on them -> (tables, operation, a word of the message)
OBJECTS = {
    "a partitioned table": (
        "CREATE TABLE t (id int, a int) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9)",
        ALTER_A, "partition"),
    "row-level security": ("CREATE TABLE t (id int, a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY", ALTER_A, "row"),
    "a view over the column": ("CREATE TABLE t (id int, a int); CREATE VIEW v AS SELECT a FROM t", ALTER_A, "v"),
    "a materialised view over the column": (
        "CREATE TABLE t (id int, a int); CREATE MATERIALIZED VIEW mv AS SELECT a FROM t", ALTER_A, "mv"),
    "a view over a dropped column": (
        "CREATE TABLE t (id int, a int); CREATE VIEW v AS SELECT a FROM t",
        {"drop_column": {"table": "t", "column": "a", "down": "1"}}, "v"),
    "a view over a dropped table": (
        "CREATE TABLE t (id int, a int); CREATE VIEW v AS SELECT a FROM t", {"drop_table": {"name": "t"}}, "v"),
    "extended statistics": ("CREATE TABLE t (id int, a int); CREATE STATISTICS s ON id, a FROM t", ALTER_A, "s"),
    "a policy that reads the column": (
        "CREATE TABLE t (id int, a int); CREATE POLICY p ON t USING (a > 0)", ALTER_A, "p"),
    "a function bound to the column": (
        "CREATE TABLE t (id int, a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql"
        " BEGIN ATOMIC SELECT max(a) FROM t; END",
        ALTER_A, "f"),
    "a generated column that reads it": (
        "CREATE TABLE t (id int, a int, g int GENERATED ALWAYS AS (a + 1) STORED)", ALTER_A, "g"),
    "inheritance children": ("CREATE TABLE t (id int, a int); CREATE TABLE child () INHERITS (t)", ALTER_A, "inherit"),
    "an identity column given other values": (
        "CREATE TABLE t (id int, a int GENERATED BY DEFAULT AS IDENTITY)",
        {"alter_column": {"table": "t", "column": "a", "type": "bigint", "up": "a + 1", "down": "a - 1"}}, "identity"),
    "a NOT NULL column dropped with neither default nor down": (
        "CREATE TABLE t (id int, a int NOT NULL)", {"drop_column": {"table": "t", "column": "a"}}, "down"),
    "an index predicate that does not fit the new type": (
        "CREATE TABLE t (id int, a int); CREATE INDEX i ON t (id) WHERE a > 3",
        {"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}}, "i"),
    "a foreign key with SET DEFAULT on the column": (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int, a int REFERENCES p ON DELETE SET DEFAULT)",
        ALTER_A, "SET DEFAULT"),
    "a foreign key with SET NULL where up may not map NULL to NULL": (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int, a int REFERENCES p ON DELETE SET NULL)",
        {"alter_column": {"table": "t", "column": "a", "type": "int", "up": "coalesce(a, 0)", "down": "a"}}, "SET NULL"),
    "a type that no longer fits the foreign key": (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int, a int REFERENCES p)",
        {"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}},
        'constraint "t_a_fkey" cannot be implemented; Key columns "a" and "id" are of incompatible types'),
    "a replica identity index over the column": (
        "CREATE TABLE t (id int, a int NOT NULL); CREATE UNIQUE INDEX i ON t (a);"
        "ALTER TABLE t REPLICA IDENTITY USING INDEX i", ALTER_A, "replica identity"),
    "a column that has the marker's name": ("CREATE TABLE t (id int, a int, _m int)", ALTER_A, "_m"),
    "a rewrite rule": (
        "CREATE TABLE t (id int, a int); CREATE RULE r AS ON UPDATE TO t DO ALSO NOTHING", ALTER_A, "rule"),
}

IDENTIFIED = ("CREATE TABLE t (id int, a int NOT NULL); CREATE UNIQUE INDEX i ON t (a);"
              "ALTER TABLE t REPLICA IDENTITY USING INDEX i")
NAMED = "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int, a varchar(50) DEFAULT 'u'::regclass::oid::text)"
OBJECTS |= {
    "NOT NULL of a replica identity": (
        IDENTIFIED, {"alter_column": {"table": "t", "column": "a", "nullable": True}}, "replica identity"),
    "NOT NULL for a generated column": (
        "CREATE TABLE t (id int, a int GENERATED ALWAYS AS (1) STORED)",
        {"alter_column": {"table": "t", "column": "a", "nullable": False}}, "generated"),
    "a check on a typed table": (
        "CREATE TYPE ty AS (id int, a int); CREATE TABLE t OF ty",
        {"alter_column": {"table": "t", "column": "a", "nullable": False, "up": "coalesce(a, 0)"}}, "NOT OF"),
    "a default that names a table renamed along": (
        NAMED, [{"rename_table": {"from": "u", "to": "w"}}, {"alter_column": {"table": "t", "column": "a", "type": "text"}}],
        "the default of t.a names table public.u"),
    "a default of another schema by the sequence of a dropped table": (
        "CREATE TABLE t (id serial); CREATE SCHEMA o; CREATE TABLE o.k (id int DEFAULT nextval('public.t_id_seq'))",
        {"drop_table": {"name": "t"}}, "default value for column id of table o.k depends on sequence public.t_id_seq"),
    "an index that names a dropped table": (
        "CREATE TABLE t (id int); CREATE TABLE x (v int); CREATE INDEX named ON x ((v + 't'::regclass::oid::int))",
        {"drop_table": {"name": "t"}}, "named"),
    "a column of a pseudo-type": ("CREATE TABLE t (id int)", add({"name": "z", "type": "unknown", "nullable": True}), "pseudo-type"),
}

SERIAL = "CREATE TABLE u (id serial, k int); CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('u_id_seq'), c int);"
NO_DEFAULT = {"alter_column": {"table": "t", "column": "id", "default": None}}
OBJECTS |= {
    "a default by the sequence of a dropped table": (
        SERIAL, {"drop_table": {"name": "u"}}, "default of t.id uses sequence public.u_id_seq, which goes with table u"),
    "a default by the sequence of a dropped column": (
        SERIAL, {"drop_column": {"table": "u", "column": "id", "down": "0"}}, "which goes with column u.id"),
    "a default by the sequence of an identity": (
        SERIAL.replace("serial", "int GENERATED BY DEFAULT AS IDENTITY"), {"drop_table": {"name": "u"}}, "default of t.id uses"),
}

ROWS = "CREATE TABLE kind (id int PRIMARY KEY, k text); CREATE TABLE t (id int PRIMARY KEY, a kind, b kind[]);"
HAS_ROWS = "column public.t.a has its row type"
OBJECTS |= {
    "a column of the row type of a renamed table": (ROWS, {"rename_table": {"from": "kind", "to": "sort"}}, HAS_ROWS),
    "a column of the row type of a changed table": (
        ROWS, {"alter_column": {"table": "kind", "column": "k", "type": "varchar(9)"}}, HAS_ROWS),
    "a column of the row type of a table with a new default": (
        ROWS, {"add_column": {"table": "kind", "column": {"name": "n", "type": "int", "default": "5"}}}, HAS_ROWS),
}

OWNED = "CREATE TABLE u (id serial, k int); CREATE TABLE t (id int PRIMARY KEY, c int);"
OF_TYPE = "CREATE TYPE ty AS (a int, b text); CREATE TABLE t OF ty (PRIMARY KEY (a));"
OBJECTS |= {
    "a renamed column of a typed table": (OF_TYPE, {"rename_column": {"table": "t", "from": "b", "to": "c"}}, "NOT OF"),
    "a dropped column of a typed table": (OF_TYPE, {"drop_column": {"table": "t", "column": "b"}}, "NOT OF"),
    "a translated column of a typed table": (
        OF_TYPE, {"alter_column": {"table": "t", "column": "b", "type": "varchar(9)"}}, "NOT OF"),
    "a translation that names the row type of a dropped table": (
        OWNED, [{"drop_table": {"name": "u"}}, add({"name": "n"}, up="coalesce((NULL::u).k, c)")], "names public.u"),
    "a rule that names a sequence that goes": (OWNED, [{"drop_table": {"name": "u"}}, {"alter_column": {
        "table": "t", "column": "c", "check": {"name": "k", "constraint": "c::text <> 'u_id_seq'::regclass::text"}}}], "public.u_id_seq"),
}

DOCUMENTS = {
    "name": '{"name": "other", "operations": [{"drop_table": {"name": "t"}}]}',
    "version_schema": '{"version_schema": "other", "operations": [{"drop_table": {"name": "t"}}]}',
}


def refused(cli, unchanged, operation, word):
    unchanged.mark()
    operations = operation if isinstance(operation, list) else [operation]
    result = cli.start("new", operations, expect=MIGRATION)
    assert word.lower() in result.err.lower(), result.err
    cli.plan("new", operations, expect=MIGRATION)
    unchanged.check()


@pytest.mark.parametrize("what", REFUSED)
def test_operation_or_key_of_a_later_release(db, cli, unchanged, what):
    db.tables(TABLES)
    refused(cli, unchanged, *REFUSED[what])


@pytest.mark.parametrize("what", OBJECTS)
def test_object_in_the_way(db, cli, unchanged, what):
    tables, operation, word = OBJECTS[what]
    db.tables(tables)
    refused(cli, unchanged, operation, word)


@pytest.mark.parametrize("key", DOCUMENTS)
def test_document_key_of_a_later_release(db, cli, unchanged, key):
    db.tables(TABLES)
    unchanged.mark()
    result = cli.start(cli.file("new.json", DOCUMENTS[key]), None, expect=MIGRATION)
    assert key in result.err
    unchanged.check()


def test_sql_beside_other_operations_unless_on_complete(db, cli, unchanged):
    db.tables(TABLES)
    unchanged.mark()
    sql = {"sql": {"up": "CREATE TABLE extra (a int)"}}
    assert "sql" in cli.start("new", [sql, add({"name": "z"})], expect=MIGRATION).err
    unchanged.check()
    cli.start("new", [add({"name": "z"}), {"sql": {"up": "CREATE TABLE extra (a int)", "onComplete": True}}])
    cli.complete()
    assert db.columns("base", "extra") == ["a"]


FUNCTION = ("CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN (SELECT sum(a) FROM public.t); END $$")


def test_functions_that_name_an_affected_column_need_to_be_accepted(db, cli, unchanged):
    db.tables(TABLES)
    db.execute(FUNCTION)
    unchanged.mark()
    result = cli.start("new", [ALTER_A], expect=MIGRATION)
    assert "total" in result.err and "--accept-functions" in result.err
    unchanged.check()
    cli.start("new", [ALTER_A], "--accept-functions")
    cli.complete()
    assert db.value("SELECT total()") == 5


def test_dependents_of_untouched_columns_are_not_in_the_way(db, cli):
    db.tables("CREATE TABLE t (id int, a int, b int); CREATE VIEW v AS SELECT b FROM t; INSERT INTO t VALUES (1, 2, 3)")
    cli.start("new", [ALTER_A])
    cli.complete()
    assert db.execute("SELECT b FROM v") == [(3,)]


@pytest.mark.parametrize("owner", [{"drop_table": {"name": "u"}}, {"drop_column": {"table": "u", "column": "id", "down": "0"}}],
                         ids=["with its table", "with its column"])
def test_a_sequence_goes_once_nothing_counts_by_it(db, cli, unchanged, owner):
    db.tables(SERIAL + "INSERT INTO t (c) VALUES (1)")
    cli.start("new", [NO_DEFAULT])
    cli.start("newer", [owner])
    cli.complete("--all")
    assert db.rows("base", "SELECT id, c FROM t") == [(1, 1)]
    assert db.value("SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace") == 0


@pytest.mark.parametrize("completed", [True, False], ids=["completed", "in flight"])
def test_the_defaults_of_our_own_views_do_not_hold_a_sequence(db, cli, unchanged, completed):
    db.tables("CREATE TABLE t (id int)")
    cli.start("new", [{"create_table": {"name": "u", "columns": [{"name": "id", "type": "serial", "pk": True}]}}])
    if completed:
        cli.complete()
    cli.start("newer", [{"drop_table": {"name": "u"}}])
    assert db.execute("INSERT INTO public_new.u DEFAULT VALUES RETURNING id") == [(1,)]
    cli.complete("--all")
    assert db.value("SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace") == 0


def test_a_sequence_that_a_twin_takes_over_or_nobody_owns_may_be_used(db, cli):
    db.tables(SERIAL)
    cli.start("new", [{"alter_column": {"table": "u", "column": "id", "type": "bigint"}}])
    cli.complete()
    db.execute("INSERT INTO public.t (c) VALUES (2)")
    db.execute("ALTER SEQUENCE public.u_id_seq OWNED BY NONE")
    cli.start("newer", [{"drop_table": {"name": "u"}}])
    cli.complete()
    db.execute("INSERT INTO public.t (c) VALUES (3)")
    assert db.rows("base", "SELECT id, c FROM t ORDER BY id") == [(1, 2), (2, 3)]


def test_what_leaves_a_row_type_as_it_is_may_be_done(db, cli):
    db.tables(ROWS + "INSERT INTO kind VALUES (1, 'x'); INSERT INTO t SELECT 1, kind, ARRAY[kind] FROM kind")
    cli.start("new", [add({"name": "n"}, table="kind"), {"create_index": {"table": "kind", "name": "by_k", "columns": ["k"]}},
                      {"alter_column": {"table": "t", "column": "a", "type": "text"}}])
    cli.complete()
    assert db.rows("base", "SELECT a, (b[1]).k FROM t") == [("(1,x,)", "x")]


@pytest.mark.parametrize("text", ["(SELECT count(*)::text FROM (TABLE kept) x)", "(SELECT max(kept.a)::text FROM ONLY (kept))"])
def test_a_read_that_cannot_be_renamed_is_shown_as_it_was_asked(db, cli, text):
    db.tables(TABLES)
    cli.start("new", [{"rename_table": {"from": "t", "to": "kept"}}])
    refused = cli.start("newer", [add({"name": "z", "type": "text"}, table="kept", up=text)], expect=MIGRATION).err
    assert "as FROM name AS alias" in refused


@pytest.mark.parametrize("owner", [{"drop_table": {"name": "u"}}, {"drop_column": {"table": "u", "column": "id", "down": "0"}}],
                         ids=["with its table", "with its column"])
@pytest.mark.parametrize("use", [
    add({"name": "n"}, up="nextval('u_id_seq')::int"), add({"name": "n", "default": "nextval('u_id_seq')"}),
    {"alter_column": {"table": "t", "column": "c", "default": "nextval('u_id_seq')"}},
    {"create_table": {"name": "w", "columns": [{"name": "id", "type": "bigint", "default": "nextval('u_id_seq')"}]}}],
    ids=["translation", "default of a new column", "default", "default of a new table"])
def test_what_goes_with_an_older_version_is_not_used_by_a_newer_one(db, cli, unchanged, owner, use):
    db.tables(OWNED + "INSERT INTO t VALUES (1, 2)")
    cli.start("new", [owner])
    unchanged.mark()
    assert "public.u_id_seq, which goes with" in cli.start("newer", [use], expect=MIGRATION).err
    unchanged.check()


def test_rows_of_a_table_in_views_and_other_schemas_do_not_hold_its_name(db, cli):
    db.tables(ROWS + "CREATE VIEW whole AS SELECT kind FROM kind; DROP TABLE t")
    db.execute("CREATE SCHEMA audit; CREATE TABLE audit.log (r public.kind)")
    cli.start("new", [{"rename_table": {"from": "kind", "to": "sort"}}])
    cli.complete()
    db.execute("DROP TABLE audit.log")
    cli.start("newer", [add({"name": "n", "default": "5"}, table="sort")])
    cli.complete()
    assert db.columns("base", "sort") == ["id", "k", "n"]
