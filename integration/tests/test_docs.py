"""docs/versions.md and docs/runbook.md: every command is run as printed, in the situation it is meant for."""
import pathlib
import re
import signal
import subprocess

import pytest

from rig.cli import ROOT
from rig.pages import blocks, environment, follow, sections
from rig.server import Server

MIGRATION = """\
operations:
  - alter_column: {table: products, column: price, type: bigint}
"""
RUNBOOK = sections((ROOT / "docs/runbook.md").read_text())


def test_living_with_several_versions(tmp_path, pgstrata):
    page = (ROOT / "docs/versions.md").read_text()
    with Server() as server:
        follow(blocks(page), tmp_path, environment(tmp_path, server, pgstrata))


class Night:
    """A database with one version and a migration at hand; commands run as the on-call engineer would."""

    def __init__(self, directory, server, pgstrata):
        self.directory, self.server, self.pgstrata = directory, server, pgstrata
        self.environment = environment(directory, server, pgstrata)
        (directory / "002_article.yaml").write_text(MIGRATION)
        self.psql("CREATE TABLE products (id serial PRIMARY KEY, name text, price int);"
                  "INSERT INTO products (name, price) SELECT 'tea', n FROM generate_series(1, 20000) n")
        self.run("baseline", "v1")

    def psql(self, sql):
        subprocess.run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql], env=self.environment, check=True)

    def begin(self, *arguments):
        return subprocess.Popen([self.pgstrata, *arguments], cwd=self.directory, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *arguments):
        process = self.begin(*arguments)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output


@pytest.fixture
def night(tmp_path, pgstrata):
    with Server() as server:
        yield Night(tmp_path, server, pgstrata)


def read(night, heading):
    """Runs the commands of the sections whose headings begin so."""
    found = [text for title, text in RUNBOOK.items() if title.startswith(heading)]
    assert len(found) == 1, heading
    commands = blocks(found[0])
    assert commands, f"section {heading} has no commands"
    follow(commands, night.directory, night.environment)


def slow_start(night):
    """A start that is filling, and will be for a while."""
    process = night.begin("start", "002_article.yaml", "--max-rate", "2000")
    for line in process.stdout:
        if "fill" in line:
            return process
    raise AssertionError("the start ended before it filled anything")


def test_every_section_with_commands_is_read_here():
    with_commands = {title for title, text in RUNBOOK.items() if title and blocks(text)}
    source = pathlib.Path(__file__).read_text()
    unread = {title for title in with_commands
              if not any(title.startswith(heading) for heading in re.findall(r"read\(night, ['\"](.*)['\"]\)", source))}
    assert with_commands and not unread


def test_looking_first(night):
    found = blocks(RUNBOOK[""])
    assert found
    follow(found, night.directory, night.environment)


def test_stuck_on_a_lock(night):
    reader = subprocess.Popen(
        ["psql", "-qAt", "-c", "BEGIN; SELECT count(*) FROM products; SELECT pg_sleep(30)"], env=night.environment,
        stdout=subprocess.PIPE, text=True)
    try:
        process = night.begin("start", "002_article.yaml")
        output = ""
        for line in process.stdout:
            output += line
            if "pid" in line:
                break
        assert "products" in output, output
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
    finally:
        reader.terminate()
        reader.wait()
    night.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' "
               "AND pid <> pg_backend_pid()")
    read(night, "Stuck on a lock")
    assert "002_article" in night.run("latest", "migration")[1]


def test_killed(night):
    code, _ = night.run("start", "002_article.yaml", "--kill-after-step", "2")
    assert code == -signal.SIGKILL
    read(night, "The command was killed")
    assert night.run("latest", "migration") == (0, "v1\n")


def test_the_disk_fills(night):
    process = slow_start(night)
    read(night, "The disk fills")
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_migration_was_wrong(night):
    assert night.run("start", "002_article.yaml")[0] == 0
    read(night, "The migration was wrong")
    assert night.run("latest", "migration") == (0, "v1\n")


def test_a_replica_lags(night):
    process = slow_start(night)
    read(night, "A replica lags")
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_state_forbids_it(night):
    assert night.run("complete", "v7")[0] == 4
    read(night, "It says that the state forbids it")


def test_clients_lost_their_version(night):
    read(night, 'Clients get "relation does not exist"')
