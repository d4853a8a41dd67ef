"""The rig must be able to fail a test: what it watches is shown here to be seen, on a plain server."""
import contextlib
import os
import subprocess
import sys
import threading
import time

import psycopg2
import pytest

from rig.catalog import fingerprint
from rig.waitwatch import WaitWatch

TABLE = """
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'x' CHECK (name <> ''), age int);
CREATE INDEX users_age ON users (age) WHERE age > 3;
"""

CHANGES = {
    "a column": "ALTER TABLE users ADD extra int",
    "a type": "ALTER TABLE users ALTER age TYPE bigint",
    "a default": "ALTER TABLE users ALTER name SET DEFAULT 'y'",
    "NOT NULL": "ALTER TABLE users ALTER age SET NOT NULL",
    "a constraint's name": "ALTER TABLE users RENAME CONSTRAINT users_name_check TO other",
    "an unvalidated constraint": "ALTER TABLE users ADD CHECK (age > 0) NOT VALID",
    "an index": "CREATE INDEX ON users (name)",
    "an index's options": "ALTER INDEX users_age SET (fillfactor = 70)",
    "a privilege": "GRANT TRUNCATE ON users TO app",
    "a column privilege": "GRANT UPDATE (age) ON users TO app",
    "a comment": "COMMENT ON COLUMN users.age IS 'years'",
    "a trigger": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
                 "CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()",
    "a statistics target": "ALTER TABLE users ALTER age SET STATISTICS 77",
    "storage": "ALTER TABLE users ALTER name SET STORAGE EXTERNAL",
    "a policy": "CREATE POLICY p ON users USING (age > 1)",
    "a sequence's owner": "ALTER SEQUENCE users_id_seq OWNED BY NONE",
    "the table's own options": "ALTER TABLE users SET (fillfactor = 50)",
    "replica identity": "ALTER TABLE users REPLICA IDENTITY FULL",
}


@pytest.mark.parametrize("what", CHANGES)
def test_fingerprint_sees(db, what):
    db.tables(TABLE)
    before = fingerprint(db)
    db.execute(CHANGES[what])
    assert fingerprint(db) != before


def test_fingerprint_passes_over_physical_column_order(db):
    db.tables("CREATE TABLE t (a int, b int)")
    before = fingerprint(db)
    db.execute("ALTER TABLE t DROP a; ALTER TABLE t ADD a int")
    assert fingerprint(db) == before


def test_fingerprint_sees_a_publication_that_a_superuser_made(db):
    db.tables(TABLE)
    before = fingerprint(db)
    db.execute("CREATE PUBLICATION p FOR TABLE users (id, name)", role="postgres")
    assert fingerprint(db) != before


def _wait_behind(db, application):
    db.tables("CREATE TABLE t (a int)")
    holder = psycopg2.connect(db.url("owner"), application_name=application)
    holder.cursor().execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    reader = threading.Thread(target=lambda: db.execute("SELECT * FROM public.t", role="app"))
    watch = WaitWatch(db)
    with pytest.raises(AssertionError) if application.startswith("pgstrata") else contextlib.nullcontext():
        with watch:
            reader.start()
            time.sleep(0.5)
            holder.rollback()
            reader.join()
    holder.close()
    return watch


def test_a_client_that_waits_behind_us_for_half_a_second_fails_the_test(db):
    assert _wait_behind(db, "pgstrata start").longest > 0.25


def test_a_client_that_waits_behind_another_client_does_not(db):
    assert _wait_behind(db, "a client").longest == 0


def test_a_client_that_waits_briefly_again_and_again_does_not(db):
    db.tables("CREATE TABLE t (a int)")
    over = threading.Event()

    def read():
        with contextlib.closing(db.connect("public", role="app")) as connection, connection.cursor() as cursor:
            while not over.is_set():
                cursor.execute("SELECT * FROM t")

    reader = threading.Thread(target=read)
    holder = psycopg2.connect(db.url("owner"), application_name="pgstrata start")
    with contextlib.closing(holder), WaitWatch(db, interval=0.005) as watch:
        reader.start()
        for _ in range(12):
            holder.cursor().execute("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE")
            time.sleep(0.05)
            holder.rollback()
        over.set()
        reader.join()
    assert 0 < watch.longest < 0.25


def test_the_server_runs_as_a_plain_user_and_goes_with_the_process_that_started_it(tmp_path):
    code = ("import sys; sys.path.insert(0, sys.argv[1]); from rig import server; import time;"
            "s = server.Server(); print(s.directory, server._templates[s.version], s._process.pid, flush=True); time.sleep(60)")
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    starter = subprocess.Popen([sys.executable, "-c", code, root], stdout=subprocess.PIPE)
    directory, template, pid = starter.stdout.readline().decode().split()
    assert os.stat(f"/proc/{pid}").st_uid != 0
    starter.kill()
    starter.wait()
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid}")
    subprocess.run(["rm", "-rf", directory, os.path.dirname(template)])


def test_ctrl_c_stops_the_server_and_removes_its_directory():
    # A suite that runs in the background ignores Ctrl-C, and so would what it starts.
    code = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
            "sys.path.insert(0, sys.argv[1]); from rig.server import Server; import time\n"
            "s = Server(); print(s.directory, flush=True)\n"
            "while True: time.sleep(0.1)")  # a signal on the way into a sleep waits for its end
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    starter = subprocess.Popen([sys.executable, "-c", code, root], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    directory = starter.stdout.readline().decode().strip()
    starter.send_signal(2)
    starter.wait(20)
    assert not os.path.exists(directory)
