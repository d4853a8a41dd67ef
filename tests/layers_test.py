#!/usr/bin/python3
"""What the compiler does not check: includes follow the layers, and no file is over 400 lines.

The layers and what each may use are read from src/CMakeLists.txt, so that there is one list. One check
per file and question; each finding is a line.
"""
import pathlib
import re
import sys

LIMIT = 400
ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["src", "include", "tests", "integration", "scripts", "bench", "schemas/state"]
SOURCES = {".cpp", ".hpp", ".py", ".sql", ".sh"}
# The only layer that may see a library's headers.
LIBRARIES = {"pqxx/": "db", "pg_query": "sql", "yaml-cpp/": "migration", "CLI/": "cli"}


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


def include_finding(layer, line, reach):
    local = re.match(r'#include "(\w+)/', line)
    if local and local[1] != "pgstrata" and local[1] not in reach[layer]:
        return f"{layer} must not include {local[1]}/"
    library = re.match(r"#include <(.*)>|#include \"(pg_query.*)\"", line)
    for prefix, owner in LIBRARIES.items():
        if library and (library[1] or library[2]).startswith(prefix) and layer != owner:
            return f"{layer} must not include {prefix}; only {owner} may"
    return None


def include_findings(path, reach):
    parts = path.relative_to(ROOT).parts
    layer = parts[1] if parts[0] == "src" else "public"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        finding = include_finding(layer, line, reach)
        if finding:
            yield f"{path.relative_to(ROOT)}:{number}: {finding}"


def length_findings(path):
    lines = len(path.read_text(errors="replace").splitlines())
    if lines > LIMIT:
        yield f"{path.relative_to(ROOT)}: {lines} lines; the limit is {LIMIT}"


def self_findings(reach):
    """The rules find what they are for."""
    for layer, line in [("model", '#include "plan/step.hpp"'), ("sql", '#include "db/connection.hpp"'),
                        ("plan", "#include <pqxx/pqxx>"), ("public", '#include "sql/identifier.hpp"')]:
        if not include_finding(layer, line, reach):
            yield f"{line} in {layer} is not found to be wrong"
    for layer, line in [("plan", '#include "model/version.hpp"'), ("db", "#include <pqxx/pqxx>"),
                        ("sql", "#include <string>"), ("cli", '#include "pgstrata/engine.hpp"')]:
        if include_finding(layer, line, reach):
            yield f"{line} in {layer} is found to be wrong"


def main():
    reach = layers()
    reach["public"] = set()
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))
             if path.suffix in SOURCES and path.is_file()]
    ours = [path for path in files if path.suffix in {".cpp", ".hpp"}
            and path.relative_to(ROOT).parts[0] in {"src", "include"}]
    checks = [list(self_findings(reach))]
    checks += [list(length_findings(path)) for path in files]
    checks += [list(include_findings(path, reach)) for path in ours]
    for finding in (finding for check in checks for finding in check):
        print(f"FAILED {finding}")
    failed = sum(1 for check in checks if check)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed or not ours else 0


if __name__ == "__main__":
    sys.exit(main())
