"""Applications go through PgBouncer in transaction mode, by the recipes of docs/pooler.md; the engine does not."""
import contextlib
import random
import threading
import time

import psycopg2
import pytest

from rig.cli import CONNECTION, ROOT
from rig.pooler import Pooler
from rig.waitwatch import WaitWatch

TABLES = """
CREATE TABLE accounts (id int PRIMARY KEY, cents int NOT NULL);
INSERT INTO accounts SELECT g, 100 * g FROM generate_series(1, 40) g
"""
MONEY = [{"alter_column": {"table": "accounts", "column": "cents", "type": "numeric(12,2)", "up": "cents / 100.0",
                           "down": "(cents * 100)::int"}}]


def entry(db, version):
    """The recipe: one database entry per version."""
    return f"host={db.server.directory} dbname={db.name} connect_query='SET search_path = public_{version}'"


@pytest.fixture
def pooled(db, cli):
    db.tables(TABLES)
    cli.run("baseline", "v1")
    with Pooler({"shop_v1": entry(db, "v1")}) as pooler:
        yield pooler


class Clients:
    """More clients than server connections; each transaction is two statements that must meet the same version."""

    def __init__(self, pooler, database, column, number=8, user="app"):
        self.pooler, self.database, self.user = pooler, database, user
        self.update = f"UPDATE accounts SET {column} = {column} + 1 WHERE id = %s"
        self.read = f"SELECT {column} FROM accounts WHERE id = %s"
        self.done, self.failures, self.committed, self.backends = threading.Event(), [], 0, set()
        self.threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(number)]
        for thread in self.threads:
            thread.start()

    def _work(self, number):
        rng = random.Random(number)
        try:
            with contextlib.closing(psycopg2.connect(self.pooler.url(self.database, self.user))) as connection:
                while not self.done.is_set():
                    with connection, connection.cursor() as cursor:
                        account = rng.randint(1, 40)
                        cursor.execute(self.read, (account,))
                        before = cursor.fetchone()[0]
                        cursor.execute(self.update, (account,))
                        cursor.execute(self.read, (account,))
                        assert cursor.fetchone()[0] >= before + 1
                        cursor.execute("SELECT pg_backend_pid(), current_setting('search_path')")
                        self.backends.add(cursor.fetchone())
                    self.committed += 1
                    time.sleep(0.005)
        except (psycopg2.Error, AssertionError) as error:
            self.failures.append(repr(error))

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join(20)
        assert not self.failures, self.failures[:3]
        assert self.committed > len(self.threads), "hardly a transaction went through"
        pids = {pid for pid, _ in self.backends}
        assert len(pids) <= self.pooler.pool_size, "the clients did not share server connections"


def test_applications_of_two_versions_go_through_one_pooler(db, cli, pooled):
    with WaitWatch(db):
        old = Clients(pooled, "shop_v1", "cents")
        cli.start("v2", MONEY)
        pooled.reload({"shop_v1": entry(db, "v1"), "shop_v2": entry(db, "v2")})
        new = Clients(pooled, "shop_v2", "cents")
        time.sleep(1)
        old.stop()
        new.stop()
        assert {path for _, path in old.backends} == {"public_v1"} and {path for _, path in new.backends} == {"public_v2"}
        total = db.rows("v1", "SELECT sum(cents) FROM accounts")[0][0]
        assert total == 100 * sum(range(1, 41)) + old.committed + 100 * new.committed
        assert db.rows("v2", "SELECT sum(cents) FROM accounts")[0][0] * 100 == total
        staying = Clients(pooled, "shop_v2", "cents")
        cli.complete()
        staying.stop()
    with contextlib.closing(psycopg2.connect(pooled.url("shop_v1"))) as late:
        with pytest.raises(psycopg2.errors.UndefinedTable):
            late.cursor().execute("SELECT * FROM accounts")


def test_a_role_per_version_goes_through_one_entry(db, cli, pooled):
    db.execute("DO $$ BEGIN CREATE ROLE app_v1 LOGIN IN ROLE app; CREATE ROLE app_v2 LOGIN IN ROLE app;"
               " EXCEPTION WHEN duplicate_object THEN NULL; END $$", role="postgres")
    for version in ("v1", "v2"):
        db.execute(f"ALTER ROLE app_{version} IN DATABASE {db.name} SET search_path = public_{version}", role="postgres")
    cli.start("v2", MONEY)
    with Pooler({"shop": f"host={db.server.directory} dbname={db.name}"}, users=("app_v1", "app_v2")) as pooler:
        clients = [Clients(pooler, "shop", "cents", user=f"app_{version}") for version in ("v1", "v2")]
        time.sleep(0.7)
        for version, one in zip(("v1", "v2"), clients):
            one.stop()
            assert {path for _, path in one.backends} == {f"public_{version}"}


@pytest.mark.parametrize("command, mode", [("start", "transaction"), ("plan", "transaction"),
                                           ("status", "transaction"), ("complete", "session")])
def test_the_engine_refuses_to_run_through_a_pooler_and_leaves_no_setting_behind(db, cli, command, mode):
    db.tables(TABLES)
    cli.run("baseline", "v1")
    arguments = [command, cli.file("v2", MONEY)] if command in ("start", "plan") else [command]
    with Pooler({"shop_v1": entry(db, "v1")}, pool_size=1, mode=mode) as pooler:
        result = cli.bare(*arguments, "--url", pooler.url("shop_v1", "owner"), "--json", expect=CONNECTION)
        assert result.error["code"] == "pooler" and "pooler" in result.error["message"]
        with contextlib.closing(psycopg2.connect(pooler.url("shop_v1", "owner"))) as app, app.cursor() as cursor:
            cursor.execute("SELECT current_setting('search_path'), current_setting('application_name')")
            path, name = cursor.fetchone()
            # Session pooling ends with DISCARD ALL, which forgets what connect_query has set.
            assert path == ("public_v1" if mode == "transaction" else '"$user", public')
            assert not name.startswith("pgstrata")
    assert cli.versions() == {"v1": "live"}


def test_the_page_shows_the_recipe_that_is_tested(db):
    page = (ROOT / "docs/pooler.md").read_text()
    assert "shop_v1 = dbname=shop connect_query='SET search_path = public_v1'" in page
    assert entry(db, "v1").endswith("connect_query='SET search_path = public_v1'")
    assert "ALTER ROLE app_v2 IN DATABASE shop SET search_path = public_v2" in page

