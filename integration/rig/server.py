"""A throw-away PostgreSQL server in a temporary directory.

It listens on a unix socket there and nowhere else, so any number of them run side by side. PostgreSQL
refuses to run as root; started by root, it runs as `postgres` or, where that user is missing, `nobody`.
The server ends with the process that started it: by stop(), at exit, on Ctrl-C, and by the kernel's
parent-death signal where that process is killed.
"""
import atexit
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg2

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "150",
    "max_prepared_transactions": "10",
    "shared_buffers": "64MB",
    "wal_level": "logical",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
}
UNSAFE = {"fsync": "off", "full_page_writes": "off"}

_PR_SET_PDEATHSIG = 1
_templates = {}


def bindir(version="15"):
    """The directory of the server's programs, Debian's layout first, then PATH."""
    for candidate in [os.environ.get("PGSTRATA_PGBIN"), f"/usr/lib/postgresql/{version}/bin"]:
        if candidate and os.path.exists(os.path.join(candidate, "postgres")):
            return candidate
    found = shutil.which("postgres")
    if not found:
        raise RuntimeError(f"no PostgreSQL {version} server programs found; run scripts/setup")
    return os.path.dirname(os.path.realpath(found))


def _user():
    """Whom the server runs as: None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("started as root, and there is no user postgres or nobody to run a server as")


def _identity():
    user = _user()
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _die_with_parent():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _directory(prefix):
    """A new directory with a short path: a socket's path must fit 107 bytes."""
    base = tempfile.gettempdir()
    path = tempfile.mkdtemp(prefix=prefix, dir=base if len(base) < 60 else "/tmp")
    user = _user()
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def _template(version):
    """A freshly initialised data directory, made once per process and copied for each server."""
    if version not in _templates:
        path = _directory("pgstrata-template-")
        atexit.register(shutil.rmtree, path, ignore_errors=True)
        subprocess.run(
            [os.path.join(bindir(version), "initdb"), "-D", os.path.join(path, "data"), "-U", "postgres",
             "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd=path, env={"PATH": "/usr/bin:/bin"}, **_identity())
        _templates[version] = os.path.join(path, "data")
    return _templates[version]


class Server:
    """A running server. `fsync=True` makes it as durable, and as slow, as a real one."""

    def __init__(self, fsync=False, settings=None, version="15"):
        self.version = version
        self.directory = _directory("pgstrata-")
        self.data = os.path.join(self.directory, "data")
        self._process = None
        self._owner = os.getpid()
        atexit.register(self.stop)
        subprocess.run(["cp", "-r", _template(version), self.data], check=True, **_identity())
        os.chmod(self.data, 0o700)
        self._settings = {**SETTINGS, **({} if fsync else UNSAFE), **(settings or {})}
        self.start()

    def start(self):
        arguments = [os.path.join(bindir(self.version), "postgres"), "-D", self.data, "-k", self.directory]
        for name, value in self._settings.items():
            arguments += ["-c", f"{name}={value}"]
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                start_new_session=True, preexec_fn=_die_with_parent, **_identity())
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg2.connect(self.url("postgres")).close()
                return
            except psycopg2.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the server did not start:\n" + self.log()[-2000:])
                time.sleep(0.02)

    def url(self, database, user="postgres"):
        return f"postgresql:///{database}?host={self.directory}&user={user}"

    def log(self):
        with open(os.path.join(self.directory, "log"), errors="replace") as log:
            return log.read()

    def halt(self, how=signal.SIGINT):
        """Stops the server and keeps its data: SIGINT is a fast shutdown, SIGQUIT an immediate one."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def stop(self):
        """Ends the server and removes all it had."""
        if os.getpid() != self._owner:
            return
        self.halt(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

