"""The independent model of laws 2 to 4: what every live version must show, whoever wrote.

A row maps lineage columns ("cents", "money") to Python values; a version shows some of them under its own
names. A link computes one column from others across one boundary. There is no trigger, no marker and no
search_path in here: the test knows which version really wrote. Values equal when type and text do.
"""
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Callable, Optional


def image(value):
    return (type(value).__name__, str(value))


def literal(value):
    """A Python value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Column:
    """One shown column of one version; `store` is the physical column of the model behind it."""
    name: str
    store: str
    type: str
    values: Callable              # random.Random -> a value that both shapes can hold
    not_null: bool = False
    default: object = None        # the value of the version's default; None: no default
    unique: bool = False          # never the same value twice, and values do not come again


@dataclass(frozen=True)
class Link:
    """`output := function(*inputs)` across the boundary below version `boundary`."""
    boundary: int
    up: bool
    output: str
    inputs: tuple
    function: Callable


@dataclass
class Shape:
    """A version as an app sees it: schema, table and columns; the first column is the key."""
    ordinal: int
    schema: str
    table: str
    columns: list
    key: Optional[Column] = field(init=False)

    def __post_init__(self):
        self.key = self.columns[0]

    def column(self, name):
        return next(c for c in self.columns if c.name == name)

    def stores(self):
        return {c.store for c in self.columns}


class Oracle:
    """One table in several versions. Not locked: whoever shares it between threads does that."""

    def __init__(self, shapes, links, physical_defaults=None):
        self.shapes = {s.ordinal: s for s in shapes}
        self.links = list(links)
        self.physical_defaults = dict(physical_defaults or {})
        self.rows = {}

    def insert(self, w, key, named):
        """`named`: column name -> value; what is not named takes the version's default."""
        row = dict(self.physical_defaults)
        for column in self.shapes[w].columns:
            row[column.store] = named.get(column.name, column.default)
        row[self.shapes[w].key.store] = key
        self.rows[key] = self._propagate(w, row, None, self.links)

    def update(self, w, key, named):
        self.rows[key] = self.updated(w, self.rows[key], named)

    def updated(self, w, old, named):
        row = dict(old)
        for name, value in named.items():
            row[self.shapes[w].column(name).store] = value
        return self._propagate(w, row, old, self.links)

    def delete(self, key):
        del self.rows[key]

    def rekey(self, w, old_key, new_key):
        """UPDATE of the key itself: the same row under another key."""
        self.update(w, old_key, {self.shapes[w].key.name: new_key})
        self.rows[new_key] = self.rows.pop(old_key)

    @staticmethod
    def _propagate(w, row, old, links):
        def changed(link):
            return old is None or any(image(row.get(i)) != image(old.get(i)) for i in link.inputs)

        down = sorted((l for l in links if not l.up and w >= l.boundary), key=lambda l: -l.boundary)
        up = sorted((l for l in links if l.up and w < l.boundary), key=lambda l: l.boundary)
        for link in down + up:
            if changed(link):
                row[link.output] = link.function(*[row.get(i) for i in link.inputs])
        return row

    def begin_version(self, shape, links):
        """A version starts: its `up` links are computed for every row that is there."""
        self.shapes[shape.ordinal] = shape
        self.links += links
        for row in self.rows.values():
            for link in links:
                if link.up:
                    row[link.output] = link.function(*[row.get(i) for i in link.inputs])

    def end_version(self, ordinal, physical_defaults=None):
        """A version goes, by complete or by rollback: so do the links of its boundary, and columns of its own."""
        oldest = min(self.shapes)
        boundary = min(o for o in self.shapes if o > ordinal) if ordinal == oldest else ordinal
        del self.shapes[ordinal]
        self.links = [l for l in self.links if l.boundary != boundary]
        if physical_defaults is not None:
            self.physical_defaults = dict(physical_defaults)
        left = set().union(*[shape.stores() for shape in self.shapes.values()])
        for row in self.rows.values():
            for store in row.keys() - left:
                del row[store]

    def attributable(self, w, key, named):
        """Can the values alone tell who wrote? Else only the right search_path can (design.md, section 5)."""
        old = self.rows[key]
        stores = {self.shapes[w].column(name).store: value for name, value in named.items()}
        changed = {s for s, value in stores.items() if image(value) != image(old.get(s))}
        mine = self.updated(w, old, named)
        for other, shape in self.shapes.items():
            if other != w and changed <= shape.stores():
                row = dict(old)
                row.update({s: stores[s] for s in changed})
                if self._propagate(other, row, old, self.links) != mine:
                    return False
        return True

    def shown(self, w):
        """Rows as version `w` must show them: {key: [values in column order]}."""
        return {key: [row.get(c.store) for c in self.shapes[w].columns] for key, row in self.rows.items()}
