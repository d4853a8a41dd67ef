"""A rollback undoes what its start made and a completion drops what its version had: nothing of others."""
import pytest

from rig.catalog import fingerprint
from rig.cli import DONE, KILLED, MIGRATION, STATE

ACCOUNTS = "CREATE TABLE acc (id int PRIMARY KEY, bal int CHECK (bal > 0)); INSERT INTO acc VALUES (1, 100)"
WIDEN = {"alter_column": {"table": "acc", "column": "bal", "type": "bigint"}}


def test_the_down_of_sql_whose_up_failed_does_not_run(db, cli):
    db.tables(ACCOUNTS)
    cli.start("new", [{"sql": {"up": "UPDATE acc SET bal = bal * 100; SELECT 1/0;",
                               "down": "UPDATE acc SET bal = bal / 100"}}], expect=MIGRATION)
    assert db.execute("SELECT bal FROM public.acc") == [(100,)]
    cli.start("next", [WIDEN])


def test_a_rolled_back_baseline_leaves_what_was_made_by_hand(db, cli):
    db.tables(ACCOUNTS)
    cli.run("baseline", "b1")
    db.execute("CREATE TABLE public.extra (id int); ALTER TABLE public.acc ADD COLUMN email text;"
               "CREATE INDEX emergency ON public.acc (email)")
    before = fingerprint(db)
    cli.run("baseline", "b2")
    cli.rollback()
    assert fingerprint(db) == before


@pytest.mark.parametrize("by_hand", [
    "ALTER TABLE public.acc ADD CONSTRAINT acc_bal_uq UNIQUE (bal)",
    "ALTER TABLE public.acc DROP CONSTRAINT acc_bal_check",
    "ALTER TABLE public.acc ADD COLUMN email text NOT NULL DEFAULT ''"])
def test_a_completed_baseline_adopts_what_was_made_by_hand(db, cli, by_hand):
    db.tables(ACCOUNTS)
    cli.run("baseline", "b1")
    db.execute(by_hand)
    before = fingerprint(db)
    cli.run("baseline", "b2")
    cli.complete()
    assert fingerprint(db) == before
    cli.start("new", [WIDEN])
    cli.complete()


def test_a_rollback_leaves_a_column_that_somebody_else_made_meanwhile(db, cli):
    db.tables(ACCOUNTS)
    cli.run("baseline", "b1")
    add = {"add_column": {"table": "acc", "column": {"name": "email", "type": "text", "nullable": True}}}
    cli.start("new", [WIDEN, add], "--kill-after-step", 1, expect=KILLED)
    db.execute("ALTER TABLE public.acc ADD COLUMN email text; UPDATE public.acc SET email = 'mine'")
    cli.rollback()
    assert db.execute("SELECT email FROM public.acc") == [("mine",)]


def test_a_rollback_leaves_a_schema_that_somebody_else_made_meanwhile(db, cli):
    db.tables(ACCOUNTS)
    cli.run("baseline", "b1")
    cli.start("new", [WIDEN], "--kill-after-step", 1, expect=KILLED)
    db.execute("CREATE SCHEMA public_new; CREATE TABLE public_new.mine (id int)")
    cli.rollback()
    assert db.execute("SELECT count(*) FROM public_new.mine") == [(0,)]


def test_migrate_stops_at_an_unfinished_rollback(db, cli):
    db.tables(ACCOUNTS)
    cli.start("new", [WIDEN])
    cli.rollback("--kill-after-step", 1, expect=KILLED)
    cli.run("migrate", cli.directory, expect=STATE)
    cli.rollback()
    cli.run("migrate", cli.directory)
    assert db.rows("new", "SELECT * FROM acc") == [(1, 100)]


def test_a_start_with_complete_resumes_its_completion(db, cli):
    db.tables(ACCOUNTS)
    cli.start("new", [WIDEN])
    cli.complete("--kill-after-step", 2, expect=KILLED)
    cli.run("start", "new.json", "--complete", expect=DONE)
    assert cli.status()["unfinished"] is None and not cli.status()["in_flight"]


def test_a_domain_with_constraints_is_refused_as_a_new_column(db, cli):
    db.tables(ACCOUNTS)
    db.execute("CREATE DOMAIN public.mail AS text CHECK (VALUE LIKE '%@%')")
    column = {"name": "email", "type": "mail", "nullable": True}
    result = cli.start("new", [{"add_column": {"table": "acc", "column": column}}], expect=MIGRATION)
    assert "rewrite" in result.err


def test_default_privileges_open_no_view_beyond_its_table(db, cli):
    db.tables("CREATE TABLE people (id int, ssn text); INSERT INTO people VALUES (1, 'secret')")
    db.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app;"
               "REVOKE ALL ON public.people FROM app; GRANT SELECT (id) ON public.people TO app")
    cli.run("baseline", "b1")
    assert db.value("SELECT has_column_privilege('app', 'public_b1.people', 'id', 'SELECT')")
    assert not db.value("SELECT has_column_privilege('app', 'public_b1.people', 'ssn', 'SELECT')")


def test_a_translation_that_reads_a_generated_column_is_refused(db, cli):
    db.tables("CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a * 2) STORED)")
    before = fingerprint(db)
    result = cli.start("new", [{"add_column": {"table": "t", "column": {"name": "n", "type": "int"}, "up": "g + 1"}}],
                       expect=MIGRATION)
    assert "generated" in result.err and fingerprint(db) == before


@pytest.mark.parametrize("command, version", [("complete", "b1"), ("rollback", "new")])
def test_a_view_of_others_on_a_version_is_named_before_the_version_goes(db, cli, command, version):
    db.tables(ACCOUNTS)
    cli.run("baseline", "b1")
    cli.start("new", [WIDEN])
    db.execute(f"CREATE VIEW public.report AS SELECT id FROM public_{version}.acc")
    assert "report" in cli.run(command, expect=STATE).err
    assert db.rows("b1", "SELECT * FROM acc") == db.rows("new", "SELECT * FROM acc") == [(1, 100)]
    db.execute("DROP VIEW public.report")
    cli.run(command)
