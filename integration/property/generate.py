"""Random tables and random migrations, with the shapes and links that the oracle needs.

Operations are applied one after another to two environments: `ups` tells how each column of the shape so far
follows from the old version's columns, and the recorded steps, walked backwards, tell how each old column
follows from the new version's. An expression is (names of its inputs, function of a row of them).

A column's `store` is the lineage column behind it: shared by adjacent versions, `name@n` where version n made
or changed it, so that a chain of migrations never uses one twice.
"""
from dataclasses import dataclass, field, replace

from rig.database import quote
from rig.oracle import Column, Link, Shape, literal

from translations import READINGS, TRANSLATIONS, VALUES, small_ints

SPECIAL = {"strict": ("int", small_ints, 5), "serial": ("int", lambda rng: rng.randint(-10**9, 10**9), None),
           "region": ("text", lambda rng: rng.choice(["n", "s"]), "n")}
NAMES = ["a", "b", "c_d", "note", "Order", "user id", "größe", 'q"q', "select", "_m2", "new", "z" * 63]
TABLE_NAMES = ["t", "t", "Order", "user table", "old"]


@dataclass
class Draft:
    """A column of the shape as it is after the operations so far.

    Only a "plain" one is translated. The others get rules that their values keep, so that no writer fails:
    NOT NULL and CHECK ("strict"), UNIQUE ("serial"), a foreign key to `regions` ("region").
    """
    name: str
    type: str
    values: object
    not_null: bool
    default: object
    store: str
    kind: str = "plain"
    rules: tuple = ()


def nullable_values(values, not_null):
    return values if not_null else lambda rng: None if rng.random() < 0.2 else values(rng)


def shown(draft):
    never_null = draft.not_null or draft.kind == "strict"
    return Column(draft.name, draft.store, draft.type, nullable_values(draft.values, never_null), draft.not_null,
                  draft.default, unique=draft.kind == "serial")


@dataclass
class Version:
    """One version of the writers' table, and what else the next migration may name."""
    ordinal: int
    name: str
    schema: str
    table: str
    drafts: list
    indexes: dict = field(default_factory=dict)     # name -> name of its first column
    others: list = field(default_factory=list)      # tables that nobody writes
    links: list = field(default_factory=list)       # of the boundary below this version

    def shape(self):
        return Shape(self.ordinal, self.schema, self.table, [shown(d) for d in self.drafts])

    def physical_defaults(self):
        """What the base table gives a column that an insert does not name, while this version is the oldest."""
        return {d.store: d.default for d in self.drafts if d.default is not None}


def random_table(rng):
    """(table, drafts, indexes) of the first version."""
    names = rng.sample(NAMES, rng.randint(3, 5))
    drafts = [Draft("id", "int", None, True, None, "id")]
    for name in names:
        type = rng.choice(["int", "int", "text", "text", "boolean", "numeric(12,2)"])
        default = VALUES[type](rng) if rng.random() < 0.4 else None
        drafts.append(Draft(name, type, VALUES[type], rng.random() < 0.3, default, name))
    for kind in rng.sample(list(SPECIAL), rng.choice([0, 0, 1, 2])):
        type, values, default = SPECIAL[kind]
        drafts.append(Draft(kind, type, values, False, default, kind, kind))
    indexes = {f"i{number}": d.name for number, d in enumerate(drafts[1:]) if rng.random() < 0.3}
    return rng.choice(TABLE_NAMES), drafts, indexes


def create_sql(table, drafts, indexes, storage=""):
    columns = ["id int PRIMARY KEY"]
    for d in drafts[1:]:
        columns.append(f"{quote(d.name)} {d.type}" + (" NOT NULL" if d.not_null else "")
                       + (f" DEFAULT {literal(d.default)}" if d.default is not None else ""))
    sql = f"CREATE TABLE {quote(table)} ({', '.join(columns)}){storage};"
    if any(d.kind == "region" for d in drafts):
        sql += "\nCREATE TABLE regions (code text PRIMARY KEY); INSERT INTO regions VALUES ('n'), ('s');"
    for name, column in indexes.items():
        sql += f"\nCREATE INDEX {name} ON {quote(table)} ({quote(column)}, id);"
    return sql


def triggers_sql(table, rng):
    """Triggers of users around everything of ours; they change nothing, so that the oracle need not know them.

    No backfill fires them, so that no migration has to agree to that."""
    sql = "\nCREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    for name in rng.sample(["a first", "m", "~z last"], rng.randint(1, 3)):
        sql += (f"\nCREATE TRIGGER {quote(name)} BEFORE INSERT OR UPDATE OF id ON {quote(table)} FOR EACH ROW"
                " EXECUTE FUNCTION pass();")
    return sql


class Migration:
    """Grows a random migration of version `old`; then `operations` and `version(name, schema)` are to be read."""

    def __init__(self, rng, old, ordinal):
        self.rng, self.old_version, self.ordinal = rng, old, ordinal
        self.table, self.new_table = old.table, old.table
        self.old = old.drafts
        self.new = [replace(d) for d in old.drafts]
        self.indexes, self.others = dict(old.indexes), list(old.others)
        self.ups = {d.name: ((d.store,), lambda row, s=d.store: row[s]) for d in self.old}
        self.backwards, self.operations = [], []
        self.touched, self.read_by_down, self.added = set(), set(), {}
        self.taken = {name for d in self.old for name in (d.name, d.store)}

    def grow(self, count):
        choices = [self.alter] * 5 + [self.rename] * 2 + [self.add] * 3 + [self.drop] * 2 + [
            self.default, self.index, self.drop_index, self.comment, self.rename_table, self.other_table,
            self.drop_other_table, self.rule, self.rule, self.on_complete]
        while count:
            if self.rng.choice(choices)():
                count -= 1
        self.links = self._links()
        return self

    def raw(self):
        """A `sql` operation, alone in its migration."""
        name = f"extra_{self.ordinal}"
        self.others.append(name)
        self._emit("sql", up=f"CREATE TABLE {name} (id int PRIMARY KEY)", down=f"DROP TABLE {name}")
        self.links = []
        return self

    def _others(self):
        return [d for d in self.new if d.name != "id"]

    def _plain(self):
        return [d for d in self._others() if d.kind == "plain"]

    def _fresh(self, word):
        return f"{word} {self.rng.randrange(10**9)}"

    def _emit(self, operation, **keys):
        self.operations.append({operation: keys})
        return True

    def alter(self):
        if not self._plain():
            return False
        draft = self.rng.choice(self._plain())
        fitting = [t for t in TRANSLATIONS if t.source == draft.type
                   and t.needs_nullable in (None, not draft.not_null)]
        if not fitting:
            return False
        t, c, name = self.rng.choice(fitting), quote(draft.name), draft.name
        keys = {"table": self.new_table, "column": name}
        if t.target != t.source or t.nullable is None:
            keys["type"] = t.target      # an alter_column says at least one thing besides up and down
        if t.nullable is not None:
            keys["nullable"] = t.nullable
            draft.not_null = not t.nullable
        if t.up:
            keys["up"] = t.up.format(c=c)
        if t.down:
            keys["down"] = t.down.format(c=c)
        if draft.default is not None and t.target != t.source:
            draft.default = VALUES[t.target](self.rng) if self.rng.random() < 0.7 else None
            keys["default"] = None if draft.default is None else literal(draft.default)
        draft.type, draft.values = t.target, t.values
        inputs, before = self.ups[name]
        self.ups[name] = (inputs, lambda row: t.apply_up(before(row)))

        def back(env):
            if name not in env:       # dropped later, without down
                return env
            inputs, after = env[name]
            return {**env, name: (inputs, lambda row: t.apply_down(after(row)))}

        self.backwards.append(back)
        self.touched.add(draft.store)
        return self._emit("alter_column", **keys)

    def rename(self):
        if not self._others():
            return False
        draft, free = self.rng.choice(self._others()), [n for n in NAMES if n not in self.taken]
        if not free:
            return False
        old, new = draft.name, self.rng.choice(free)
        self.taken.add(new)
        self.ups[new] = self.ups.pop(old)
        self.backwards.append(lambda env: {old if k == new else k: v for k, v in env.items()})
        draft.name = new
        self.indexes = {index: new if column == old else column for index, column in self.indexes.items()}
        return self._emit("rename_column", **{"table": self.new_table, "from": old, "to": new})

    def _reading(self, target=None, exclude=()):
        """A reading whose sources the shape has now: (reading, drafts read)."""
        for reading in self.rng.sample(READINGS, len(READINGS)):
            read = []
            for type in reading.sources:
                fitting = [d for d in self._plain() if d.type == type and d.name not in exclude and d not in read]
                if fitting:
                    read.append(self.rng.choice(fitting))
            if len(read) == len(reading.sources) and target in (None, reading.target):
                return reading, read
        return None, None

    def add(self):
        free = [n for n in NAMES if n not in self.taken]
        if not free or len(self.new) > 7:
            return False
        name = self.rng.choice(free)
        kind = self.rng.choice(["up", "up", "default", "null"])
        column = {"name": name}
        keys = {"table": self.new_table, "column": column}
        default, inputs, value = None, (), lambda row: None
        if kind == "up":
            reading, read = self._reading()
            if reading is None:
                return False
            type, not_null = reading.target, "{0}" not in reading.sql or "coalesce" in reading.sql
            keys["up"] = reading.sql.format(*[quote(d.name) for d in read])
            parts = [self.ups[d.name] for d in read]
            inputs = tuple(dict.fromkeys(i for p in parts for i in p[0]))
            value = lambda row: reading.value(*[p[1](row) for p in parts])
        else:
            type, not_null = self.rng.choice(["int", "text"]), kind == "default"
            default = VALUES[type](self.rng) if kind == "default" else None
            value = lambda row: default
        column.update(type=type, nullable=not not_null)
        if default is not None:
            column["default"] = literal(default)
        self.taken.add(name)
        draft = Draft(name, type, VALUES[type], not_null, default, self._store(name))
        self.new.append(draft)
        self.added[draft.store] = kind
        self.ups[name] = (inputs, value)
        self.backwards.append(lambda env: {k: v for k, v in env.items() if k != name})
        return self._emit("add_column", **keys)

    def drop(self):
        candidates = [d for d in self._plain() if d.store not in self.added]
        if not candidates or len(self.new) < 4:
            return False
        draft = self.rng.choice(candidates)
        name = draft.name
        reading, read = self._reading(draft.type, exclude=(name,))
        safe = reading and (not draft.not_null or "coalesce" in reading.sql or not reading.sources)
        keys = {"table": self.new_table, "column": name}
        if safe:
            keys["down"] = reading.sql.format(*[quote(d.name) for d in read])
            names = [d.name for d in read]
            self.read_by_down |= {d.store for d in read}

            def back(env):
                parts = [env[n] for n in names]
                inputs = tuple(dict.fromkeys(i for p in parts for i in p[0]))
                return {**env, name: (inputs, lambda row: reading.value(*[p[1](row) for p in parts]))}
        else:
            original = next(d for d in self.old if d.store == draft.store)
            if draft.not_null or original.not_null or draft.store in self.touched | self.read_by_down:
                return False
            # A newer writer's row has what the version before would have given it.
            back = lambda env: {**env, name: ((), lambda row: original.default)}
        self.new = [d for d in self.new if d is not draft]
        self.ups.pop(name)
        self.indexes = {index: column for index, column in self.indexes.items() if column != name}
        self.backwards.append(back)
        return self._emit("drop_column", **keys)

    def default(self):
        candidates = [d for d in self._plain() if not d.not_null and d.store not in self.added]
        if not candidates:
            return False
        draft = self.rng.choice(candidates)
        draft.default = draft.values(self.rng) if self.rng.random() < 0.7 else None
        return self._emit("alter_column", table=self.new_table, column=draft.name,
                          default=None if draft.default is None else literal(draft.default))

    def index(self):
        if not self._others():
            return False
        draft, name = self.rng.choice(self._others()), self._fresh("index")
        self.indexes[name] = draft.name
        return self._emit("create_index", table=self.new_table, name=name,
                          columns=[{"column": draft.name, "sort": self.rng.choice(["ASC", "DESC"])}])

    def drop_index(self):
        candidates = [name for name in self.indexes if name in self.old_version.indexes]
        if not candidates:
            return False
        name = self.rng.choice(candidates)
        del self.indexes[name]
        return self._emit("drop_index", name=name)

    def rule(self):
        """A stricter rule without a translation: it binds writers of the new version, and all once it is native."""
        candidates = [d for d in self._others() if d.kind != "plain" and len(d.rules) < (2 if d.kind == "strict" else 1)]
        if not candidates:
            return False
        draft, name = self.rng.choice(candidates), self._fresh("rule")
        if draft.kind == "serial":
            rule = {"unique": {"name": name}}
        elif draft.kind == "region":
            rule = {"references": {"name": name, "table": "regions", "column": "code"}}
        elif self.rng.random() < 0.5 and not draft.not_null:
            rule, draft.not_null = {"nullable": False}, True
        else:
            rule = {"check": {"name": name, "constraint": f"{quote(draft.name)} < 1000"}}
        draft.rules += (name,)
        return self._emit("alter_column", table=self.new_table, column=draft.name, **rule)

    def on_complete(self):
        return self._emit("sql", up=f"CREATE SEQUENCE {quote(self._fresh('seq'))}", onComplete=True)

    def comment(self):
        draft = self.rng.choice(self.new)
        return self._emit("alter_column", table=self.new_table, column=draft.name, comment="it's new")

    def rename_table(self):
        if self.new_table != self.table:
            return False
        old, self.new_table = self.new_table, self._fresh("table")
        return self._emit("rename_table", **{"from": old, "to": self.new_table})

    def other_table(self):
        name = self._fresh("other")
        self.others.append(name)
        return self._emit("create_table", name=name, columns=[{"name": "id", "type": "serial", "pk": True}])

    def drop_other_table(self):
        candidates = [name for name in self.others if name in self.old_version.others]
        if not candidates:
            return False
        self.others.remove(self.rng.choice(candidates))
        dropped = next(name for name in candidates if name not in self.others)
        return self._emit("drop_table", name=dropped)

    def _store(self, name):
        return f"{name}@{self.ordinal}"

    def _links(self):
        links = []
        for draft in self.new:
            if draft.store in self.touched and draft.store not in self.added:
                draft.store = self._store(draft.store)
                links.append(self._link(True, draft.store, self.ups[draft.name]))
            elif self.added.get(draft.store) in ("up", "default") or draft.store in self.touched:
                links.append(self._link(True, draft.store, self.ups[draft.name]))
        env = {d.name: ((d.store,), lambda row, s=d.store: row[s]) for d in self.new}
        for back in reversed(self.backwards):
            env = back(env)
        for draft in self.old:
            same = any(n.store == draft.store for n in self.new)
            if not same and draft.name in env:
                links.append(self._link(False, draft.store, env[draft.name]))
        return links

    def _link(self, up, output, expression):
        inputs, value = expression
        return Link(self.ordinal, up, output, tuple(inputs), lambda *given: value(dict(zip(inputs, given))))

    def version(self, name, schema):
        return Version(self.ordinal, name, schema, self.new_table, self.new, self.indexes, self.others, self.links)
