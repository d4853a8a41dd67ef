"""App roles need what they hold on the tables, the engine needs to own them: nobody needs more (traps 30, 32)."""
import psycopg2
import pytest

from rig.cli import Cli

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, a int, secret text);
INSERT INTO t VALUES (1, 5, 's');
CREATE TABLE lookup (code int PRIMARY KEY, label text);
INSERT INTO lookup VALUES (5, 'five'), (6, 'six');
"""
TRANSLATED = [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "a::text", "down": "a::int"}},
              {"rename_column": {"table": "t", "from": "secret", "to": "hidden"}}]


@pytest.fixture
def poor(db):
    """Only a few column privileges for the app, and nothing on any schema but USAGE on the base."""
    db.execute("SET search_path = public; " + TABLES)
    db.execute("GRANT SELECT (id, a), INSERT (id, a), UPDATE (a) ON public.t TO app")
    return db


def test_column_privileges_hold_on_the_new_version_as_on_the_table(poor, cli):
    cli.start("new", TRANSLATED)
    poor.write("new", "INSERT INTO t (id, a) VALUES (2, '6')")
    poor.write("new", "UPDATE t SET a = '7' WHERE id = 1")
    assert poor.rows("new", "SELECT id, a FROM t ORDER BY id") == [(1, "7"), (2, "6")]
    poor.write("baseline", "INSERT INTO t (id, a) VALUES (3, 8)")
    poor.write("base", "UPDATE t SET a = 9 WHERE id = 3")
    assert poor.rows("baseline", "SELECT a FROM t WHERE id = 3") == [(9,)]
    for version, column in [("new", "hidden"), ("baseline", "secret"), ("base", "secret")]:
        for sql in (f"SELECT {column} FROM t", f"UPDATE t SET {column} = 'x'", "DELETE FROM t",
                    f"INSERT INTO t (id, {column}) VALUES (9, 'x')"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                poor.write(version, sql)


def test_an_app_role_holds_nothing_on_what_is_ours(poor, cli):
    cli.start("new", TRANSLATED)
    for table in ("versions", "runs", "steps"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            poor.execute(f"SELECT * FROM pgstrata.{table}", role="app")
    poor.write("new", "UPDATE t SET a = '7' WHERE id = 1")


def test_who_may_not_use_the_base_schema_may_not_use_its_versions(db, cli):
    db.execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stranger') THEN"
               " CREATE ROLE stranger LOGIN; END IF; END $$; REVOKE USAGE ON SCHEMA public FROM PUBLIC;"
               " GRANT USAGE ON SCHEMA public TO app", role="postgres")
    db.tables(TABLES)
    cli.start("new", TRANSLATED)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        db.execute("SELECT * FROM public_new.t", role="stranger")
    assert db.rows("new", "SELECT a FROM t") == [("5",)]


def test_default_privileges_of_the_owner_do_not_widen_a_version(db, cli):
    db.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT, DELETE ON TABLES TO app")
    db.execute("SET search_path = public; " + TABLES + "REVOKE ALL ON public.t FROM app;"
               "GRANT SELECT ON public.t TO app")
    cli.start("new", TRANSLATED)
    assert db.rows("new", "SELECT a FROM t") == [("5",)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        db.write("new", "DELETE FROM t")


NOT_THEIRS = """
SELECT 'schema ' || nspname FROM pg_namespace
WHERE nspname ~ '^(public_|pgstrata)' AND (has_schema_privilege('stranger', oid, 'CREATE')
  OR nspname <> 'pgstrata_public' AND has_schema_privilege('stranger', oid, 'USAGE'))
UNION ALL
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE nspname ~ '^(public_|pgstrata)' AND (CASE relkind WHEN 'S' THEN has_sequence_privilege('stranger', c.oid, 'USAGE, SELECT, UPDATE')
  ELSE relkind IN ('r', 'v') AND has_table_privilege('stranger', c.oid, 'SELECT, INSERT, UPDATE, DELETE') END)"""


def test_default_privileges_of_the_owner_open_nothing_of_ours(db, cli):
    db.execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stranger') THEN"
               " CREATE ROLE stranger LOGIN; END IF; END $$; REVOKE USAGE ON SCHEMA public FROM PUBLIC", role="postgres")
    db.execute(";".join(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {kind} TO stranger" for kind in ("TABLES", "SEQUENCES", "SCHEMAS")))
    db.execute("SET search_path = public; " + TABLES + "REVOKE ALL ON public.t, public.lookup FROM stranger")
    cli.start("new", TRANSLATED)
    assert db.execute(NOT_THEIRS) == []
    cli.complete()
    assert db.execute(NOT_THEIRS) == []


def test_a_translation_that_reads_another_table_works_for_a_writer_without_rights_on_it(poor, cli):
    cli.start("new", [{"alter_column": {
        "table": "t", "column": "a", "type": "text", "up": "(SELECT label FROM lookup WHERE code = a)",
        "down": "(SELECT code FROM lookup WHERE label = a)"}}])
    poor.write("baseline", "UPDATE t SET a = 6 WHERE id = 1")
    assert poor.rows("new", "SELECT a FROM t") == [("six",)]
    poor.write("new", "UPDATE t SET a = 'five' WHERE id = 1")
    assert poor.rows("baseline", "SELECT a FROM t") == [(5,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        poor.rows("base", "SELECT * FROM lookup")


def test_a_translation_may_call_a_function_of_the_base_schema(poor, cli):
    poor.execute("CREATE FUNCTION public.wrap(int) RETURNS text LANGUAGE sql IMMUTABLE"
                 " AS $$ SELECT '<' || $1 || '>' $$;"
                 "REVOKE EXECUTE ON FUNCTION public.wrap FROM PUBLIC")
    cli.start("new", [{"alter_column": {"table": "t", "column": "a", "type": "text", "up": "wrap(a)",
                                        "down": "btrim(a, '<>')::int"}}])
    poor.write("baseline", "UPDATE t SET a = 6 WHERE id = 1")
    assert poor.rows("new", "SELECT a FROM t") == [("<6>",)]


def test_the_whole_life_needs_no_superuser(poor, cli):
    assert poor.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    cli.run("init")
    cli.start("new", TRANSLATED)
    cli.rollback()
    cli.start("new2", TRANSLATED)
    cli.complete()
    assert poor.rows("new2", "SELECT id, a FROM t") == [(1, "5")]


def test_role_is_taken_after_connecting(db, tmp_path, pgstrata):
    db.execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'deployer') THEN"
               " CREATE ROLE deployer LOGIN; END IF; END $$; GRANT owner TO deployer;"
               " ALTER ROLE deployer NOINHERIT", role="postgres")
    db.tables(TABLES)
    cli = Cli(db, tmp_path)
    cli.options[1] = db.url("deployer")
    cli.start("new", TRANSLATED, expect=6)
    cli.start("new", TRANSLATED, "--role", "owner")
    assert db.value("SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'public_new'") == "owner"


def test_a_role_of_any_name_may_have_default_privileges_of_its_own(db, cli):
    db.execute("DO $$ BEGIN CREATE ROLE \"The Deployer\"; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
               "GRANT \"The Deployer\" TO owner; GRANT ALL ON SCHEMA public TO \"The Deployer\";"
               f"GRANT CREATE ON DATABASE {db.name} TO \"The Deployer\"", role="postgres")
    db.execute("SET ROLE \"The Deployer\"; CREATE TABLE public.t (id int PRIMARY KEY, a int);"
               "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app")
    cli.run("--role", "The Deployer", "start", cli.file("new", [{"rename_column": {"table": "t", "from": "a", "to": "b"}}]))
    assert not db.value("SELECT has_table_privilege('app', 'public_new.t', 'SELECT')"), "it may not read the table"
    cli.run("--role", "The Deployer", "complete")


def test_without_ownership_nothing_is_done_and_the_table_is_named(db, tmp_path, pgstrata, unchanged):
    db.tables(TABLES)
    db.execute("GRANT CREATE ON DATABASE " + db.name + " TO app; GRANT CREATE ON SCHEMA public TO app", role="postgres")
    unchanged.mark()
    cli = Cli(db, tmp_path)
    cli.options[1] = db.url("app")
    result = cli.start("new", TRANSLATED, expect=6)
    assert "t" in result.err and "own" in result.err
    unchanged.check(schemas=False)


def test_privileges_are_the_tables_own_after_complete(poor, cli):
    privileges = ("SELECT grantee::text, privilege_type::text, column_name::text"
                  " FROM information_schema.column_privileges"
                  " WHERE table_schema = %s AND grantee = 'app' ORDER BY 1, 2, 3")
    before = poor.execute(privileges, ("public",))
    cli.start("new", TRANSLATED)
    renamed = [(g, p, {"secret": "hidden"}.get(c, c)) for g, p, c in before]
    assert poor.execute(privileges, ("public_new",)) == renamed
    cli.complete()
    assert poor.execute(privileges, ("public",)) == renamed
