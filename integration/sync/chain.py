"""Random chains of versions of one table, with translations that exist in SQL and in Python.

Every value is a string as PostgreSQL prints it, or None. Physical columns know the versions that show
them; a link knows its boundary, direction, inputs and both forms of its function.
"""
import dataclasses
import random

ODD_NAMES = ["loop", "NEW", "writer", "lo", "we\"ird é", "select", "_", "a b", "x" * 63, "begin", "path", "q'uote\\"]


FRESH = object()  # a value that only the server knows: any but NULL, and kept from then on


@dataclasses.dataclass
class Column:
    name: str
    type: str
    lo: int
    hi: int = 0
    default: str = None  # physical, for columns of the first version only


@dataclasses.dataclass
class Link:
    boundary: int
    up: bool
    output: str
    inputs: list
    body: str       # SQL over $1, $2, …
    compute: object  # the same over Python values
    volatile: bool = False
    keeps_null: bool = False


@dataclasses.dataclass
class Rule:
    start: int
    constraint: str  # empty: NOT NULL
    column: str      # physical
    reported: str = ""  # what the error calls it, if not by its physical name

    @property
    def name(self):
        return self.constraint or self.reported or self.column

    def holds(self, row):
        value = row[self.column]
        return value is not None if not self.constraint else value is None or int(value) < 40


def strict(function):
    return lambda *values: None if any(v is None for v in values) else str(function(*values))


def part(text, n):
    pieces = text.split("-")
    return pieces[n - 1] if n <= len(pieces) else ""


def converters(old, new):
    """(SQL, Python) of a lossy or lossless conversion of one value."""
    table = {
        ("integer", "integer"): [("$1 * 2", strict(lambda x: int(x) * 2)), ("$1 / 2", strict(lambda x: int(int(x) / 2))),
                                 ("$1", strict(int)),
                                 ("coalesce($1, 0)", lambda x: x or "0")],
        ("integer", "text"): [("'n' || $1", strict(lambda x: "n" + x)),
                              ("coalesce($1::text, 'none')", lambda x: "none" if x is None else x)],
        ("text", "integer"): [("length($1)", strict(len)),
                              ("coalesce(length($1), -1)", lambda x: "-1" if x is None else str(len(x)))],
        ("text", "text"): [("upper($1)", strict(str.upper)), ("$1", strict(str))],
        ("numeric", "text"): [("$1::text", strict(str))],
        ("text", "numeric"): [("length($1)::numeric", strict(len))],
        ("json", "text"): [("$1::text", strict(str))],
        ("text", "json"): [("to_json(length($1))", strict(len))],
    }
    return table[old, new]


NEXT_TYPES = {"integer": ["integer", "text"], "text": ["integer", "text", "numeric", "json"], "numeric": ["text"], "json": ["text"]}


class Chain:
    """Versions oldest first; shapes[v] maps logical to physical columns of version v."""

    def __init__(self, rng, size):
        self.rng = rng
        self.ordinals = sorted(rng.sample(range(1, 12), size))
        self.columns, self.links, self.rules, self.shapes = {}, [], [], {}
        self.caps = []  # (physical, greatest value) of BEFORE ROW triggers of users
        self.view_defaults = {}  # (ordinal, physical) -> value
        self.native = set()  # NOT NULL in the table itself
        self.server_made = set()  # filled by a volatile expression: nothing else reads or changes them
        self._names = random.Random(rng.random()).sample(ODD_NAMES, rng.choice([0, 3, 6]))
        first = self.ordinals[0]
        self.shapes[first] = {}
        types = ["integer", "integer", "integer", "text", "text", rng.choice(["numeric", "json", "text"])]
        for i, type_ in enumerate(types):
            self._show(first, f"c{i}", self._column(type_, first))
        if rng.random() < 0.3:
            self.native.add(self.shapes[first]["c0"])
        for column in self.columns.values():
            if rng.random() < (0.8 if column.name in self.native else 0.3):
                column.default = self.value(column.type) or None
        if rng.random() < 0.5:
            self.caps = [(name, rng.choice([5, 30])) for name in rng.sample(list(self.columns)[:3], rng.choice([1, 2]))]
        for previous, ordinal in zip(self.ordinals, self.ordinals[1:]):
            self._step(previous, ordinal)
        for ordinal, shape in self.shapes.items():
            for physical in shape.values():
                self.columns[physical].hi = ordinal
                if self.columns[physical].default is not None:
                    self.view_defaults[ordinal, physical] = self.columns[physical].default

    def value(self, type_):
        pick = self.rng.choice
        return {"integer": lambda: pick([None, str(self.rng.randrange(60))]),
                "text": lambda: pick([None, "", "a", "bc-d", "x-", "Äö", "quite-a-b"]),
                "numeric": lambda: pick([None, "1.0", "1.00", "2"]),
                "json": lambda: pick([None, '{"a":1}', '{"a": 1}', "3"])}[type_]()

    def _column(self, type_, lo):
        name = self._names.pop() if self._names and self.rng.random() < 0.5 else f"p{len(self.columns)}"
        self.columns[name] = Column(name, type_, lo)
        return name

    def _show(self, ordinal, logical, physical):
        self.shapes[ordinal][logical] = physical

    def _link(self, boundary, up, output, inputs, body, compute, volatile=False):
        self.links.append(Link(boundary, up, output, inputs, body, compute, volatile))

    def _step(self, previous, b):
        """One boundary: fates of existing columns first, then translations that may read any of them."""
        rng, old = self.rng, self.shapes[previous]
        new = self.shapes[b] = dict(old)
        untouched = [c for c in old if old[c] not in self.server_made and not (self.native and c == "c0")]
        rng.shuffle(untouched)
        if self.native and rng.random() < 0.5:
            self._widen(b, old, new)
        pending = []
        for _ in range(rng.randint(0 if len(self.ordinals) > 2 else 1, 4)):
            fate = rng.choice(["alter", "alter", "alter_reading", "rename", "split", "merge", "add_up", "add_up", "add_both",
                               "add", "add_volatile", "drop_down", "drop_down", "drop_constant", "drop"])
            if not fate.startswith("add") and len(untouched) < 3:
                continue
            getattr(self, "_" + fate)(b, old, new, untouched, pending)
        for late in pending:
            late()
        for _ in range(rng.choice([0, 0, 1, 2])):
            self._rule(b, old, new)

    def _fresh(self, b, new, type_):
        physical = self._column(type_, b)
        self._show(b, f"l{len(self.columns)}", physical)
        return physical

    def _alter(self, b, old, new, untouched, pending):
        logical = untouched.pop()
        source = old[logical]
        type_ = self.rng.choice(NEXT_TYPES[self.columns[source].type])
        target = new[logical] = self._column(type_, b)
        body, compute = self.rng.choice(converters(self.columns[source].type, type_))
        self._link(b, True, target, [source], body, compute)
        if self.rng.random() < 0.85:
            body, compute = self.rng.choice(converters(type_, self.columns[source].type))
            self._link(b, False, source, [target], body, compute)

    def _widen(self, b, old, new):
        """NOT NULL carried to a twin of the same values: a NULL becomes one in the native column."""
        source, target = old["c0"], self._column("integer", b)
        new["c0"] = target
        for up, output, input_ in ((True, target, source), (False, source, target)):
            self.links.append(Link(b, up, output, [input_], "$1", strict(int), keeps_null=True))
        self.rules.append(Rule(b, "", target, next(iter(self.native))))

    def _pick(self, shape, type_):
        return self.rng.choice([p for p in shape.values()
                                if self.columns[p].type == type_ and p not in self.server_made] or [None])

    def _alter_reading(self, b, old, new, untouched, pending):
        """Both directions also read another column, shared or not."""
        logical = next((c for c in untouched if self.columns[old[c]].type == "integer"), None)
        if logical is None:
            return
        untouched.remove(logical)
        source, target = old[logical], self._column("integer", b)
        new[logical] = target

        def late():
            other = self._pick({k: v for k, v in old.items() if v != source}, "integer")
            if other:
                self._link(b, True, target, [source, other], "$1 + $2", strict(lambda x, s: int(x) + int(s)))
            other = self._pick({k: v for k, v in new.items() if v != target}, "integer")
            if other:
                self._link(b, False, source, [target, other], "$1 - $2", strict(lambda x, s: int(x) - int(s)))
        pending.append(late)

    def _rename(self, b, old, new, untouched, pending):
        logical = untouched.pop()
        new[logical + "r"] = new.pop(logical)

    def _split(self, b, old, new, untouched, pending):
        logical = next((c for c in untouched if self.columns[old[c]].type == "integer"), None)
        if logical is None:
            return
        untouched.remove(logical)
        source = new.pop(logical)
        tens, ones = self._fresh(b, new, "integer"), self._fresh(b, new, "integer")
        self._link(b, True, tens, [source], "abs($1) / 10", strict(lambda x: abs(int(x)) // 10))
        self._link(b, True, ones, [source], "abs($1) % 10", strict(lambda x: abs(int(x)) % 10))
        self._link(b, False, source, [tens, ones], "$1 * 10 + $2", strict(lambda x, y: int(x) * 10 + int(y)))

    def _merge(self, b, old, new, untouched, pending):
        texts = [c for c in untouched if self.columns[old[c]].type == "text"][:2]
        if len(texts) < 2:
            return
        for logical in texts:
            untouched.remove(logical)
        x, y = (new.pop(c) for c in texts)
        target = self._fresh(b, new, "text")
        self._link(b, True, target, [x, y], "coalesce($1, '') || '-' || coalesce($2, '')",
                   lambda a, c: (a or "") + "-" + (c or ""))
        self._link(b, False, x, [target], "split_part($1, '-', 1)", strict(lambda n: part(n, 1)))
        self._link(b, False, y, [target], "split_part($1, '-', 2)", strict(lambda n: part(n, 2)))

    def _add_up(self, b, old, new, untouched, pending):
        target = self._fresh(b, new, "integer")
        source = self._pick(old, "integer")
        if source:
            self._link(b, True, target, [source], "$1 * 3", strict(lambda x: int(x) * 3))

    def _add_both(self, b, old, new, untouched, pending):
        target = self._fresh(b, new, "integer")
        sources = [p for p in old.values() if self.columns[p].type == "integer" and p not in self.server_made][:2]
        if len(sources) == 2:
            self._link(b, True, target, sources, "coalesce($1, 5) + coalesce($2, 7)",
                       lambda x, y: str(int(x or 5) + int(y or 7)))

    def _add(self, b, old, new, untouched, pending):
        target = self._fresh(b, new, "text")
        if self.rng.random() < 0.5:
            self.view_defaults[b, target] = "dflt"

    def _add_volatile(self, b, old, new, untouched, pending):
        target = self._fresh(b, new, "integer")
        self.server_made.add(target)
        self._link(b, True, target, [], "nextval('fx.fresh')::integer", lambda: FRESH, volatile=True)

    def _drop_down(self, b, old, new, untouched, pending):
        logical = next((c for c in untouched if self.columns[old[c]].type == "integer"), None)
        if logical is None:
            return
        untouched.remove(logical)
        source = new.pop(logical)

        def late():
            other = self._pick(new, "integer")
            if other:
                self._link(b, False, source, [other], "$1 + 100", strict(lambda x: int(x) + 100))
        pending.append(late)

    def _drop_constant(self, b, old, new, untouched, pending):
        logical = untouched.pop()
        source = new.pop(logical)
        if self.columns[source].type == "integer":
            self._link(b, False, source, [], "7", lambda: "7")

    def _drop(self, b, old, new, untouched, pending):
        new.pop(untouched.pop())

    def _rule(self, b, old, new):
        column = self._pick(new, "integer")
        if column:
            constraint = self.rng.choice(["", f"positive_{len(self.rules)}"])
            self.rules.append(Rule(b, constraint, column))
