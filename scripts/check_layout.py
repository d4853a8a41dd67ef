"""Checks what the compiler does not: no source file over 400 lines, and includes that follow the layers.

The layers and what each may use are read from src/CMakeLists.txt, so that there is one list. Exit 1 and
one line per finding.
"""
import pathlib
import re
import subprocess
import sys

LIMIT = 400
SOURCES = {".cpp", ".hpp", ".py", ".sql", ".sh", ""}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def layers():
    """Layer -> every layer it reaches, itself included."""
    text = (ROOT / "src/CMakeLists.txt").read_text()
    uses = {}
    for name, arguments in re.findall(r"^pgstrata_layer\((\w+)\s*([^)]*)\)", text, re.M):
        words = re.split(r"\bLINKS\b", arguments)[0].split()
        uses[name] = [word for word in words if word != "USES"]
    reach = {}
    for name in uses:  # declared before it is used, so what it uses is there already
        reach[name] = {name}.union(*(reach[used] for used in uses[name]))
    reach["cli"] = set(uses) | {"cli"}
    return reach


def length_findings(files):
    for path in files:
        if path.suffix not in SOURCES or path.name == "LICENSE":
            continue
        lines = len(path.read_text(errors="replace").splitlines())
        if lines > LIMIT:
            yield f"{path.relative_to(ROOT)}: {lines} lines; the limit is {LIMIT}"


def include_findings(files, reach):
    for path in files:
        parts = path.relative_to(ROOT).parts
        if path.suffix not in {".cpp", ".hpp"} or parts[0] not in {"src", "include"}:
            continue
        allowed = reach.get(parts[1], set()) if parts[0] == "src" else set()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            included = re.match(r'#include "(\w+)/', line)
            if included and included[1] != "pgstrata" and included[1] not in allowed:
                yield f"{path.relative_to(ROOT)}:{number}: {parts[1]} must not include {included[1]}/"


def main():
    files = tracked()
    findings = [*length_findings(files), *include_findings(files, layers())]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


sys.exit(main())
