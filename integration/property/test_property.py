"""The property tests as part of ./test: fewer runs than with PGSTRATA_LONG; any number by the scripts themselves."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

from rig.cli import binary

LONG = bool(os.environ.get("PGSTRATA_LONG"))


def passes(script, record_property, capsys, runs, *arguments):
    """Long suites share the runs among the processors, each share with a server and seeds of its own, which are shown."""
    path = pathlib.Path(__file__).with_name(script)
    jobs = os.cpu_count() if LONG else 1
    shares = [subprocess.Popen([sys.executable, "-B", str(path), "--runs", str(runs // jobs + (job < runs % jobs)),
                                *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
              for job in range(jobs)]
    printed = [share.communicate()[0] for share in shares]
    record_property("runs", runs)
    with capsys.disabled():
        print("", *(line for each in printed for line in re.findall(r"^(?:chains|crashes): .*", each, re.M)), sep="\n")
    assert not any(share.returncode for share in shares), "\n".join(
        each[-8000:] for share, each in zip(shares, printed) if share.returncode)


def test_random_roll_outs_agree_with_the_oracle(pgstrata, record_property, capsys):
    passes("chains.py", record_property, capsys, 2000 if LONG else 200, "--live", "2")


@pytest.fixture
def stacking(pgstrata):
    """Skips where the binary does not stack versions: both tests below leave two behind."""
    if "--through" not in subprocess.run([binary(), "complete", "--help"], capture_output=True, text=True).stdout:
        pytest.skip("this binary keeps at most two versions live")


def test_random_chains_of_up_to_six_versions_agree_with_the_oracle(stacking, record_property, capsys):
    passes("chains.py", record_property, capsys, 500 if LONG else 25, "--live", "6")


def test_random_crashes_lose_nothing_and_leave_nothing(stacking, record_property, capsys):
    passes("crashes.py", record_property, capsys, 1000 if LONG else 60, "--live", "3")
