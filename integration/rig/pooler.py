"""A throw-away PgBouncer in transaction mode before a server of the rig, on a unix socket of its own."""
import os
import shutil
import signal
import subprocess
import time

import psycopg2

from rig.server import _die_with_parent, _directory, _identity

PORT = 6432


class Pooler:
    """`entries` maps the name of a database entry to its definition, as it stands in pgbouncer.ini."""

    def __init__(self, entries, users=("app", "owner"), mode="transaction", pool_size=2):
        program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not program:
            raise RuntimeError("no pgbouncer found; run scripts/setup")
        self.directory = _directory("pgstrata-pooler-")
        self.mode, self.pool_size = mode, pool_size
        with open(self._path("users"), "w") as file:
            file.writelines(f'"{user}" ""\n' for user in (*users, "rig"))
        self._write(entries)
        with open(self._path("log"), "ab") as log:
            self._process = subprocess.Popen([program, "-q", self._path("pgbouncer.ini")], stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log, cwd=self.directory, start_new_session=True,
                                             preexec_fn=_die_with_parent, **_identity())
        deadline = time.monotonic() + 20
        while True:
            try:
                self.admin("SHOW VERSION")
                return
            except psycopg2.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("pgbouncer did not start:\n" + open(self._path("log")).read()[-2000:])
                time.sleep(0.05)

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _write(self, entries):
        lines = ["[databases]", *(f"{name} = {definition}" for name, definition in entries.items()), "[pgbouncer]",
                 f"unix_socket_dir = {self.directory}", "listen_addr =", f"listen_port = {PORT}",
                 f"pool_mode = {self.mode}", f"default_pool_size = {self.pool_size}", "max_client_conn = 500",
                 "auth_type = trust", f"auth_file = {self._path('users')}", "admin_users = rig"]
        with open(self._path("pgbouncer.ini"), "w") as file:
            file.write("\n".join(lines) + "\n")

    def reload(self, entries):
        self._write(entries)
        self.admin("RELOAD")

    def admin(self, command):
        connection = psycopg2.connect(self.url("pgbouncer", "rig"))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(command)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def url(self, entry, user="app"):
        return f"postgresql:///{entry}?host={self.directory}&port={PORT}&user={user}"

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
