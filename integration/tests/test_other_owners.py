"""What a run needs but another role owns is named before a completion or a rollback begins: one that has begun must end."""
import pytest

from rig.catalog import fingerprint
from rig.cli import CONNECTION, Cli
from rig.remains import remains

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); CREATE INDEX t_a ON t (a); INSERT INTO t VALUES (1, 5)"
WIDE = [{"alter_column": {"table": "t", "column": "a", "type": "bigint"}}]
TEXT = [{"alter_column": {"table": "t", "column": "a", "type": "text"}}]

# what -> (statement, a word of the message, how to take it back)
TAKEN = {
    "a table": ("ALTER TABLE public.t OWNER TO app", 'table "t" belongs to role "app"', "ALTER TABLE public.t OWNER TO owner"),
    "a version's schema": ("ALTER SCHEMA public_two OWNER TO app", 'schema "public_two" belongs to role "app"',
                           "ALTER SCHEMA public_two OWNER TO owner"),
    "CREATE on the schema": ("REVOKE CREATE ON SCHEMA public FROM owner", 'may not create in schema "public"',
                             "GRANT CREATE ON SCHEMA public TO owner"),
    "CREATE on the database": ("REVOKE CREATE ON DATABASE {} FROM owner", "may not create schemas",
                               "GRANT CREATE ON DATABASE {} TO owner"),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_completion_without_the_rights_for_all_of_it_does_not_begin(db, cli, unchanged, what):
    taken, word, back = TAKEN[what]
    db.tables(TABLES)
    cli.run("baseline", "one")
    cli.start("two", WIDE)
    db.execute(taken.format(db.name), role="postgres")
    unchanged.mark()
    assert word in cli.complete(expect=CONNECTION).err
    assert cli.status()["unfinished"] is None
    unchanged.check()
    db.execute(back.format(db.name), role="postgres")
    cli.complete()
    assert remains(db) == []


def test_what_a_member_of_the_owner_has_started_is_named_and_the_member_ends_it(db, cli):
    db.execute("DO $$ BEGIN CREATE ROLE deploy_one LOGIN IN ROLE owner;"
               " EXCEPTION WHEN duplicate_object THEN NULL; END $$", role="postgres")
    db.tables(TABLES)
    cli.run("baseline", "one")
    before = fingerprint(db)
    member = Cli(db, cli.directory)
    member.options = ["--url", db.url("deploy_one")]
    member.start("two", WIDE)
    member.start("three", TEXT)
    for command in (["complete", "one"], ["rollback", "three"]):
        error = cli.run(*command, expect=CONNECTION).err
        assert 'belongs to role "deploy_one"' in error and "run as that role" in error
    assert cli.versions() == {"one": "live", "two": "live", "three": "live"}
    member.rollback("three")
    member.rollback("two")
    assert fingerprint(db) == before


@pytest.mark.parametrize("rights", ["SELECT 1", "GRANT USAGE ON SCHEMA pgstrata TO app"])
def test_a_state_schema_of_another_role_is_named_with_its_owner(db, cli, rights):
    db.tables(TABLES)
    cli.run("baseline", "one")
    db.execute(rights)
    other = Cli(db, cli.directory)
    other.options = ["--url", db.url("app")]
    for command in (["status"], ["init"], ["start", cli.file("two", WIDE)], ["complete"], ["verify"], ["control", "status"]):
        error = other.run(*command, expect=CONNECTION).err
        assert 'pgstrata: the state schema "pgstrata" belongs to role "owner"' in error and "--role" in error


@pytest.mark.parametrize("end", ["complete", "rollback"])
def test_a_table_that_is_only_referenced_may_be_of_another_role(db, cli, end):
    db.execute("CREATE TABLE public.p (id int PRIMARY KEY); GRANT ALL ON public.p TO owner", role="postgres")
    db.tables("CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES public.p)")
    cli.start("new", [{"alter_column": {"table": "c", "column": "p", "type": "bigint"}}])
    cli.run(end)
    assert remains(db) == []
