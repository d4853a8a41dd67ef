"""Each operation as the two apps see it while it is in flight."""
import psycopg2
import pytest

from rig.cli import DATA, DONE, KILLED

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, a int, b text DEFAULT 'd');
INSERT INTO t VALUES (1, 5, 'x');
CREATE INDEX t_b ON t (b);
"""


def test_a_created_table_is_the_new_versions_alone(flight, cli):
    db = flight(TABLES, [{"create_table": {"name": "n", "columns": [
        {"name": "id", "type": "serial", "pk": True}, {"name": "x", "type": "int", "default": "3"}]}}])
    assert db.execute("INSERT INTO public_new.n DEFAULT VALUES RETURNING id, x") == [(1, 3)]
    with pytest.raises(psycopg2.errors.UndefinedTable):
        db.execute("SELECT * FROM public_baseline.n")
    cli.complete()
    assert db.execute("SELECT * FROM public.n") == [(1, 3)]


def test_a_dropped_table_is_hidden_from_the_new_version_and_stays_until_completion(flight, cli):
    db = flight(TABLES + "CREATE TABLE gone (a int)", [{"drop_table": {"name": "gone"}}])
    db.write("baseline", "INSERT INTO gone VALUES (1)")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        db.rows("new", "SELECT * FROM gone")
    cli.complete()
    assert db.value("SELECT to_regclass('public.gone')::text") is None


def test_a_renamed_table_has_each_name_in_its_version(flight):
    db = flight(TABLES, [{"rename_table": {"from": "t", "to": "u"}}])
    db.write("new", "INSERT INTO u VALUES (2, 6, 'y')")
    assert db.rows("baseline", "SELECT * FROM t WHERE id = 2") == [(2, 6, "y")]
    with pytest.raises(psycopg2.errors.UndefinedTable):
        db.rows("new", "SELECT * FROM t")


def test_a_column_added_with_a_constant_needs_no_backfill(db, cli):
    db.tables(TABLES)
    plan = cli.plan("new", [{"add_column": {"table": "t", "column": {"name": "n", "type": "int", "default": "3"}}}],
                    "--json").json
    assert not [s for s in plan["steps"] if s["kind"] == "backfill" or s["rewrites"]]
    cli.run("start", "new.json")
    assert db.rows("new", "SELECT n FROM t") == [(3,)]
    db.write("baseline", "INSERT INTO t VALUES (2, 6, 'y')")
    assert db.rows("new", "SELECT n FROM t WHERE id = 2") == [(3,)]


def test_a_volatile_default_is_evaluated_once_per_row(flight):
    db = flight(TABLES + "INSERT INTO t SELECT g FROM generate_series(2, 50) g",
                [{"add_column": {"table": "t", 
                                  "column": {"name": "u", "type": "uuid", "default": "gen_random_uuid()"}}}])
    assert db.rows("new", "SELECT count(DISTINCT u), count(u) FROM t") == [(50, 50)]
    before = db.rows("new", "SELECT u FROM t WHERE id = 1")
    db.write("baseline", "UPDATE t SET a = 99 WHERE id = 1")
    assert db.rows("new", "SELECT u FROM t WHERE id = 1") == before
    db.write("baseline", "INSERT INTO t VALUES (100)")
    assert db.rows("new", "SELECT count(u) FROM t WHERE id = 100") == [(1,)]


def test_an_added_serial_numbers_all_rows_and_those_of_both_apps(flight):
    db = flight(TABLES + "INSERT INTO t SELECT g FROM generate_series(2, 20) g",
                [{"add_column": {"table": "t", "column": {"name": "n", "type": "serial"}}}])
    db.grant()
    db.write("baseline", "INSERT INTO t VALUES (100)")
    db.write("new", "INSERT INTO t (id) VALUES (101)")
    assert db.rows("new", "SELECT count(DISTINCT n) FROM t") == [(22,)]


def test_up_sees_the_other_columns_of_its_row(flight):
    db = flight(TABLES, [{"add_column": {"table": "t", "up": "b || a", "column": {"name": "n", "type": "text"}}}])
    assert db.rows("new", "SELECT n FROM t") == [("x5",)]
    db.write("baseline", "UPDATE t SET a = 6")
    assert db.rows("new", "SELECT n FROM t") == [("x6",)]


def test_a_dropped_column_is_filled_by_down_for_the_old_app(flight):
    db = flight(TABLES, [{"drop_column": {"table": "t", "column": "a", "down": "length(b)"}}])
    db.write("new", "INSERT INTO t VALUES (2, 'four')")
    assert db.rows("baseline", "SELECT a FROM t WHERE id = 2") == [(4,)]
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        db.rows("new", "SELECT a FROM t")


def test_a_dropped_column_without_down_takes_its_default_for_the_old_app(flight):
    db = flight(TABLES, [{"drop_column": {"table": "t", "column": "b"}}])
    db.write("new", "INSERT INTO t VALUES (2, 7)")
    assert db.rows("baseline", "SELECT b FROM t WHERE id = 2") == [("d",)]


def test_each_version_has_its_own_default_and_comment(flight):
    db = flight(TABLES, [{"alter_column": {"table": "t", "column": "b", "default": "'new'", "comment": "newer"}}])
    db.write("baseline", "INSERT INTO t (id) VALUES (2)")
    db.write("new", "INSERT INTO t (id) VALUES (3)")
    assert db.rows("base", "SELECT b FROM t WHERE id > 1 ORDER BY id") == [("d",), ("new",)]
    comment = "SELECT col_description('public_{}.t'::regclass, 3)"
    assert [db.value(comment.format(v)) for v in ("baseline", "new")] == [None, "newer"]


def test_a_version_without_a_default_inserts_null_where_the_old_one_has_one(flight):
    db = flight(TABLES, [{"alter_column": {"table": "t", "column": "b", "default": None}}])
    db.write("new", "INSERT INTO t (id) VALUES (2)")
    db.write("baseline", "INSERT INTO t (id) VALUES (3)")
    assert db.rows("new", "SELECT b FROM t WHERE id > 1 ORDER BY id") == [(None,), ("d",)]


def test_an_index_is_built_on_the_column_of_the_new_shape(flight):
    db = flight(TABLES, [
        {"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}},
        {"create_index": {"table": "t", "name": "t_a", "columns": ["a"], "predicate": "a > '3'"}}])
    assert db.value("SELECT count(*) FROM pg_index WHERE indrelid = 'public.t'::regclass AND indisvalid") == 3


def test_a_dropped_index_goes_at_completion(flight, cli):
    db = flight(TABLES, [{"drop_index": {"name": "t_b"}}])
    assert db.value("SELECT count(*) FROM pg_indexes WHERE indexname = 't_b'") == 1
    cli.complete()
    assert db.value("SELECT count(*) FROM pg_indexes WHERE indexname = 't_b'") == 0


def test_a_unique_index_lets_both_versions_upsert(flight):
    db = flight(TABLES, [{"create_index": {"table": "t", "name": "t_a", "columns": ["a"], "unique": True}}])
    for version in ("baseline", "new"):
        db.write(version, "INSERT INTO t VALUES (9, 5, 'up') ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b")
    assert db.rows("base", "SELECT id, b FROM t") == [(1, "up")]


def test_an_index_of_every_method_can_be_created(flight):
    db = flight(TABLES + "ALTER TABLE t ADD p point, ADD v tsvector", [
        {"create_index": {"table": "t", "name": f"t_{method}", "method": method, "columns": [column]}}
        for method, column in [("btree", "a"), ("hash", "b"), ("gist", "p"), ("spgist", "p"),
                               ("gin", "v"), ("brin", "a")]])
    made = {m for (m,) in db.execute("SELECT a.amname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                                     " JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = 'public.t'::regclass")}
    assert made == {"btree", "hash", "gist", "spgist", "gin", "brin"}


def test_sql_is_seen_by_the_new_version_and_undone_by_its_down(flight, cli):
    db = flight(TABLES, [{"sql": {"up": "CREATE TABLE n (a int)", "down": "DROP TABLE n"}}])
    assert db.columns("new", "n") == ["a"]
    cli.rollback()
    assert db.value("SELECT to_regclass('public.n')::text") is None


def test_sql_keeps_the_order_of_columns_that_a_completion_moved(db, cli):
    db.tables("CREATE TABLE t (id int PRIMARY KEY, a int, b text); INSERT INTO t VALUES (1, 5, 'x')")
    cli.start("wide", [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}}])
    cli.complete()
    assert db.columns("base", "t") == ["id", "b", "a"]
    cli.start("new", [{"sql": {"up": "ALTER TABLE t ADD c int", "down": "ALTER TABLE t DROP c"}}])
    assert db.columns("wide", "t") == ["id", "a", "b"]
    assert db.columns("new", "t") == ["id", "a", "b", "c"]


def test_sql_that_postgresql_refuses_leaves_nothing(db, cli, unchanged):
    db.tables(TABLES)
    unchanged.mark()
    result = cli.start("new", [{"sql": {"up": "CREATE TABLE n (a int); CREATE TABLE t (a int)", "down": "SELECT 1"}}],
                       expect=None)
    assert result.exit in (3, DATA) and "already exists" in result.err, repr(result)
    unchanged.check(schemas=False)
    assert "public_new" not in db.schemas()


def test_sql_on_complete_runs_as_the_last_unit(flight, cli):
    db = flight(TABLES, [{"rename_column": {"table": "t", "from": "a", "to": "z"}},
                         {"sql": {"up": "CREATE TABLE n AS SELECT z FROM t", "onComplete": True}}])
    assert db.value("SELECT to_regclass('public.n')::text") is None
    cli.complete()
    assert db.execute("SELECT z FROM n") == [(5,)]


def test_a_version_shows_what_its_on_complete_sql_left(flight, cli):
    db = flight(TABLES + "CREATE TABLE parent (x int)", [
        {"alter_column": {"table": "t", "column": "b", "type": "varchar(9)", "up": "left(b, 9)", "down": "b"}},
        {"sql": {"onComplete": True, "up": """
            CREATE TABLE n (id serial, x text DEFAULT 'new');
            ALTER TABLE t ADD extra int DEFAULT 7, ALTER a SET DEFAULT 3;
            COMMENT ON COLUMN t.a IS 'the a';
            ALTER TABLE parent RENAME TO elders"""}}])
    db.execute("CREATE VIEW reader AS SELECT b FROM public_new.t")
    cli.complete()
    db.execute("INSERT INTO public_new.n DEFAULT VALUES")
    assert db.execute("SELECT id, x FROM public_new.n") == [(1, "new")]
    db.execute("INSERT INTO public_new.t (id, b) VALUES (2, 'y')")
    assert db.execute("SELECT a, b, extra FROM public_new.t WHERE b = 'y'") == [(3, "y", 7)]
    assert db.value("SELECT col_description('public_new.t'::regclass, 2)") == "the a"
    assert db.value("SELECT to_regclass('public_new.elders')::text || coalesce(to_regclass('public_new.parent')::text,"
                    " '')") == "public_new.elders"
    db.execute("DROP VIEW reader")
    cli.start("next", [{"rename_column": {"table": "t", "from": "extra", "to": "more"}}])
    cli.complete()
    assert db.execute("SELECT more FROM public_next.t WHERE b = 'y'") == [(7,)]


def test_a_kill_after_on_complete_sql_still_shows_what_it_left(flight, cli):
    db = flight(TABLES, [{"sql": {"onComplete": True, "up": "CREATE TABLE n (a int); ALTER TABLE t ADD extra int"}}])
    runs = [cli.complete("--kill-after-step", step, expect=None).exit for step in range(1, 9)]
    assert runs[0] == KILLED and runs[-1] == DONE
    assert db.execute("SELECT count(*) FROM public_new.n") == [(0,)]
    assert db.execute("SELECT count(extra) FROM public_new.t") == [(0,)]
    assert cli.status()["unfinished"] is None


def test_the_old_map_form_of_index_columns_is_read(flight):
    db = flight(TABLES, [{"create_index": {"table": "t", "name": "m", "columns": {"b": {"sort": "DESC"}, "a": {}}}}])
    assert "(b DESC, a)" in db.value("SELECT indexdef FROM pg_indexes WHERE indexname = 'm'")
