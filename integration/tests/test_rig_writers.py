"""The random writers and the oracle, checked against PostgreSQL itself on one table in one version."""
import pytest

from rig.lives import ALTERED
from rig.oracle import Column, Link, Oracle, Shape
from rig.waitwatch import WaitWatch
from rig.writers import Writers


def test_on_one_version_every_kind_of_statement_does_what_the_oracle_says(db):
    db.tables(ALTERED.tables)
    with Writers(db, [Shape(1, "public", "accounts", ALTERED.old)], []) as writers, WaitWatch(db):
        writers.fill(1)
        writers.add(1)
        writers.add(1, "absent")
        writers.pause_until(400)
        writers.check(1)


def test_a_single_wrong_value_fails_the_comparison(db):
    db.tables(ALTERED.tables)
    with Writers(db, [Shape(1, "public", "accounts", ALTERED.old)], []) as writers:
        writers.fill(1)
        db.execute("UPDATE accounts SET name = 'tampered' WHERE id = (SELECT min(id) FROM accounts)")
        with pytest.raises(AssertionError, match="1 rows differ"):
            writers.check(1)


def test_a_client_error_fails_the_comparison(db):
    db.tables(ALTERED.tables)
    with Writers(db, [Shape(1, "public", "accounts", ALTERED.old)], []) as writers:
        writers.add(1)
        writers.pause_until(20)
        db.execute("ALTER TABLE accounts ADD CONSTRAINT impossible CHECK (false) NOT VALID")
        with pytest.raises(AssertionError):
            writers.pause_until(10**6)
        with pytest.raises(AssertionError, match="23514"):
            writers.check(1)


def _oracle():
    old = [Column("id", "id", "int", None), Column("a", "a", "int", None), Column("s", "s", "int", None)]
    new = [Column("id", "id", "int", None), Column("a", "a2", "text", None), Column("s", "s", "int", None),
           Column("t", "t", "int", None)]
    links = [Link(2, True, "a2", ("a",), lambda a: str(a)), Link(2, False, "a", ("a2",), lambda a: len(a)),
             Link(2, True, "t", ("s",), lambda s: s)]
    return Oracle([Shape(1, "one", "t", old), Shape(2, "two", "t", new)], links)


def test_the_oracle_translates_both_ways_and_leaves_what_did_not_change():
    oracle = _oracle()
    oracle.insert(2, 1, {"a": "long", "s": 5, "t": 9})
    assert oracle.shown(1)[1] == [1, 4, 5]
    oracle.update(1, 1, {"a": 4})
    assert oracle.shown(2)[1] == [1, "long", 5, 9]
    oracle.update(1, 1, {"a": 12})
    assert oracle.shown(2)[1] == [1, "12", 5, 9]


def test_the_oracle_knows_which_updates_only_the_path_can_attribute():
    oracle = _oracle()
    oracle.insert(2, 1, {"a": "x", "s": 5, "t": 9})
    assert not oracle.attributable(2, 1, {"s": 6})
    assert oracle.attributable(2, 1, {"s": 6, "t": 10})
    assert oracle.attributable(2, 1, {"s": 5, "a": "y"})
