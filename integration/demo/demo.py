"""The main job, told to somebody who sees it for the first time. Run by ./demo."""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import psycopg2  # noqa: E402

from rig.cli import binary  # noqa: E402
from rig.pgbench import Load  # noqa: E402
from rig.server import Server, bindir  # noqa: E402
from rig.waitwatch import WaitWatch  # noqa: E402

SCALE = 20
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}
OLD, NEW = "public_v1", "public_002_money"

SETUP = """
CREATE ROLE owner LOGIN;   -- owns the tables and runs pgstrata; not a superuser
CREATE ROLE app LOGIN;     -- what both app versions connect as
"""
GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;
"""
DIFFERENCES = f"""
SELECT count(*), count(*) FILTER (WHERE o.abalance IS DISTINCT FROM (n.abalance * 100)::int
                                     OR o.filler IS DISTINCT FROM left(n.note, 84)::char(84)
                                     OR n.status IS DISTINCT FROM
                                        CASE WHEN n.abalance < 0 THEN 'overdrawn' ELSE 'good' END)
FROM {OLD}.pgbench_accounts o FULL JOIN "{NEW}".pgbench_accounts n USING (aid)
"""


class Bank:
    """The database of the story."""

    def __init__(self, server):
        self.server = server
        self.sql(SETUP, role="postgres", database="postgres")
        self.sql("CREATE DATABASE bank OWNER owner", role="postgres", database="postgres")

    def url(self, role="owner", database="bank"):
        return self.server.url(database, role)

    def sql(self, statement, role="owner", database="bank"):
        with contextlib.closing(psycopg2.connect(self.url(role, database))) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def app(self, version, statement):
        """As the app does: unqualified names, the version chosen by search_path alone."""
        return self.sql(f'SET search_path = "{version}"; {statement}', role="app")

    def pgstrata(self, *arguments):
        """Runs the command, shows it and what it prints; its progress goes to our terminal."""
        shown = [pathlib.Path(a).name if a.endswith(".yaml") else a for a in arguments]
        print(f"\n  $ pgstrata {' '.join(shown)}")
        began = time.monotonic()
        done = subprocess.run([binary(), "--url", self.url(), *arguments], stdout=subprocess.PIPE, text=True)
        print(textwrap.indent(done.stdout.rstrip(), "    "))
        if done.returncode:
            raise SystemExit(f"pgstrata ended with exit code {done.returncode}")
        print(f"    ({time.monotonic() - began:.1f} s)")
        return done.stdout


def say(text):
    print("\n" + textwrap.fill(" ".join(text.split()), 92))


def show(title, rows):
    print(f"    {title:<28}" + "  ".join(str(value) for row in rows for value in row))


def fill_database(bank):
    say(f"A bank: pgbench's tables at scale {SCALE}, {SCALE * 100_000:,} accounts.")
    subprocess.run([os.path.join(bindir(), "pgbench"), "-i", "-q", "-s", str(SCALE), bank.url()],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bank.sql(GRANTS)


def both_shapes(bank):
    say("One account, as each app version sees it. The new app writes a note of 100 characters; the old "
        "shape holds 84, so the old app sees it cut. Then the old app books an amount.")
    bank.app(NEW, f"UPDATE pgbench_accounts SET note = repeat('long note ', 10) WHERE aid = 1")
    columns_old = "SELECT abalance || ' cents', 'filler: ' || length(rtrim(filler)) || ' characters'"
    columns_new = "SELECT abalance, status, 'note: ' || length(note) || ' characters'"
    account = "FROM pgbench_accounts WHERE aid = 1"
    show("old app reads", bank.app(OLD, f"{columns_old} {account}"))
    show("new app reads", bank.app(NEW, f"{columns_new} {account}"))
    bank.app(OLD, "UPDATE pgbench_accounts SET abalance = -12345 WHERE aid = 1")
    show("old app books, then reads", bank.app(OLD, f"{columns_old} {account}"))
    show("new app reads", bank.app(NEW, f"{columns_new} {account}"))
    say("The old app's write reached the new shape, status included, and did not destroy the long note.")


def compare(bank):
    rows, different = bank.sql(DIFFERENCES)[0]
    say(f"Both shapes, row by row, while both apps write: {rows:,} accounts compared, "
        f"{different} that differ.")
    return different


def story(bank, watch, running):
    def run_app(*arguments, **how):
        load = Load(bank.url("app"), *arguments, scale=SCALE, **how)
        running.callback(load.kill)
        return load

    say("The shape as it is becomes version v1. The old app (pgbench's own TPC-B, 4 clients) connects "
        f"with search_path = {OLD}, and never stops until it is retired.")
    bank.pgstrata("baseline", "v1")
    old = run_app(OLD)
    time.sleep(4)

    say("start: the next version, under load. Money becomes numeric(12,2), filler char(84) becomes note "
        "text, a NOT NULL status is computed and indexed.")
    out = bank.pgstrata("start", str(HERE / "002_money.yaml"))
    filled = next((line.strip() for line in out.splitlines() if line.startswith("filled ")), "")

    say(f"The new app starts beside the old one, with search_path = {NEW}.")
    new = run_app(NEW, script=str(HERE / "new_app.sql"))
    both_shapes(bank)
    time.sleep(8)
    different = compare(bank)

    say("The last instance of the old app is gone; complete retires its version while the new app runs.")
    old.stop()
    bank.pgstrata("complete", "v1")
    time.sleep(2)

    say("A second migration is started, and taken back.")
    bank.pgstrata("start", str(HERE / "003_cities.yaml"))
    time.sleep(2)
    bank.pgstrata("rollback", "003_cities")
    time.sleep(1)
    new.stop()
    bank.pgstrata("status")
    watch.stop()

    failed = old.failed + new.failed
    print("\nIn short")
    print(f"  {filled}")
    print(f"  transactions done: {old.transactions:,} by the old app, {new.transactions:,} by the new one")
    print(f"  failed transactions: {failed}")
    print(f"  longest wait of any client behind pgstrata: {watch.longest_text()}")
    print(f"  slowest transaction of any client: {max(old.slowest, new.slowest) * 1000:.0f} ms")
    for error in (old.errors + new.errors)[:5]:
        print(f"  {error}")
    return 1 if failed or different else 0


def run():
    say("Starting a throw-away PostgreSQL server: temporary directory, unix socket, no network.")
    with Server(fsync=True, settings=SETTINGS) as server, contextlib.ExitStack() as running:
        bank = Bank(server)
        fill_database(bank)
        watch = WaitWatch(bank)
        watch.__enter__()
        running.callback(watch.stop)
        return story(bank, watch, running)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    sys.stdout.reconfigure(line_buffering=True)
    try:
        return run()
    except KeyboardInterrupt:
        print("\nstopped; the server and its directory are gone")
        return 130



if __name__ == "__main__":
    sys.exit(main())
