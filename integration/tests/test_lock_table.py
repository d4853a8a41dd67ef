"""docs/locks.md says which locks every operation takes; this takes them again (law 6)."""
import os
import random

import pytest

import lock_table
from rig import locktrace
from rig.server import Server


@pytest.fixture(scope="module")
def traced(pgstrata):
    """Every operation under `./test --long`, otherwise some, drawn anew in each run."""
    names = list(lock_table.OPERATIONS)
    some = names if os.environ.get("PGSTRATA_LONG") else sorted(random.sample(names, 6), key=names.index)
    print(f"traced: {', '.join(some)}")
    with Server() as server:
        yield lock_table.trace(server, some)


def test_the_page_names_the_locks_that_are_observed(traced):
    observed = list(lock_table.rows(traced))
    page = [line for line in lock_table.rows_of_page(lock_table.PAGE.read_text())
            if line.split(" | ")[0].removeprefix("| ") in traced]
    assert page == observed, "run integration/lock_table.py and look at the difference:\n" + "\n".join(
        [f"- {line}" for line in page if line not in observed] + [f"+ {line}" for line in observed if line not in page])


def test_no_lock_that_stops_writers_of_a_table_is_taken_outside_an_attempt(traced):
    """Attempts give up within the lock budget; nothing else does."""
    for operation, commands in traced.items():
        for command, locks in commands.items():
            for kind, title, relation, relkind, mode, _ in locks:
                stops = mode in locktrace.BLOCKS_WRITERS and relkind in ("r", "p")
                assert not stops or kind == "attempt", f"{operation}, {command}, {title}: {mode} on {relation}, a {kind}"


def test_a_unit_holds_one_strong_lock_or_the_two_of_a_foreign_key(traced):
    for operation, commands in traced.items():
        for command, locks in commands.items():
            units = {}
            for kind, title, relation, relkind, mode, _ in locks:
                if mode in locktrace.BLOCKS_WRITERS and relkind in ("r", "p"):
                    units.setdefault(title, set()).add(relation)
            for title, tables in units.items():
                assert len(tables) <= (2 if "key" in title else 1), f"{operation}, {command}, {title}: {tables}"


def test_every_operation_of_this_release_is_traced():
    named = {next(iter(operation)) for operations in lock_table.OPERATIONS.values() for operation in operations}
    assert named == {"create_table", "drop_table", "rename_table", "add_column", "drop_column", "rename_column",
                     "alter_column", "create_index", "drop_index"}, "sql takes what it says"
