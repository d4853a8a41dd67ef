"""The README's five-minute tutorial: every command is run as printed, every line of output is found."""
import os
import pathlib
import re
import subprocess

import pytest

from rig.cli import ROOT
from rig.server import Server, bindir

README = (ROOT / "README.md").read_text()


def tutorial():
    """[(commands, the output that is promised after them)]"""
    section = re.search(r"^## Five minutes\n(.*?)^## ", README, re.M | re.S)[1]
    blocks = re.findall(r"^```(sh|text)\n(.*?)^```", section, re.M | re.S)
    pairs = []
    for kind, text in blocks:
        if kind == "sh":
            pairs.append([text, ""])
        else:
            pairs[-1][1] += text
    return pairs


def squeezed(line):
    return re.sub(r"\s+", " ", line).strip()


@pytest.fixture
def home(tmp_path, pgstrata):
    with Server() as server:
        yield tmp_path, {
            "HOME": str(tmp_path), "LANG": "C.UTF-8", "PGHOST": server.directory, "PGUSER": "postgres",
            "PATH": os.pathsep.join([str(pathlib.Path(pgstrata).parent), bindir(), "/usr/bin:/bin"])}


def test_every_command_of_the_tutorial_does_what_it_says(home):
    directory, environment = home
    pairs = tutorial()
    assert len(pairs) > 5
    script = "set -euo pipefail\n" + "".join(f"echo @@{n}\n{commands}" for n, (commands, _) in enumerate(pairs))
    done = subprocess.run(["bash", "-c", script], cwd=directory, env=environment, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    outputs = re.split(r"^@@\d+\n", done.stdout, flags=re.M)[1:]
    for (commands, promised), output in zip(pairs, outputs):
        lines = iter([squeezed(line) for line in output.splitlines()])
        for line in promised.splitlines():
            assert squeezed(line) in lines, f"{commands}\ndid not print, in this order: {line}\n{output}"


@pytest.mark.parametrize("code, exit", [(0, "done"), (2, "usage"), (7, "data"), (130, "interrupted")])
def test_the_readme_lists_the_exit_codes_of_the_header(code, exit):
    header = (ROOT / "include/pgstrata/error.hpp").read_text()
    assert re.search(rf"{exit} = {code}\b", header)
    assert re.search(rf"^\| {code} \| ", README, re.M)
