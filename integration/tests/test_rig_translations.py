"""The property test's translations mean the same in SQL and in Python, on the server that judges."""
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "property"))

from generate import Migration, Version, random_table
from rig.oracle import image, literal
from translations import READINGS, TRANSLATIONS, VALUES


def agree(db, sql, target, arguments, expected):
    for number, (argument, type) in enumerate(arguments):
        sql = sql.replace("{%d}" % number, f"({literal(argument)}::{type})")
    assert image(db.value(f"SELECT ({sql})::{target}")) == image(expected), (sql, expected)


@pytest.mark.parametrize("t", TRANSLATIONS, ids=lambda t: f"{t.source}-{t.target}-{t.up}")
def test_translation(db, t):
    rng = random.Random(1)
    for _ in range(15):
        old = rng.choice([None, VALUES[t.source](rng)])
        agree(db, (t.up or "{c}").replace("{c}", "{0}"), t.target, [(old, t.source)], t.apply_up(old))
        new = rng.choice([None, t.values(rng)])
        agree(db, (t.down or "{c}").replace("{c}", "{0}"), t.source, [(new, t.target)], t.apply_down(new))


@pytest.mark.parametrize("r", READINGS, ids=lambda r: r.sql)
def test_reading(db, r):
    rng = random.Random(1)
    for _ in range(15):
        given = [rng.choice([None, VALUES[s](rng)]) for s in r.sources]
        agree(db, r.sql, r.target, list(zip(given, r.sources)), r.value(*given))


def test_random_migrations_are_varied_and_their_links_compute():
    kinds = set()
    for seed in range(300):
        rng = random.Random(seed)
        table, drafts, indexes = random_table(rng)
        migration = Migration(rng, Version(1, "v1", "public_v1", table, drafts, indexes, ["other"]), 2).grow(5)
        kinds |= {next(iter(operation)) for operation in migration.operations}
        old = {d.store: None if d.values is None else d.values(rng) for d in drafts}
        row = dict(old)
        for link in migration.links:
            if link.up:
                row[link.output] = link.function(*[old[i] for i in link.inputs])
        for link in migration.links:
            if not link.up:
                link.function(*[row.get(i) for i in link.inputs])
    assert kinds == {"alter_column", "rename_column", "add_column", "drop_column", "create_index", "drop_index",
                     "rename_table", "create_table", "drop_table", "sql"}
