"""Only the given schema is touched; several base schemas live in one database (trap 33)."""
from rig.catalog import fingerprint
from rig.cli import Cli

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)"
OPERATIONS = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "'v' || a", "down": "length(a)"}}]


def shop_and_blog(db, tmp_path):
    clis = {}
    for schema in ("shop", "blog"):
        db.execute(f"CREATE SCHEMA {schema}")
        db.schema = schema
        db.tables(TABLE)
        clis[schema] = Cli(db, tmp_path)
    return clis["shop"], clis["blog"]


def test_two_base_schemas_migrate_independently(db, tmp_path, pgstrata):
    shop, blog = shop_and_blog(db, tmp_path)
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


def test_a_schema_in_the_way_of_a_version_is_named_and_left_alone(db, cli, unchanged):
    db.tables(TABLE)
    db.execute("CREATE SCHEMA public_new; CREATE TABLE public_new.mine (a int)")
    unchanged.mark()
    result = cli.start("new", OPERATIONS, expect=None)
    assert result.exit in (3, 4) and "public_new" in result.err
    unchanged.check()
