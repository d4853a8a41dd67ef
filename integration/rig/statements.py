"""Random statements of every kind against one shape, each with what it does to the oracle.

A statement touches only keys of the partition it is made for, so that several writers work on one table
and each result still is known. `random_statement` returns (SQL, effect); `effect()` is to be called once
the transaction has committed, in the order of the statements.
"""
from rig.oracle import literal
from rig.database import quote


class Maker:
    """Makes statements for one writer: `w` writes `shape`, its path names the version (or does not).

    `schema` is given where the writer goes to the base table in the shape of `w`, the oldest version: there
    the columns may stand in another order, and not all of them are the version's.
    """

    def __init__(self, oracle, w, rng, keys, path_is_right=True, schema=None):
        self.oracle, self.w, self.rng, self.keys = oracle, w, rng, keys
        self.shape = oracle.shapes[w]
        self.path_is_right, self.on_base = path_is_right, schema is not None
        table = quote(self.shape.table)
        self.table = table if path_is_right else f"{quote(schema or self.shape.schema)}.{table}"
        self.key = quote(self.shape.key.name)

    def statement(self):
        """A statement whose writer the engine can know: others are left out."""
        for _ in range(30):
            made = self.rng.choice(KINDS)(self)
            if made is not None:
                return made
        return f"SELECT count(*) FROM {self.table}", lambda: None

    def present(self):
        return [k for k in self.keys if k in self.oracle.rows]

    def absent(self):
        return [k for k in self.keys if k not in self.oracle.rows]

    def some_present(self):
        present = self.present()
        return self.rng.sample(present, self.rng.randint(1, min(4, len(present)))) if present else []

    def row(self):
        """Values for an INSERT: what is left out takes its default."""
        named = {}
        for column in self.shape.columns[1:]:
            needed = column.not_null and column.default is None
            if needed or self.rng.random() < 0.6:
                named[column.name] = column.values(self.rng)
        return named

    def changes(self, several=True):
        """Values for an UPDATE; the same ones for `several` rows."""
        columns = [c for c in self.shape.columns[1:] if not (several and c.unique)]
        picked = self.rng.sample(columns, self.rng.randint(1, min(3, len(columns))))
        return {c.name: c.values(self.rng) for c in picked}

    def decidable(self, keys, changes_of):
        if self.path_is_right:
            return True
        return all(self.oracle.attributable(self.w, k, changes_of(k)) for k in keys)

    def sets(self, changes):
        return ", ".join(f"{quote(n)} = {literal(v)}" for n, v in changes.items())

    def where(self, keys):
        return f"{self.key} IN ({', '.join(map(str, keys))})"


def _insert_text(maker, names, rows):
    columns = ", ".join(map(quote, names))
    values = ", ".join("(" + ", ".join(r) + ")" for r in rows)
    return f"INSERT INTO {maker.table} ({columns}) VALUES {values}"


def insert(maker):
    absent = maker.absent()
    if not absent:
        return None
    key, named = maker.rng.choice(absent), maker.row()
    names = [maker.shape.key.name, *named]
    sql = _insert_text(maker, names, [[literal(key), *map(literal, named.values())]])
    return sql + maker.rng.choice(["", " RETURNING *"]), lambda: maker.oracle.insert(maker.w, key, named)


def insert_many(maker):
    keys = maker.absent()[:4]
    if len(keys) < 2:
        return None
    template = maker.row()
    rows = {}
    for key in keys:
        rows[key] = {n: maker.shape.column(n).values(maker.rng) for n in template}
    names = [maker.shape.key.name, *template]
    sql = _insert_text(maker, names, [[literal(k), *map(literal, r.values())] for k, r in rows.items()])
    return sql, lambda: [maker.oracle.insert(maker.w, k, r) for k, r in rows.items()]


def insert_positional(maker):
    absent = maker.absent()
    if not absent or maker.on_base:
        return None
    key = maker.rng.choice(absent)
    named = {c.name: c.values(maker.rng) for c in maker.shape.columns[1:]}
    values = ", ".join(map(literal, [key, *named.values()]))
    return f"INSERT INTO {maker.table} VALUES ({values})", lambda: maker.oracle.insert(maker.w, key, named)


def insert_with_default_keyword(maker):
    absent = maker.absent()
    if not absent:
        return None
    key, named = maker.rng.choice(absent), maker.row()
    left = [c.name for c in maker.shape.columns[1:] if c.name not in named]
    names = [maker.shape.key.name, *named, *left]
    sql = _insert_text(maker, names, [[literal(key), *map(literal, named.values()), *["DEFAULT"] * len(left)]])
    return sql, lambda: maker.oracle.insert(maker.w, key, named)


def insert_select(maker):
    absent = maker.absent()
    if not absent:
        return None
    key, named = maker.rng.choice(absent), maker.row()
    names = ", ".join(map(quote, [maker.shape.key.name, *named]))
    types = [maker.shape.key.type, *[maker.shape.column(n).type for n in named]]
    values = ", ".join(f"CAST({literal(v)} AS {t})" for v, t in zip([key, *named.values()], types))
    return f"INSERT INTO {maker.table} ({names}) SELECT {values}", lambda: maker.oracle.insert(maker.w, key, named)


def upsert(maker):
    key = maker.rng.choice(maker.keys)
    named = {c.name: c.values(maker.rng) for c in maker.shape.columns[1:]}
    picked = maker.rng.sample(list(named), maker.rng.randint(1, len(named)))
    changes = {n: named[n] for n in picked}
    if key in maker.oracle.rows and not maker.decidable([key], lambda _: changes):
        return None
    sets = ", ".join(f"{quote(n)} = EXCLUDED.{quote(n)}" for n in picked)
    sql = _insert_text(maker, [maker.shape.key.name, *named], [[literal(key), *map(literal, named.values())]])

    def effect():
        if key in maker.oracle.rows:
            maker.oracle.update(maker.w, key, changes)
        else:
            maker.oracle.insert(maker.w, key, named)

    return f"{sql} ON CONFLICT ({maker.key}) DO UPDATE SET {sets}", effect


def _update(maker, text, one=False):
    keys = maker.some_present()[:1 if one else None]
    changes = maker.changes(several=not one)
    if not keys or not maker.decidable(keys, lambda _: changes):
        return None
    return text(keys, changes), lambda: [maker.oracle.update(maker.w, k, changes) for k in keys]


def update_one(maker):
    return _update(maker, lambda keys, changes:
                   f"UPDATE {maker.table} SET {maker.sets(changes)} WHERE {maker.where(keys)} RETURNING *", one=True)


def update_bulk(maker):
    return _update(maker, lambda keys, changes:
                   f"UPDATE {maker.table} SET {maker.sets(changes)} WHERE {maker.where(keys)}")


def update_from(maker):
    keys = maker.some_present()
    column = maker.rng.choice(maker.shape.columns[1:])
    values = {k: column.values(maker.rng) for k in keys}
    if not keys or not maker.decidable(keys, lambda k: {column.name: values[k]}):
        return None
    rows = ", ".join(f"({k}, CAST({literal(v)} AS {column.type}))" for k, v in values.items())
    sql = (f"UPDATE {maker.table} AS t SET {quote(column.name)} = s.v FROM (VALUES {rows}) AS s(k, v)"
           f" WHERE t.{maker.key} = s.k")
    return sql, lambda: [maker.oracle.update(maker.w, k, {column.name: v}) for k, v in values.items()]


def cte_update(maker):
    return _update(maker, lambda keys, changes:
                   f"WITH done AS (UPDATE {maker.table} SET {maker.sets(changes)} WHERE {maker.where(keys)}"
                   f" RETURNING {maker.key}) SELECT count(*) FROM done")


def cte_move(maker):
    """DELETE … RETURNING into INSERT: a row taken out and put back under another key by one statement."""
    present, absent = maker.present(), maker.absent()
    if not present or not absent:
        return None
    old, new = maker.rng.choice(present), maker.rng.choice(absent)
    names = [c.name for c in maker.shape.columns[1:]]
    listed = ", ".join(map(quote, names))
    sql = (f"WITH gone AS (DELETE FROM {maker.table} WHERE {maker.key} = {old} RETURNING *)"
           f" INSERT INTO {maker.table} ({maker.key}, {listed}) SELECT {new}, {listed} FROM gone")

    def effect():
        values = maker.oracle.shown(maker.w)[old][1:]
        maker.oracle.delete(old)
        maker.oracle.insert(maker.w, new, dict(zip(names, values)))

    return sql, effect


def set_default(maker):
    columns = [c for c in maker.shape.columns[1:] if c.default is not None or not c.not_null]
    keys = maker.some_present()
    if not columns or not keys:
        return None
    column = maker.rng.choice(columns)
    changes = {column.name: column.default}
    if not maker.decidable(keys, lambda _: changes):
        return None
    return (f"UPDATE {maker.table} SET {quote(column.name)} = DEFAULT WHERE {maker.where(keys)}",
            lambda: [maker.oracle.update(maker.w, k, changes) for k in keys])


def write_all_unchanged(maker):
    keys = maker.some_present()
    if not keys:
        return None
    sets = ", ".join(f"{quote(c.name)} = {quote(c.name)}" for c in maker.shape.columns)
    return f"UPDATE {maker.table} SET {sets} WHERE {maker.where(keys)}", lambda: None


def write_back(maker):
    """What an ORM does: every column is written, one of them changed."""
    keys = maker.some_present()[:1]
    if not keys:
        return None
    key, column = keys[0], maker.rng.choice(maker.shape.columns[1:])
    named = dict(zip([c.name for c in maker.shape.columns], maker.oracle.shown(maker.w)[key]))
    named[column.name] = column.values(maker.rng)
    if not maker.decidable(keys, lambda _: named):
        return None
    return (f"UPDATE {maker.table} SET {maker.sets(named)} WHERE {maker.where(keys)}",
            lambda: maker.oracle.update(maker.w, key, named))


def rekey(maker):
    present, absent = maker.present(), maker.absent()
    if not present or not absent:
        return None
    old, new = maker.rng.choice(present), maker.rng.choice(absent)
    if not maker.decidable([old], lambda _: {maker.shape.key.name: new}):
        return None
    return (f"UPDATE {maker.table} SET {maker.key} = {new} WHERE {maker.key} = {old}",
            lambda: maker.oracle.rekey(maker.w, old, new))


def delete(maker):
    keys = maker.some_present()[:2]
    if not keys:
        return None
    return (f"DELETE FROM {maker.table} WHERE {maker.where(keys)}",
            lambda: [maker.oracle.delete(k) for k in keys])


def prepared_update(maker):
    """PREPARE once per connection and column, EXECUTE from then on; see writers.Session.execute."""
    keys = maker.some_present()[:1]
    column = maker.rng.choice(maker.shape.columns[1:])
    changes = {column.name: column.values(maker.rng)}
    if not keys or not maker.decidable(keys, lambda _: changes):
        return None
    text = (f"({column.type}, {maker.shape.key.type}) AS UPDATE {maker.table} SET {quote(column.name)} = $1"
            f" WHERE {maker.key} = $2")
    return ((text, f"({literal(changes[column.name])}, {keys[0]})"),
            lambda: maker.oracle.update(maker.w, keys[0], changes))


def select_all(maker):
    return f"SELECT * FROM {maker.table} WHERE {maker.where(maker.keys[:2])}", lambda: None


KINDS = [insert, insert, insert_many, insert_positional, insert_with_default_keyword, insert_select, upsert, upsert,
         update_one, update_one, update_bulk, update_from, cte_update, cte_move, set_default, write_all_unchanged,
         write_back, rekey, delete, prepared_update, prepared_update, select_all]
