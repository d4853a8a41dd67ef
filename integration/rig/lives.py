"""Migrations that together use every operation, with the shapes and links that writers and oracle need.

A life is: tables, the operations of version 2, and how the writers' table looks in both versions.
"""
from dataclasses import dataclass, field
from decimal import Decimal

from rig.oracle import Column, Link, Shape


def cents(rng):
    return rng.randint(-10**6, 10**6)


def money(rng):
    return Decimal(cents(rng)).scaleb(-2)


def word(rng):
    return rng.choice([None, "", "a", "Anna", "it's", "Grüße", "über alles", "x" * 30])


def small(rng):
    return rng.choice([None, 0, 1, 5, -7, 1000])


def some_small(rng):
    return rng.randint(0, 1000)


def to_money(value):
    return None if value is None else (Decimal(value) / 100).quantize(Decimal("0.01"))


def to_cents(value):
    return None if value is None else int(value * 100)


@dataclass
class Life:
    name: str
    tables: str
    operations: list
    old: list                     # columns of the writers' table
    new: list
    links: list
    table: tuple = ("accounts", "accounts")
    physical_defaults: dict = field(default_factory=dict)

    def shapes(self, old_schema, new_schema):
        return [Shape(1, old_schema, self.table[0], self.old), Shape(2, new_schema, self.table[1], self.new)]


def key(name="id"):
    return Column(name, "id", "int", None, not_null=True)


ALTERED = Life(
    name="altered",
    tables="""
        CREATE TABLE accounts (
          id int PRIMARY KEY, cents int NOT NULL DEFAULT 0, name text, zip text, score int, note text DEFAULT 'n');
        CREATE INDEX accounts_cents ON accounts (cents);
        CREATE INDEX accounts_cents_name ON accounts (cents DESC, name) WHERE cents > 100;
        CREATE INDEX accounts_score ON accounts (score);
        COMMENT ON COLUMN accounts.cents IS 'in cents';
    """,
    operations=[
        {"alter_column": {"table": "accounts", "column": "cents", "type": "numeric(12,2)",
                          "up": "cents / 100.0", "down": "cents * 100"}},
        {"rename_column": {"table": "accounts", "from": "name", "to": "label"}},
        {"alter_column": {"table": "accounts", "column": "label", "type": "varchar(8)",
                          "up": "left(label, 8)", "down": "label || '~'", "comment": "at most eight"}},
        {"add_column": {"table": "accounts", "up": "coalesce(zip, '') || '/' || coalesce(note, '')",
                        "column": {"name": "place", "type": "text", "nullable": False}}},
        {"drop_column": {"table": "accounts", "column": "zip", "down": "split_part(place, '/', 1)"}},
        {"alter_column": {"table": "accounts", "column": "score", "nullable": False, "default": "7",
                          "check": {"name": "score_small", "constraint": "score < 100000"},
                          "up": "coalesce(score, 0)", "down": "nullif(score, 0)"}},
        {"add_column": {"table": "accounts", "column": {"name": "level", "type": "int", "default": "3"}}},
        {"create_index": {"table": "accounts", "name": "accounts_place", "columns": [{"column": "place"}]}},
        {"drop_index": {"name": "accounts_score"}},
    ],
    old=[key(), Column("cents", "cents", "int", cents, True, 0), Column("name", "name", "text", word),
         Column("zip", "zip", "text", word), Column("score", "score", "int", small),
         Column("note", "note", "text", word, default="n")],
    new=[key(), Column("cents", "money", "numeric(12,2)", money, True, Decimal("0.00")),
         Column("label", "label", "varchar(8)", lambda rng: (word(rng) or "")[:8]),
         Column("score", "points", "int", some_small, True, 7), Column("note", "note", "text", word, default="n"),
         Column("place", "place", "text", lambda rng: word(rng) or "-", True),
         Column("level", "level", "int", some_small, True, 3)],
    links=[Link(2, True, "money", ("cents",), to_money), Link(2, False, "cents", ("money",), to_cents),
           Link(2, True, "label", ("name",), lambda v: None if v is None else v[:8]),
           Link(2, False, "name", ("label",), lambda v: None if v is None else v + "~"),
           Link(2, True, "place", ("zip", "note"), lambda z, n: (z or "") + "/" + (n or "")),
           Link(2, False, "zip", ("place",), lambda p: p.split("/")[0]),
           Link(2, True, "points", ("score",), lambda v: v or 0),
           Link(2, False, "score", ("points",), lambda v: v or None),
           Link(2, True, "level", (), lambda: 3)],
)

RESHAPED = Life(
    name="reshaped",
    tables="""
        CREATE TABLE regions (code text PRIMARY KEY);
        INSERT INTO regions VALUES ('n'), ('s');
        CREATE TABLE accounts (id int PRIMARY KEY, region text DEFAULT 'n', serial_no int, amount int NOT NULL DEFAULT 1);
        CREATE TABLE old_stuff (id int PRIMARY KEY, body text);
        INSERT INTO old_stuff SELECT g, 'x' FROM generate_series(1, 50) g;
        CREATE INDEX old_amount ON accounts (amount);
    """,
    operations=[
        {"rename_table": {"from": "accounts", "to": "customers"}},
        {"create_table": {"name": "orders", "comment": "new", "columns": [
            {"name": "id", "type": "serial", "pk": True},
            {"name": "customer", "type": "int", "nullable": True},
            {"name": "state", "type": "text", "default": "'open'", "unique": False,
             "check": {"name": "state_known", "constraint": "state IN ('open', 'done')"}}]}},
        {"drop_table": {"name": "old_stuff"}},
        {"alter_column": {"table": "customers", "column": "region",
                          "references": {"name": "customers_region", "table": "regions", "column": "code"}}},
        {"alter_column": {"table": "customers", "column": "amount", "type": "bigint", "default": "2",
                          "comment": "wide"}},
        {"alter_column": {"table": "customers", "column": "serial_no", "unique": {"name": "customers_serial"}}},
        {"create_index": {"table": "customers", "name": "customers_amount",
                          "columns": {"amount": {"sort": "DESC", "nulls": "LAST"}},
                          "predicate": "amount > 10", "storage_parameters": "fillfactor = 70"}},
        {"drop_index": {"name": "old_amount"}},
        {"sql": {"up": "CREATE SEQUENCE made_on_complete", "onComplete": True}},
    ],
    table=("accounts", "customers"),
    old=[key(), Column("region", "region", "text", lambda rng: rng.choice(["n", "s", None]), default="n"),
         Column("serial_no", "serial_no", "int", lambda rng: None),
         Column("amount", "amount", "int", some_small, True, 1)],
    new=[key(), Column("region", "region", "text", lambda rng: rng.choice(["n", "s", None]), default="n"),
         Column("serial_no", "serial_no", "int", lambda rng: None),
         Column("amount", "amount_2", "bigint", some_small, True, 2)],
    links=[Link(2, True, "amount_2", ("amount",), lambda v: v), Link(2, False, "amount", ("amount_2",), lambda v: v)],
)

RAW = Life(
    name="raw",
    tables="""
        CREATE TABLE accounts (id int PRIMARY KEY, amount int NOT NULL DEFAULT 1);
    """,
    operations=[{"sql": {"up": "CREATE TABLE extra (id int PRIMARY KEY)", "down": "DROP TABLE extra"}}],
    old=[key(), Column("amount", "amount", "int", some_small, True, 1)],
    new=[key(), Column("amount", "amount", "int", some_small, True, 1)],
    links=[],
)

# The functions name no column and change nothing, so that the oracle need not know them; the triggers are around
# and over everything that is translated.
TRIGGERED = Life(
    name="triggered",
    tables="""
        CREATE TABLE accounts (id int PRIMARY KEY, cents int NOT NULL DEFAULT 0, note text DEFAULT 'n');
        CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER before_all BEFORE INSERT OR UPDATE OF cents ON accounts FOR EACH ROW EXECUTE FUNCTION pass();
        CREATE TRIGGER "~zlate" BEFORE UPDATE OF note, cents ON accounts FOR EACH ROW
          WHEN (OLD.cents IS DISTINCT FROM NEW.cents) EXECUTE FUNCTION pass();
        CREATE CONSTRAINT TRIGGER checked AFTER UPDATE OF cents ON accounts DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION pass();
        CREATE TRIGGER off AFTER UPDATE OF cents ON accounts FOR EACH STATEMENT EXECUTE FUNCTION pass();
        ALTER TABLE accounts DISABLE TRIGGER off;
        COMMENT ON TRIGGER checked ON accounts IS 'at the end';
    """,
    operations=[
        {"alter_column": {"table": "accounts", "column": "cents", "type": "numeric(12,2)",
                          "up": "cents / 100.0", "down": "cents * 100"}},
    ],
    old=[key(), Column("cents", "cents", "int", cents, True, 0), Column("note", "note", "text", word, default="n")],
    new=[key(), Column("cents", "money", "numeric(12,2)", money, True, Decimal("0.00")),
         Column("note", "note", "text", word, default="n")],
    links=[Link(2, True, "money", ("cents",), to_money), Link(2, False, "cents", ("money",), to_cents)],
)

LIVES = {life.name: life for life in (ALTERED, RESHAPED, RAW, TRIGGERED)}
