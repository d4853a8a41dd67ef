"""Pairs of SQL and Python that mean the same: what a random migration may do to a value.

`up` and `down` take the column's name as {c}; None leaves the key out of the document. The Python functions
never see NULL unless `sees_null`; NULL maps to NULL.
"""
from dataclasses import dataclass
from decimal import Decimal
from typing import Callable, Optional

WORDS = ["", "a", "B", "it's", "hello", "x" * 12, "Zoé", "7", "?", "null"]


def ints(rng):
    return rng.randint(-1000, 1000)


def small_ints(rng):
    return rng.randint(0, 20)


def texts(rng):
    return rng.choice(WORDS)


def short_texts(rng):
    return rng.choice(WORDS)[:5]


def decimals(rng):
    return Decimal(rng.randint(-99999, 99999)).scaleb(-2)


def booleans(rng):
    return rng.random() < 0.5


VALUES = {"int": ints, "bigint": ints, "text": texts, "varchar(5)": short_texts, "numeric(12,2)": decimals,
          "boolean": booleans}


def truncated_half(v):
    return int(v / 2)


@dataclass(frozen=True)
class Translation:
    source: str
    target: str
    up: Optional[str]
    down: Optional[str]
    up_value: Callable
    down_value: Callable
    values: Callable              # what the new version may write
    sees_null: bool = False
    nullable: Optional[bool] = None    # the new version's, None: as it was
    needs_nullable: Optional[bool] = None   # only for a column that is (not) nullable

    def apply_up(self, v):
        return self.up_value(v) if v is not None or self.sees_null else None

    def apply_down(self, v):
        return self.down_value(v) if v is not None or self.sees_null else None


def same(v):
    return v


TRANSLATIONS = [
    Translation("int", "bigint", None, None, same, same, ints),
    Translation("int", "int", "{c} * 2", "{c} / 2", lambda v: v * 2, truncated_half, ints),
    Translation("int", "text", "'v' || {c}", "length({c})", lambda v: f"v{v}", len, texts),
    Translation("int", "numeric(12,2)", "{c} / 100.0", "({c} * 100)::int",
                lambda v: (Decimal(v) / 100).quantize(Decimal("0.01")), lambda v: int(v * 100), decimals),
    Translation("int", "int", "coalesce({c}, 0)", "nullif({c}, 0)", lambda v: v or 0, lambda v: v or None, ints,
                sees_null=True, nullable=False, needs_nullable=True),
    Translation("int", "int", "{c} + 1", "coalesce({c}, 10) - 1", lambda v: None if v is None else v + 1,
                lambda v: (10 if v is None else v) - 1, ints, sees_null=True, nullable=True, needs_nullable=False),
    Translation("bigint", "text", "{c}::text", "length({c})", str, len, texts),
    Translation("text", "text", "upper({c})", "lower(left({c}, 3))", str.upper, lambda v: v[:3].lower(), texts),
    Translation("text", "text", "{c} || '!'", "rtrim({c}, '!')", lambda v: v + "!", lambda v: v.rstrip("!"), texts),
    Translation("text", "int", "length({c})", "left(repeat('x', {c}), 30)", len,
                lambda v: "x" * min(max(0, v), 30), small_ints),
    Translation("text", "varchar(5)", "left({c}, 5)", None, lambda v: v[:5], same, short_texts),
    Translation("text", "text", "coalesce({c}, '?')", "nullif({c}, '?')", lambda v: "?" if v is None else v,
                lambda v: None if v == "?" else v, texts, sees_null=True, nullable=False, needs_nullable=True),
    Translation("numeric(12,2)", "text", "{c}::text", "length({c})", str, lambda v: Decimal(f"{len(v)}.00"), texts),
    Translation("boolean", "int", "{c}::int", "{c} <> 0", int, lambda v: v != 0, ints),
]


@dataclass(frozen=True)
class Reading:
    """An expression over one or two other columns: for added columns (`up`) and dropped ones (`down`)."""
    sources: tuple                # types
    target: str
    sql: str
    value: Callable               # sees NULL


READINGS = [
    Reading(("text",), "text", "upper({0})", lambda v: None if v is None else v.upper()),
    Reading(("text",), "int", "coalesce(length({0}), -1)", lambda v: -1 if v is None else len(v)),
    Reading(("int",), "text", "'n' || coalesce({0}, 0)", lambda v: f"n{v or 0}"),
    Reading(("int",), "int", "coalesce({0}, 5) + 1", lambda v: (5 if v is None else v) + 1),
    Reading(("text", "int"), "text", "coalesce({0}, '-') || '/' || coalesce({1}, 0)",
            lambda a, b: f"{'-' if a is None else a}/{b or 0}"),
    Reading(("int", "int"), "bigint", "coalesce({0}, 0)::bigint - coalesce({1}, 0)", lambda a, b: (a or 0) - (b or 0)),
    Reading((), "int", "42", lambda: 42),
    Reading((), "text", "'same'", lambda: "same"),
]
