"""An identity column changes its type: one sequence numbers the rows of every version, before and after."""
import threading

import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.cli import MIGRATION, STATE
from rig.waitwatch import WaitWatch

KINDS = ("BY DEFAULT", "ALWAYS")
TABLE = """
CREATE TABLE t (a text, id int GENERATED {} AS IDENTITY (START 10 INCREMENT 5 CACHE 3 CYCLE) PRIMARY KEY);
COMMENT ON SEQUENCE t_id_seq IS 'the numbers';
INSERT INTO t (a) SELECT 'x' FROM generate_series(1, 100);
"""
WIDEN = [{"alter_column": {"table": "t", "column": "id", "type": "bigint"}}]
INSERT = "INSERT INTO t (a) VALUES ('x') RETURNING id"


def options(db):
    return db.execute("SELECT seqtypid::regtype::text, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,"
                      " relacl::text, obj_description(seqrelid, 'pg_class') FROM pg_sequence JOIN pg_class ON oid = seqrelid"
                      " WHERE oid = 'public.t_id_seq'::regclass")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("range", ["", " MINVALUE 5 MAXVALUE 2000000"])
def test_the_sequence_comes_out_as_a_plain_alter_leaves_it(db, cli, kind, range):
    tables = TABLE.format(kind).replace("START", range + " START") + (
        "GRANT USAGE ON SEQUENCE t_id_seq TO app WITH GRANT OPTION; GRANT SELECT ON SEQUENCE t_id_seq TO PUBLIC;")
    db.execute(f"SET search_path = public; {tables}")
    before = fingerprint(db)
    cli.start("new", WIDEN)
    cli.rollback()
    assert fingerprint(db) == before
    cli.start("new", WIDEN)
    cli.complete()
    completed, sequence = fingerprint(db), options(db)
    drawn = db.value("SELECT nextval('public.t_id_seq')")
    with db.connect(role="postgres").cursor() as cursor:
        cursor.execute("DROP SCHEMA public_new CASCADE; DROP TABLE public.t")
    db.execute(f"SET search_path = public; {tables}; ALTER TABLE t ALTER id TYPE bigint")
    assert (completed, sequence) == (fingerprint(db), options(db))
    assert drawn >= 510


@pytest.mark.parametrize("kind", KINDS)
def test_every_version_draws_from_one_sequence_while_versions_come_and_go(db, cli, kind):
    db.execute(f"SET search_path = public; {TABLE.format(kind)}")
    db.execute("GRANT SELECT, INSERT ON public.t TO app; GRANT USAGE ON SCHEMA public TO app")  # not on the sequence
    cli.run("baseline", "old")
    drawn, failures, ending = [], [], {"old": threading.Event(), "new": threading.Event()}

    def write(version):
        session = db.connect(f"public_{version}", role="app")
        with session.cursor() as cursor:
            while not ending[version].is_set():
                try:
                    cursor.execute(INSERT)
                    drawn.append(cursor.fetchone()[0])
                except psycopg2.Error as error:
                    failures.append(error)
                    return

    def run(version):
        thread = threading.Thread(target=write, args=(version,))
        thread.start()
        return thread

    with WaitWatch(db):
        old = run("old")
        cli.start("new", WIDEN)
        new = run("new")
        threading.Event().wait(1)
        ending["old"].set()
        old.join()
        cli.complete()
        threading.Event().wait(0.5)
        ending["new"].set()
        new.join()
    assert failures == []
    assert len(drawn) == len(set(drawn)) > 200
    assert db.rows("new", "SELECT count(*) FROM t") == [(len(drawn) + 100,)]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_a_writer_gives_stand_in_both_shapes(db, cli, kind):
    db.tables(TABLE.format(kind))
    cli.start("new", WIDEN)
    overriding = "" if kind == "BY DEFAULT" else "OVERRIDING SYSTEM VALUE"
    db.write("baseline", f"INSERT INTO t (id, a) {overriding} VALUES (1, 'old')")
    db.write("new", "INSERT INTO t (id, a) VALUES (2, 'new'), (DEFAULT, 'drawn')")
    assert db.rows("baseline", "SELECT id, a FROM t WHERE a <> 'x'") == db.rows("new", "SELECT id, a FROM t WHERE a <> 'x'")
    assert db.rows("new", "SELECT id FROM t WHERE a IN ('old', 'new')") == [(1,), (2,)]
    db.write("new", "UPDATE t SET id = 3 WHERE id = 2")
    assert db.rows("baseline", "SELECT a FROM t WHERE id = 3") == [("new",)]
    with pytest.raises(psycopg2.errors.NumericValueOutOfRange):
        db.write("new", "INSERT INTO t (id, a) VALUES (3000000000, 'too large for the old shape')")


def test_versions_stacked_on_a_changed_identity_number_their_rows_too(db, cli):
    db.tables(TABLE.format("BY DEFAULT").replace("CACHE 3", "CACHE 1"))
    cli.start("wide", WIDEN)
    cli.start("named", [{"rename_column": {"table": "t", "from": "id", "to": "number"}},
                        {"alter_column": {"table": "t", "column": "a", "type": "varchar(9)"}}])
    cli.start("small", [{"alter_column": {"table": "t", "column": "number", "type": "integer"}}])
    cli.start("without", [{"drop_column": {"table": "t", "column": "number"}}])
    expected = 510
    for version in ("without", "small", "named", "wide", "baseline"):
        db.write(version, "INSERT INTO t (a) VALUES ('y')")
        for shown, column in (("small", "number"), ("named", "number"), ("wide", "id"), ("baseline", "id")):
            assert db.rows(shown, f"SELECT max({column}) FROM t") == [(expected,)]
        expected += 5
    cli.run("rollback", "without")
    for gone, left in (("baseline", ("wide", "named", "small")), ("wide", ("named", "small")), ("named", ("small",))):
        cli.complete(gone)
        for version in left:
            column = "id" if version == "wide" else "number"
            assert db.rows(version, INSERT.replace("RETURNING id", f"RETURNING {column}")) == [(expected,)]
            expected += 5
    assert db.execute("SELECT a.attname, format_type(a.atttypid, NULL), a.attidentity, seqtypid::regtype::text"
                      " FROM pg_attribute a JOIN pg_depend d ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum"
                      " JOIN pg_sequence ON seqrelid = d.objid WHERE a.attrelid = 'public.t'::regclass"
                      ) == [("number", "integer", "d", "integer")]


def test_users_triggers_see_the_number_of_a_row_that_a_newer_version_inserts(db, cli):
    db.tables(TABLE.format("ALWAYS") + """
        CREATE FUNCTION sees() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := 'row ' || NEW.id; RETURN NEW; END $$;
        CREATE TRIGGER sees BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION sees();""")
    cli.start("new", WIDEN, "--accept-functions")
    ((number, text),) = db.rows("new", INSERT + ", a")
    assert text == f"row {number}" and number >= 510
    cli.complete()
    ((number, text),) = db.rows("new", INSERT + ", a")
    assert text == f"row {number}"


@pytest.mark.parametrize("keys, said", [
    ({"type": "numeric"}, "cannot be of type numeric"),
    ({"type": "bigint", "up": "id * 10", "down": "(id / 10)::int"}, "not its values"),
    ({"type": "int", "up": "id + 1", "down": "id - 1"}, "not its values"),
])
def test_other_types_and_other_values_are_refused(db, cli, unchanged, keys, said):
    db.tables(TABLE.format("BY DEFAULT"))
    unchanged.mark()
    error = cli.start("new", [{"alter_column": {"table": "t", "column": "id", **keys}}], expect=MIGRATION).err
    assert said in error
    unchanged.check()


def test_an_identity_that_is_dropped_by_hand_in_flight_stays_dropped(db, cli):
    db.tables(TABLE.format("BY DEFAULT"))
    cli.start("new", WIDEN)
    db.execute("ALTER TABLE public.t ALTER id DROP IDENTITY")
    cli.complete()
    assert db.value("SELECT attidentity FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attname = 'id'") == ""


def test_what_draws_from_the_sequence_by_hand_is_named_before_the_completion_begins(db, cli):
    db.tables(TABLE.format("BY DEFAULT"))
    cli.start("new", WIDEN)
    db.execute("CREATE TABLE public.other (n int DEFAULT nextval('public.t_id_seq'))")
    before = fingerprint(db)
    error = cli.complete(expect=STATE).err
    assert "other" in error and "t_id_seq" in error
    assert fingerprint(db) == before
    db.execute("ALTER TABLE public.other ALTER n DROP DEFAULT")
    cli.complete()
