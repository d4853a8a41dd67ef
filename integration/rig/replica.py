"""A streaming replica of a server of the rig, made with pg_basebackup; it can be made to hang."""
import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time

import psycopg2

from rig.server import Server, _directory, _identity, bindir

NAME = "replica"


def answer(server, sql):
    with contextlib.closing(psycopg2.connect(server.url("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None


class Replica(Server):
    def __init__(self, primary):
        self.version, self.primary = primary.version, primary
        self.directory = _directory("pgstrata-replica-")
        self.data = os.path.join(self.directory, "data")
        self._process, self._owner = None, os.getpid()
        self._settings = {**primary._settings, "hot_standby": "on"}
        subprocess.run([os.path.join(bindir(self.version), "pg_basebackup"), "-D", self.data, "-R", "-c", "fast", "-d",
                        f"host={primary.directory} user=postgres application_name={NAME}"],
                       check=True, stdin=subprocess.DEVNULL, cwd=self.directory, **_identity())
        self.start()
        self.wait(lambda: self.primary_says("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1)

    def primary_says(self, sql):
        return answer(self.primary, sql)

    def says(self, sql):
        return answer(self, sql)

    @staticmethod
    def wait(condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the replica does not follow"
            time.sleep(0.05)

    def make_synchronous(self):
        """From now on a commit of the primary waits for this replica, unless its session says otherwise."""
        self.primary_says(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
        self.primary_says("SELECT pg_reload_conf()")
        self.wait(lambda: self.primary_says("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1)

    def receiver(self):
        return self.says("SELECT pid FROM pg_stat_wal_receiver")

    @contextlib.contextmanager
    def hanging(self):
        """Its WAL receiver is stopped: it neither writes nor answers."""
        pid = self.receiver()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def hanging_again_and_again(self, stopped=0.4, running=0.01):
        """Answers for a moment now and then, so that what waits for it gets on and is caught again."""
        pid, done = self.receiver(), threading.Event()

        def work():
            while not done.is_set():
                os.kill(pid, signal.SIGSTOP)
                done.wait(stopped)
                os.kill(pid, signal.SIGCONT)
                time.sleep(running)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def stop(self):
        self.halt(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)
