"""Only the given schema is touched; several base schemas live in one database (trap 33)."""
import pytest

from rig.catalog import fingerprint
from rig.cli import KILLED, STATE, Cli

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)"
OPERATIONS = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a", "down": "length(a)"}}]
ADDED = [{"add_column": {"table": "t", "column": {"name": "more", "type": "int", "nullable": True}}}]


def base_schemas(db, tmp_path, *names):
    clis = {}
    for schema in names:
        db.execute(f"CREATE SCHEMA {schema}")
        db.schema = schema
        db.tables(TABLE)
        clis[schema] = Cli(db, tmp_path)
    return clis.values()


def test_two_base_schemas_migrate_independently(db, tmp_path, pgstrata):
    shop, blog = base_schemas(db, tmp_path, "shop", "blog")
    before = fingerprint(db, "blog")
    shop.start("new", OPERATIONS)
    assert fingerprint(db, "blog") == before
    blog.start("new", OPERATIONS)
    assert {"shop_new", "blog_new", "pgstrata_shop", "pgstrata_blog"} <= db.schemas(support=True)
    db.write("new", "UPDATE t SET a = 'xyz'")
    assert db.execute("SELECT (SELECT a FROM shop.t), (SELECT a FROM blog.t)") == [(5, 3)]
    shop.complete()
    assert list(blog.versions().values())[-1] == "live"
    blog.rollback()
    assert fingerprint(db, "blog") == before
    assert db.execute("SELECT a FROM shop_new.t") == [("v5",)]


def test_tables_of_the_same_name_in_other_schemas_are_left_alone(db, cli):
    db.tables(TABLE)
    db.execute("CREATE SCHEMA other; CREATE TABLE other.t (id int PRIMARY KEY, a int);"
               " INSERT INTO other.t VALUES (1, 2)")
    before = fingerprint(db, "other")
    cli.start("new", OPERATIONS)
    cli.complete()
    assert fingerprint(db, "other") == before
    assert db.execute("SELECT a FROM other.t") == [(2,)]


def test_a_foreign_key_from_another_schema_does_not_break_the_table(db, cli):
    db.tables(TABLE)
    db.execute("CREATE SCHEMA other; CREATE TABLE other.child (t int REFERENCES public.t);"
               " INSERT INTO other.child VALUES (1)")
    before = fingerprint(db, "other")
    cli.start("new", OPERATIONS)
    cli.complete()
    assert fingerprint(db, "other") == before


def test_the_state_schema_may_have_another_name(db, tmp_path, pgstrata):
    db.tables(TABLE)
    cli = Cli(db, tmp_path, state_schema="migrations")
    cli.start("new", OPERATIONS)
    assert "migrations" in db.schemas() and "pgstrata" not in db.schemas()
    assert cli.versions()["new"] == "live"
    cli.rollback()


def test_two_state_schemas_know_nothing_of_each_other(db, tmp_path, pgstrata):
    db.tables(TABLE)
    one = Cli(db, tmp_path, state_schema="one")
    one.run("init")
    assert "two" not in db.schemas()
    two = Cli(db, tmp_path, state_schema="two")
    two.run("init")
    assert {"one", "two"} <= db.schemas()


def test_a_history_that_another_state_schema_keeps_is_named(db, tmp_path, pgstrata, unchanged):
    db.tables(TABLE)
    mine = Cli(db, tmp_path, state_schema="mine")
    mine.start("new", OPERATIONS)
    unchanged.mark()
    forgot = Cli(db, tmp_path)
    for command in (("baseline", "other"), ("start", forgot.file("other", ADDED)), ("plan", forgot.file("other", ADDED)),
                    ("migrate", tmp_path), ("complete",), ("rollback", "new")):
        assert "--state-schema mine" in forgot.run(*command, expect=STATE).err
    unchanged.check()
    assert "pgstrata" not in db.schemas(), "no empty state schema is left"
    mine.complete()
    mine.start("other", ADDED)


@pytest.mark.parametrize("command", ["complete", "rollback", "complete --all", "rollback --to new"])
def test_what_needs_a_history_makes_no_state_schema(db, cli, command):
    db.tables(TABLE)
    assert "has no versions" in cli.run(*command.split(), expect=STATE).err
    assert "pgstrata" not in db.schemas()


@pytest.mark.parametrize("schema", ["pg_catalog", "information_schema", "pgstrata", "pgstrata_public", "public_new"])
def test_a_schema_of_postgresql_or_of_ours_is_no_base_schema(db, cli, tmp_path, pgstrata, unchanged, schema):
    db.tables(TABLE)
    cli.start("new", OPERATIONS)
    unchanged.mark()
    error = Cli(db, tmp_path, schema=schema).run("baseline", "q", expect=STATE).err
    assert f'"{schema}" is' in error and "own" in error
    unchanged.check()


@pytest.mark.parametrize("name", ["", "pg_state"])
def test_a_name_that_no_state_schema_can_have_is_a_wrong_command_line(db, tmp_path, pgstrata, name):
    error = Cli(db, tmp_path, options=["--state-schema", name]).run("init", expect=2).err
    assert "--state-schema" in error


def test_a_schema_in_the_way_of_a_version_is_named_and_left_alone(db, cli, unchanged):
    db.tables(TABLE)
    db.execute("CREATE SCHEMA public_new; CREATE TABLE public_new.mine (a int)")
    unchanged.mark()
    result = cli.start("new", OPERATIONS, expect=None)
    assert result.exit in (3, 4) and "public_new" in result.err
    unchanged.check()


LONG = "s" * 50


@pytest.mark.parametrize("one, two", [("app", "app_v2"), (LONG, f"{LONG}_v2")])
def test_base_schemas_whose_names_are_alike_do_not_meet(db, tmp_path, pgstrata, one, two):
    clis = base_schemas(db, tmp_path, two, one)
    before = {schema: fingerprint(db, schema) for schema in (one, two)}
    for cli in clis:
        cli.run("baseline", "v1")
        cli.start("new", OPERATIONS)
    for cli in clis:
        cli.rollback()
    assert {schema: fingerprint(db, schema) for schema in (one, two)} == before
    for cli in clis:
        cli.start("newer", OPERATIONS)
        cli.complete()
    assert [db.value(f"SELECT a FROM {schema}_newer.t") for schema in (one, two)] == ["v5", "v5"]


TAKEN = {
    "the support schema": "pgstrata_public",
    "where the new version is built": "_v2_pgstrata_public",
    "the baseline that start records": "public_baseline",
    "the new version": "public_new",
}


@pytest.mark.parametrize("what", TAKEN)
def test_every_schema_that_a_start_makes_is_looked_at_before_it(db, cli, unchanged, what):
    db.tables(TABLE)
    db.execute(f"CREATE SCHEMA {TAKEN[what]}; CREATE TABLE {TAKEN[what]}.mine (a int)")
    unchanged.mark()
    assert TAKEN[what] in cli.start("new", OPERATIONS, expect=STATE).err
    assert TAKEN[what] in cli.plan("new", OPERATIONS, expect=STATE).err
    unchanged.check()


@pytest.mark.parametrize("command, hidden", [("complete", "_v1_pgstrata_public"), ("rollback", "_v2_pgstrata_public")])
def test_a_schema_in_the_way_of_what_goes_is_named_and_left_alone(db, cli, unchanged, command, hidden):
    db.tables(TABLE)
    cli.start("new", OPERATIONS)
    db.execute(f"CREATE SCHEMA {hidden}; CREATE TABLE {hidden}.mine (a int)")
    unchanged.mark()
    assert hidden in cli.run(command, expect=STATE).err
    unchanged.check()
    db.execute(f"DROP SCHEMA {hidden} CASCADE")
    cli.run(command)


def test_versions_of_two_base_schemas_may_not_have_one_schema(db, tmp_path, pgstrata):
    app, app_new = base_schemas(db, tmp_path, "app", "app_new")
    app.start("new_1", OPERATIONS, "--kill-after-step", 1, expect=KILLED)
    assert "app_new_1" in app_new.start("1", OPERATIONS, expect=STATE).err
    app.start("new_1", OPERATIONS)
    assert "\"app\"" in app_new.start("1", OPERATIONS, expect=STATE).err


def test_what_an_older_release_hid_under_another_name_is_found(db, cli):
    db.tables(TABLE)
    before = fingerprint(db)
    cli.run("baseline", "v1")
    steps = cli.plan("v2", OPERATIONS, "--json").json["steps"]
    built = [s["command"] for s in steps].count("start") - 1
    cli.start("v2", OPERATIONS, "--kill-after-step", built, expect=KILLED)
    db.execute("ALTER SCHEMA _v2_pgstrata_public RENAME TO pgstrata_public_v2")
    cli.rollback()
    assert fingerprint(db) == before and not {s for s in db.schemas() if "v2" in s}
    cli.start("v3", OPERATIONS)
    cli.complete("--kill-after-step", 1, expect=KILLED)
    db.execute("ALTER SCHEMA _v1_pgstrata_public RENAME TO pgstrata_public_v1")
    cli.rollback()
    assert fingerprint(db) == before and db.rows("v1", "SELECT a FROM t") == [(5,)]
