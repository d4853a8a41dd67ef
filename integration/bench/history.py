"""A generated history like that of an application some years old: 171 migrations over tables with rows.

Always the same one: its random numbers have a fixed seed.
"""
import random

VERSIONS = 171
OPERATIONS = {"create_table": 42, "drop_table": 10, "rename_table": 1, "add_column": 95, "drop_column": 21,
              "rename_column": 36, "alter_column": 24}
FIRST_TABLES, FIRST_ROWS, NEW_ROWS = 12, 2000, 200
TYPES = ["integer", "bigint", "text", "boolean", "date", "numeric(12,2)", "timestamptz", "uuid"]


def first_tables():
    """SQL of the tables that are there before the first migration, with their rows."""
    for n in range(1, FIRST_TABLES + 1):
        yield (f"CREATE TABLE base_{n} (id bigint PRIMARY KEY, name text NOT NULL, amount integer,"
               " created timestamptz DEFAULT now())")
        yield f"INSERT INTO base_{n} SELECT i, 'name ' || i, i % 100 FROM generate_series(1, {FIRST_ROWS}) i"


class _Schema:
    """The shape that the migrations have led to: name of table -> {column: type}."""

    def __init__(self, rng):
        self.rng = rng
        self.tables = {f"base_{n}": {"name": "text", "amount": "integer", "created": "timestamptz"}
                       for n in range(1, FIRST_TABLES + 1)}
        self.number = 0

    def fresh(self, stem):
        self.number += 1
        return f"{stem}_{self.number}"

    def table(self, without=(), least=0):
        found = [t for t, columns in self.tables.items() if t not in without and len(columns) >= least]
        return self.rng.choice(sorted(found))

    def column(self, table, *types):
        found = [c for c, t in self.tables[table].items() if not types or t in types]
        return self.rng.choice(sorted(found)) if found else None

    def create_table(self, busy):
        name = self.fresh("table")
        columns = {self.fresh("col"): self.rng.choice(TYPES) for _ in range(self.rng.randint(3, 9))}
        self.tables[name] = columns
        return name, {"name": name, "columns": [{"name": "id", "type": "bigint", "pk": True}] + [
            {"name": c, "type": t, "nullable": True} for c, t in columns.items()]}

    def drop_table(self, busy):
        name = self.table(busy)
        del self.tables[name]
        return name, {"name": name}

    def rename_table(self, busy):
        name, to = self.table(busy), self.fresh("renamed")
        self.tables[to] = self.tables.pop(name)
        return to, {"from": name, "to": to}

    def add_column(self, busy):
        table, column, type_ = self.table(busy), self.fresh("col"), self.rng.choice(TYPES)
        self.tables[table][column] = type_
        entry = {"name": column, "type": type_, "nullable": True}
        if type_ in ("integer", "bigint") and self.rng.random() < 0.5:
            entry.update(nullable=False, default="0")
        operation = {"table": table, "column": entry}
        if type_ == "text" and self.rng.random() < 0.3:
            operation["up"] = "id::text"  # a twin's worth of work: every row is filled
        return table, operation

    def drop_column(self, busy):
        table = self.table(busy, least=2)
        column = self.column(table)
        operation = {"table": table, "column": column}
        if self.tables[table][column] == "text":  # perhaps the first tables' NOT NULL one
            operation["down"] = "'gone'"
        del self.tables[table][column]
        return table, operation

    def rename_column(self, busy):
        table = self.table(busy, least=1)
        column, to = self.column(table), self.fresh("col")
        self.tables[table][to] = self.tables[table].pop(column)
        return table, {"table": table, "from": column, "to": to}

    def alter_column(self, busy):
        for table in self.rng.sample(sorted(set(self.tables) - set(busy)), len(set(self.tables) - set(busy))):
            column = self.column(table, "integer")
            if column:
                self.tables[table][column] = "bigint"
                return table, {"table": table, "column": column, "type": "bigint", "up": f'"{column}"',
                               "down": f'"{column}"'}
        table = self.table(busy, least=1)
        return table, {"table": table, "column": self.column(table), "comment": "what it is for"}


def migrations():
    """[(name, operations, tables it creates)], in order; none names a table twice."""
    rng = random.Random(VERSIONS)
    schema = _Schema(rng)
    kinds = [kind for kind, count in OPERATIONS.items() for _ in range(count)]
    rng.shuffle(kinds)
    parts = [[kind] for kind in kinds[:VERSIONS]]
    for kind in kinds[VERSIONS:]:
        rng.choice(parts).append(kind)
    for number, part in enumerate(parts, 1):
        operations, busy = [], []
        for kind in part:
            table, operation = getattr(schema, kind)(busy)
            operations.append({kind: operation})
            busy.append(table)
        created = [o["create_table"]["name"] for o in operations if "create_table" in o]
        yield f"v{number:03}", operations, created
