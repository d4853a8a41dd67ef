"""The C++ suites of single layers, each case reported by Boost.Test, on a database of its own."""
import os
import pathlib
import subprocess

import pytest

from rig.cli import ROOT


def executable(name):
    directory = os.environ.get("PGSTRATA_BIN")
    build = pathlib.Path(directory).parent if directory else ROOT / "build/release"
    return build / "tests" / name


@pytest.mark.parametrize("suite", ["integration_catalog", "integration_server"])
def test_suite(db, suite):
    path = executable(suite)
    if not path.exists():
        pytest.fail(f"no test program at {path}: build it", pytrace=False)
    run = subprocess.run([path, "--color_output=no"], capture_output=True, text=True,
                         env={**os.environ, "PGSTRATA_TEST_URL": db.url("postgres")})
    assert run.returncode == 0, run.stdout + run.stderr
