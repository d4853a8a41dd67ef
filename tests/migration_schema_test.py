#!/usr/bin/python3
"""schemas/migration.schema.json is a valid schema, accepts every example and refuses what is wrong.

The refusals are those of tests/migration/bad_input_test.cpp that a schema can express: editors and
the parser must agree.
"""
import json
import pathlib
import sys

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMA = json.loads((ROOT / "schemas" / "migration.schema.json").read_text(encoding="utf-8"))

COLUMN = {"name": "a", "type": "int"}
LONG_NAME = "n" * 64


def operation(name, /, **keys):
    return {"operations": [{name: keys}]}


def alter(**keys):
    return operation("alter_column", table="t", column="c", **keys)


def index(**keys):
    return operation("create_index", table="t", name="i", **keys)


def constraint(**keys):
    return operation("create_table", name="t", columns=[], constraints=[{"name": "c", **keys}])


def column(**keys):
    return operation("create_table", name="t", columns=[{**COLUMN, **keys}])


GOOD = {
    "no operations": {"operations": []},
    "older name key": {"name": "m", "operations": []},
    "number as default": column(default=5),
    "boolean as default": column(default=True),
    "number as name": operation("drop_table", name=2024),
    "longest name": operation("drop_table", name="n" * 63),
    "default removed": alter(default=None),
    "comment removed": alter(comment=None),
    "empty up": operation("add_column", table="t", column=COLUMN, up=""),
    "index by names": index(columns=["a", "b"]),
    "index by mapping": index(columns={"a": {"sort": "DESC"}, "b": {}, "c": None}),
    "older empty sort": index(columns=[{"column": "a", "sort": ""}]),
    "constraint keys that say nothing": constraint(
        type="unique", columns=["a"], check="", no_inherit=False, index_parameters={}),
    "identity with defaults": column(generated={"identity": {}}),
    "identity beside an empty expression": column(generated={"identity": {}, "expression": ""}),
    "sql without down": operation("sql", up="a"),
    "sql with down and onComplete false": operation("sql", up="a", down="b", onComplete=False),
}

BAD = {
    "a list": [],
    "nothing": None,
    "no operations key": {},
    "misspelt operations": {"operatoins": []},
    "operations is a mapping": {"operations": {}},
    "operation is a word": {"operations": ["drop_table"]},
    "empty operation": {"operations": [{}]},
    "unknown operation": operation("drop_tabel", name="a"),
    "two operations in one item": {
        "operations": [{"drop_table": {"name": "a"}, "drop_index": {"name": "b"}}]},
    "operation without keys": {"operations": [{"drop_table": None}]},
    "misspelt key": operation("drop_column", table="t", colum="c"),
    "missing key": operation("drop_column", table="t"),
    "empty name": operation("drop_table", name=""),
    "long name": operation("drop_table", name=LONG_NAME),
    "boolean as name": operation("drop_table", name=True),
    "list as name": operation("drop_table", name=["a"]),
    "alter nothing": alter(up="a", down="b"),
    "alter with name": alter(nullable=True, name="d"),
    "nullable as word": alter(nullable="yes"),
    "unique as flag": alter(unique=True),
    "reference without column": alter(references={"name": "f", "table": "r"}),
    "lower-case action": alter(
        references={"name": "f", "table": "r", "column": "x", "on_delete": "cascade"}),
    "check without constraint": alter(check={"name": "k"}),
    "column without type": operation("create_table", name="t", columns=[{"name": "a"}]),
    "null default of a new column": column(default=None),
    "empty default": column(default=""),
    "generated twice": column(generated={"expression": "x", "identity": {}}),
    "generated not at all": column(generated={}),
    "unknown identity": column(generated={"identity": {"user_specified_values": "NEVER"}}),
    "unknown method": index(columns=["a"], method="btre"),
    "unknown sort": index(columns=[{"column": "a", "sort": "desc"}]),
    "no index columns": index(columns=[]),
    "column and expression": index(columns=[{"column": "a", "expression": "b"}]),
    "neither column nor expression": index(columns=[{"sort": "ASC"}]),
    "opclass parameters without name": index(columns=[{"column": "a", "opclass": {"params": ["x"]}}]),
    "unknown constraint type": constraint(type="uniqe"),
    "unique without columns": constraint(type="unique"),
    "unique over nothing": constraint(type="unique", columns=[]),
    "unique with check": constraint(type="unique", columns=["a"], check="a > 0"),
    "check without condition": constraint(type="check"),
    "deferrable check": constraint(type="check", check="a", deferrable=True),
    "check with index parameters": constraint(
        type="check", check="a", index_parameters={"tablespace": "x"}),
    "primary key not inherited": constraint(type="primary_key", columns=["a"], no_inherit=True),
    "foreign key without target": constraint(type="foreign_key", columns=["a"]),
    "exclusion with columns": constraint(type="exclude", exclude={}, columns=["a"]),
    "exclusion without exclude": constraint(type="exclude"),
    "empty sql": operation("sql", up=""),
    "sql undone after completion": operation("sql", up="a", down="b", onComplete=True),
    "onComplete as text": operation("sql", up="a", onComplete="true"),
    "rename_constraint without table": operation("rename_constraint", **{"from": "a", "to": "b"}),
    "unknown replica identity": operation("set_replica_identity", table="t", identity={"type": "x"}),
}


def main():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    failures = []
    passed = 0

    def expect(title, document, valid):
        nonlocal passed
        error = jsonschema.exceptions.best_match(validator.iter_errors(document))
        if (error is None) == valid:
            passed += 1
        else:
            failures.append(f"{title}: {'refused: ' + error.message if error else 'accepted'}")

    examples = sorted((ROOT / "schemas" / "examples").glob("*"))
    if not examples:
        failures.append("schemas/examples is empty")
    for path in examples:
        expect(f"examples/{path.name}", yaml.safe_load(path.read_text(encoding="utf-8")), True)
    for title, document in GOOD.items():
        expect(title, document, True)
    for title, document in BAD.items():
        expect(title, document, False)

    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
