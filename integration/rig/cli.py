"""The command under test, as a user runs it: arguments in; exit code, stdout and stderr out."""
import json
import os
import pathlib
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

DONE, USAGE, MIGRATION, STATE, LOCKS, CONNECTION, DATA, INTERRUPTED = 0, 2, 3, 4, 5, 6, 7, 130
KILLED = -signal.SIGKILL


def binary():
    return os.environ.get("PGSTRATA_BIN") or str(ROOT / "build/release/pgstrata")


class Result:
    """What a run of the command left: `exit` is negative for a signal."""

    def __init__(self, arguments, exit_code, out, err):
        self.arguments, self.exit, self.out, self.err = arguments, exit_code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        """The error object that --json prints on stderr."""
        line = [line for line in self.err.splitlines() if line.startswith("{")][-1]
        return json.loads(line)["error"]

    @property
    def text(self):
        return self.out + self.err

    def __repr__(self):
        return (f"pgstrata {' '.join(map(str, self.arguments))}\nexit {self.exit}\n"
                f"--- stdout\n{self.out}--- stderr\n{self.err}")


class Cli:
    """`expect` is the exit code the test demands; None takes any."""

    def __init__(self, database, directory, schema=None, state_schema=None, options=()):
        self.database = database
        self.directory = pathlib.Path(directory)
        self.options = ["--url", database.url("owner")]
        if schema or database.schema != "public":
            self.options += ["--schema", schema or database.schema]
        if state_schema:
            self.options += ["--state-schema", state_schema]
        self.options += list(options)

    def environment(self, extra=None):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PG") or k == "PGSTRATA_BIN"}
        return {**kept, **(extra or {})}

    def bare(self, *arguments, expect=DONE, env=None, timeout=180, cwd=None):
        """Runs the command with exactly these arguments: no URL is added."""
        arguments = [str(a) for a in arguments]
        done = subprocess.run([binary(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=self.environment(env), timeout=timeout,
                              cwd=cwd or self.directory)
        result = Result(arguments, done.returncode, done.stdout.decode(), done.stderr.decode())
        if expect is not None:
            assert result.exit == expect, f"expected exit {expect}\n{result!r}"
        return result

    def run(self, *arguments, **how):
        return self.bare(*self.options, *arguments, **how)

    def spawn(self, *arguments):
        """Runs the command and does not wait: for Ctrl-C and kills."""
        return subprocess.Popen([binary(), *self.options, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(),
                                cwd=self.directory)

    def file(self, name, content):
        """Writes a migration file; operations given as a list are written as JSON, text as it is."""
        if isinstance(content, str):
            path = self.directory / (name if pathlib.Path(name).suffix else f"{name}.yaml")
            path.write_bytes(content.encode())
        else:
            path = self.directory / f"{name}.json"
            path.write_text(json.dumps({"operations": content}, indent=2, ensure_ascii=False))
        return path

    def start(self, name, operations=None, *arguments, **how):
        path = self.file(name, operations) if operations is not None else name
        return self.run("start", path, *arguments, **how)

    def complete(self, *arguments, **how):
        return self.run("complete", *arguments, **how)

    def rollback(self, *arguments, **how):
        return self.run("rollback", *arguments, **how)

    def plan(self, name, operations, *arguments, **how):
        return self.run("plan", self.file(name, operations), *arguments, **how)

    def status(self):
        return self.run("status", "--json").json

    def versions(self):
        """Live versions as {name: status}, oldest first."""
        return {v["name"]: v["status"] for v in self.status()["versions"]}
