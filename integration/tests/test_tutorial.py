"""The README's five-minute tutorial: every command is run as printed, every line of output is found."""
import re

import pytest

from rig.cli import ROOT
from rig.pages import blocks, environment, follow, sections
from rig.server import Server

README = (ROOT / "README.md").read_text()


def test_every_command_of_the_tutorial_does_what_it_says(tmp_path, pgstrata):
    tutorial = blocks(sections(README)["Five minutes"])
    assert len(tutorial) > 5
    with Server() as server:
        follow(tutorial, tmp_path, environment(tmp_path, server, pgstrata))


@pytest.mark.parametrize("code, exit", [(0, "done"), (2, "usage"), (7, "data"), (130, "interrupted")])
def test_the_readme_lists_the_exit_codes_of_the_header(code, exit):
    header = (ROOT / "include/pgstrata/error.hpp").read_text()
    assert re.search(rf"{exit} = {code}\b", header)
    assert re.search(rf"^\| {code} \| ", README, re.M)
