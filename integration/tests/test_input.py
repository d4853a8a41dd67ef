"""Bad documents: one message with file, line and column, exit 3, nothing changed (trap 34)."""
import json

import pytest

from rig.cli import MIGRATION, Cli
from rig.database import Database

TABLES = "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 5)"

# what is wrong -> (document, position or None, words of the message)
BAD = {
    "a type that does not exist": ("""\
operations:
  - add_column:
      table: t
      column:
        name: b
        type: integr
        nullable: true
""", (6, 15), ["integr"]),
    "a misspelt key": ("""\
operations:
  - add_column:
      table: t
      colum:
        name: b
        type: int
""", (4, 7), ["colum", "column"]),
    "a misspelt operation": ("""\
operations:
  - add_colunm:
      table: t
""", (2, 5), ["add_colunm", "add_column"]),
    "an up with a syntax error": ("""\
operations:
  - alter_column:
      table: t
      column: a
      type: text
      up: "a || ("
      down: length(a)
""", (6, None), ["syntax error"]),
    "SQL with a syntax error": ("""\
operations:
  - sql:
      up: CREATE TABEL n (a int)
""", (3, 11), ["syntax error", "TABEL", "character 8"]),
    "an up that reads a column that is not there": ("""\
operations:
  - alter_column:
      table: t
      column: a
      type: text
      up: nope || 'x'
      down: length(a)
""", (6, None), ["nope"]),
    "an up of another type": ("""\
operations:
  - alter_column:
      table: t
      column: a
      type: date
      up: a + 1
      down: "7"
""", (6, None), ["date"]),
    "an up that is an aggregate": ("""\
operations:
  - alter_column:
      table: t
      column: a
      type: int
      up: max(a)
      down: a
""", (6, None), ["aggregate"]),
    "a table that is not there": ("""\
operations:
  - drop_column:
      table: tt
      column: a
""", (3, 14), ["tt"]),
    "a column that is not there": ("""\
operations:
  - rename_column:
      table: t
      from: aa
      to: b
""", (4, 13), ["aa"]),
    "an empty document": ("", None, ["empty"]),
    "only a comment": ("# nothing\n", None, ["empty"]),
    "no operations": ("operation: []\n", (1, 1), ["operations"]),
    "tabs as indentation": ("operations:\n\t- drop_table:\n\t\tname: t\n", (2, 1), ["tab"]),
    "duplicate keys": ("""\
operations:
  - drop_table:
      name: t
      name: u
""", (4, 7), ["name"]),
    "a list where a mapping belongs": ("operations:\n  - drop_table: [t]\n", (2, None), ["drop_table"]),
    "a number where a text belongs": ("operations:\n  - drop_table:\n      name: {a: b}\n", (3, 13), ["name"]),
    "a text where a boolean belongs": ("""\
operations:
  - alter_column:
      table: t
      column: a
      nullable: maybe
""", (5, 17), ["nullable"]),
    "a missing key": ("operations:\n  - drop_column:\n      table: t\n", (None, None), ["column"]),
    "two operations in one item": ("""\
operations:
  - drop_table: {name: t}
    drop_index: {name: i}
""", (3, 5), ["drop_index"]),
    "a NOT NULL column without default and without up": ("""\
operations:
  - add_column:
      table: t
      column: {name: b, type: int}
""", (None, None), ["up"]),
    "an unclosed quote": ("operations:\n  - drop_table:\n      name: 'x\n", (None, None), []),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_document(db, cli, unchanged, what):
    document, position, words = BAD[what]
    db.tables(TABLES)
    cli.run("init")
    unchanged.mark()
    path = cli.file("bad.yaml", document)
    error = cli.start(path, None, expect=MIGRATION).err
    assert str(path) in error or "bad.yaml" in error
    for word in words:
        assert word in error, error
    if position:
        line, column = position
        where = "bad.yaml:" + (f"{line}:" if line else "") + (str(column) if line and column else "")
        assert where in error, error
    assert len([l for l in error.splitlines() if l.startswith("pgstrata:")]) == 1, error
    found = cli.start(path, None, "--json", expect=MIGRATION).error
    assert found["exit"] == MIGRATION and found["code"] and found["message"]
    unchanged.check()


@pytest.mark.parametrize("what", BAD)
def test_plan_and_validate_refuse_it_as_well(db, cli, unchanged, what):
    db.tables(TABLES)
    unchanged.mark()
    path = cli.file("bad.yaml", BAD[what][0])
    cli.run("plan", path, expect=MIGRATION)
    cli.run("validate", path, expect=MIGRATION)
    unchanged.check()
    assert "pgstrata" not in db.schemas(), "plan and validate create nothing"


def test_a_misspelt_key_is_answered_with_the_nearest_right_one(cli):
    path = cli.file("bad.yaml", BAD["a misspelt key"][0])
    error = cli.bare("validate", path, expect=MIGRATION).text
    assert "bad.yaml:4:7" in error and 'did you mean' in error.lower()


@pytest.mark.parametrize("name", ["noextension", "wrong.txt", "wrong.yaml.bak"])
def test_a_file_without_a_known_extension(db, cli, unchanged, name):
    db.tables(TABLES)
    unchanged.mark()
    (cli.directory / name).write_text("operations:\n  - drop_table: {name: t}\n")
    error = cli.start(cli.directory / name, None, expect=MIGRATION).err
    assert name in error and ".yaml" in error
    unchanged.check()


def test_a_file_that_is_not_there(db, cli):
    assert "gone.yaml" in cli.start("gone.yaml", None, expect=None).err
    assert cli.start("gone.yaml", None, expect=None).exit in (2, 3)


@pytest.mark.parametrize("name, comment", [("in_€", "plain"), ("plain", "in €")])
def test_a_character_that_the_encoding_of_the_database_lacks(server, tmp_path, name, comment):
    db = Database(server, template="template0 ENCODING 'LATIN1' LOCALE 'C'")
    db.tables("CREATE TABLE t (id int PRIMARY KEY)")
    cli = Cli(db, tmp_path)
    cli.run("baseline", "é")
    add = [{"add_column": {"table": "t", "column": {"name": "ü", "type": "int", "nullable": True, "comment": comment}}}]
    assert "encoding lacks" in cli.start(name, add, expect=MIGRATION).err
    assert cli.versions() == {"é": "live"}
    db.drop()


def test_a_version_name_too_long(db, cli, unchanged):
    db.tables(TABLES)
    unchanged.mark()
    error = cli.start("x" * (64 - len("public_")), [{"drop_table": {"name": "t"}}], expect=MIGRATION).err
    assert "63" in error
    unchanged.check()


GOOD = """\
operations:
  - add_column:
      table: t
      column:
        name: b
        type: int
        default: '7'
"""


@pytest.mark.parametrize("document", [GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD], ids=["CRLF", "byte-order mark"])
def test_line_ends_and_marks_of_other_systems_work(db, cli, document):
    db.tables(TABLES)
    cli.start("good", document)
    assert db.rows("good", "SELECT * FROM t") == [(1, 5, 7)]


def test_yaml_anchors_work(db, cli):
    db.tables(TABLES)
    cli.start("good", """\
operations:
  - add_column: {table: t, column: &c {name: b, type: int, default: "7"}}
  - add_column:
      table: t
      column: {<<: *c, name: c}
""")
    assert db.rows("good", "SELECT * FROM t") == [(1, 5, 7, 7)]


def test_json_and_yaml_are_equal(db, cli):
    db.tables(TABLES)
    steps = []
    for name in ("good.yaml", "good.json"):
        text = GOOD if name.endswith("yaml") else json.dumps({"operations": [{"add_column": {
            "table": "t", "column": {"name": "b", "type": "int", "default": "7"}}}]})
        steps.append(cli.run("plan", cli.file(name, text), "--json").json["steps"])
    assert steps[0] == steps[1]


def test_ten_thousand_operations_are_read(cli):
    operations = [{"rename_column": {"table": "t", "from": f"c{i}", "to": f"c{i + 1}"}} for i in range(10000)]
    result = cli.bare("validate", cli.file("many", operations))
    assert "10000" in result.text.replace(",", "")


def test_ten_thousand_operations_have_their_net_effect(db, cli):
    db.tables("CREATE TABLE t (c0 int); INSERT INTO t VALUES (1)")
    operations = [{"rename_column": {"table": "t", "from": f"c{i}", "to": f"c{i + 1}"}} for i in range(10000)]
    cli.start("many", operations)
    assert db.rows("many", "SELECT c10000 FROM t") == [(1,)]
    assert db.columns("base", "t") == ["c0"]
