"""Pages of documentation as scripts: their shell blocks are run as printed, their text blocks are promises."""
import os
import pathlib
import re
import subprocess
from dataclasses import dataclass

from rig.server import bindir


@dataclass
class Block:
    commands: str
    promised: str = ""          # lines of output that follow in the page


def sections(page):
    """{heading: its text}; what stands before the first second-level heading is under ''."""
    parts = re.split(r"^## (.*)\n", page, flags=re.M)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2]))}


def blocks(text):
    result = []
    for kind, content in re.findall(r"^```(sh|text)\n(.*?)^```", text, re.M | re.S):
        if kind == "sh":
            result.append(Block(content))
        else:
            result[-1].promised += content
    return result


def environment(directory, server, pgstrata):
    """What a reader of the page has: both programs on the path, and libpq's variables."""
    return {"HOME": str(directory), "LANG": "C.UTF-8", "PGHOST": server.directory, "PGUSER": "postgres",
            "PATH": os.pathsep.join([str(pathlib.Path(pgstrata).parent), bindir(), "/usr/bin:/bin"])}


def squeezed(line):
    return re.sub(r"\s+", " ", line).strip()


def follow(blocks, directory, environment, timeout=120):
    """Runs the blocks in one shell. Each must succeed and print what the page promises, in that order."""
    script = "set -euo pipefail\n" + "".join(f"echo @@{n}\n{block.commands}" for n, block in enumerate(blocks))
    done = subprocess.run(["bash", "-c", script], cwd=directory, env=environment, timeout=timeout,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    outputs = re.split(r"^@@\d+\n", done.stdout, flags=re.M)[1:]
    for block, output in zip(blocks, outputs):
        lines = iter([squeezed(line) for line in output.splitlines()])
        for line in block.promised.splitlines():
            assert squeezed(line) in lines, f"{block.commands}\ndid not print, in this order: {line}\n{output}"
