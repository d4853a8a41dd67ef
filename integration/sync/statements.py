"""Random statements through a version's view or the base table, with the change each makes per row.

A Statement is SQL plus, in order, what it does: ("insert", id, values), ("update", id, values),
("upsert", id, proposed, values) or ("delete", id), values by physical column.
"""
import dataclasses

from rig.database import quote
from sync.table import literal

EQUALS = "OPERATOR(pg_catalog.=)"  # the statement itself must not fall for a hostile path


@dataclasses.dataclass
class Statement:
    writer: int
    sql: str
    effects: list


class Writer:
    """Writes as version `version`, by its view or (version None) by the table, as the oldest."""

    def __init__(self, rng, chain, table, oldest, version, qualified):
        self.rng, self.chain, self.table = rng, chain, table
        self.version = version or oldest
        self.base = version is None
        self.columns = {p: p for p in chain.shapes[oldest].values()} if self.base else chain.shapes[version]
        schema = "public" if self.base else f"app_v{version}"
        self.target = (f"{schema}." if qualified else "") + quote(table.name)

    def default(self, physical):
        if self.base:
            return self.chain.columns[physical].default
        return self.chain.view_defaults.get((self.version, physical))

    def statement(self, rows, next_id, returning=""):
        kinds = ["update"] * 8 + ["update_from"] * 2 + ["insert"] * 3 + ["upsert"] * 2 + ["delete"]
        kind = self.rng.choice(kinds if rows else ["insert"])
        sql, effects = getattr(self, "_" + kind)(rows, next_id)
        return Statement(self.version, sql + returning, effects)

    def _some(self, low=1, high=3):
        names = list(self.columns)
        return self.rng.sample(names, min(len(names), self.rng.randint(low, high)))

    def _value(self, logical):
        """(SQL, value); now and then DEFAULT."""
        physical = self.columns[logical]
        if self.rng.random() < 0.1:
            return "DEFAULT", self.default(physical)
        value = self.chain.value(self.chain.columns[physical].type)
        return literal(value), value

    def _ids(self, rows, high=3):
        return self.rng.sample(sorted(rows), min(len(rows), self.rng.randint(1, high)))

    def _where(self, ids):
        return f" WHERE id {EQUALS} ANY (ARRAY[{', '.join(map(str, ids))}])"

    def _update(self, rows, next_id):
        ids, sets = self._ids(rows), []
        changes = {i: {} for i in ids}
        everything = self.rng.random() < 0.15  # what an ORM does: all columns, most of them unchanged
        chosen = self._some()
        for logical in self.columns if everything else chosen:
            physical = self.columns[logical]
            if logical not in chosen or self.rng.random() < 0.1:
                sets.append(f"{quote(logical)} = {quote(logical)}")
                continue
            sql, value = self._value(logical)
            sets.append(f"{quote(logical)} = {sql}")
            for i in ids:
                changes[i][physical] = value
        if not sets:
            sets, changes = ["id = id"], {i: {} for i in ids}
        return (f"UPDATE {self.target} SET {', '.join(sets)}{self._where(ids)}",
                [("update", i, changes[i]) for i in ids])

    def _update_from(self, rows, next_id):
        ids, chosen = self._ids(rows), self._some(1, 2)
        lines, effects = [], []
        for i in ids:
            values = {c: self.chain.value(self.chain.columns[self.columns[c]].type) for c in chosen}
            typed = [f"{literal(v)}::{self.chain.columns[self.columns[c]].type}" for c, v in values.items()]
            lines.append(f"({', '.join([str(i), *typed])})")
            effects.append(("update", i, {self.columns[c]: v for c, v in values.items()}))
        sets = ", ".join(f"{quote(c)} = given.g{n}" for n, c in enumerate(chosen))
        names = ", ".join(["key", *(f"g{n}" for n in range(len(chosen)))])
        return (f"UPDATE {self.target} AS t SET {sets} FROM (VALUES {', '.join(lines)}) AS given({names}) "
                f"WHERE t.id {EQUALS} given.key", effects)

    def _rows_to_insert(self, ids):
        chosen, lines, given = self._some(0, len(self.columns)), [], {}
        omitted = {p: self.default(p) for l, p in self.columns.items() if l not in chosen}
        for i in ids:
            values = {c: self._value(c) for c in chosen}
            lines.append(f"({', '.join([str(i), *(sql for sql, _ in values.values())])})")
            given[i] = omitted | {self.columns[c]: v for c, (_, v) in values.items()}
        names = ", ".join(["id", *map(quote, chosen)])
        return f"INSERT INTO {self.target} ({names}) VALUES {', '.join(lines)}", given, chosen

    def _insert(self, rows, next_id):
        sql, given, _ = self._rows_to_insert(range(next_id, next_id + self.rng.randint(1, 3)))
        return sql, [("insert", i, values) for i, values in given.items()]

    def _upsert(self, rows, next_id):
        ids = self._ids(rows, 2) + [next_id] * (self.rng.random() < 0.3)
        sql, given, chosen = self._rows_to_insert(ids)
        if not chosen:
            return sql + " ON CONFLICT (id) DO NOTHING", [
                ("upsert", i, v, {}) if i in rows else ("insert", i, v) for i, v in given.items()]
        updated = self.rng.sample(chosen, self.rng.randint(1, len(chosen)))
        sets = ", ".join(f"{quote(c)} = EXCLUDED.{quote(c)}" for c in updated)
        effects = [("upsert", i, v, {self.columns[c]: v[self.columns[c]] for c in updated}) if i in rows
                   else ("insert", i, v) for i, v in given.items()]
        return f"{sql} ON CONFLICT (id) DO UPDATE SET {sets}", effects

    def _delete(self, rows, next_id):
        ids = self._ids(rows, 1)
        return f"DELETE FROM {self.target}{self._where(ids)}", [("delete", i) for i in ids]
