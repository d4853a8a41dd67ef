"""What every row must be: laws 2 to 4 in a few lines, knowing who really wrote.

A row maps physical columns to values. `versions` are the ordinals that take part: while the last one is
being filled its `up` links count as those of any boundary, because nobody writes through it yet.
"""


class Violation(Exception):
    """A writer broke rules of its own version; the server reports one of them."""

    def __init__(self, rules):
        super().__init__(str(rules))
        self.rules = rules


class Oracle:
    def __init__(self, chain, versions, writers):
        self.chain, self.versions, self.writers = chain, versions, writers
        self.oldest = versions[0]

    def _links(self, boundary, up):
        return [l for l in self.chain.links if l.boundary == boundary and l.up == up]

    def _translate(self, row, writer, old):
        for boundary in reversed(self.versions[1:]):
            if writer >= boundary:
                self._run(row, self._links(boundary, False), old)
        for boundary in self.versions[1:]:
            if writer < boundary:
                self._run(row, self._links(boundary, True), old)

    def _run(self, row, links, old):
        for link in links:
            if old is None or any(row[i] != old[i] for i in link.inputs):
                row[link.output] = link.compute(*(row[i] for i in link.inputs))

    def _check(self, row, writer, old):
        binding = [r for r in self.chain.rules if r.start in self.versions[1:] and writer >= r.start]
        broken = {r.name for r in binding
                  if (old is None or row[r.column] != old[r.column]) and not r.holds(row)}
        broken |= {c for c in self.chain.native if row[c] is None}
        if broken:
            raise Violation(broken)

    def insert(self, given, writer):
        row = {c.name: c.default for c in self.chain.columns.values()}
        row.update(given)
        self._translate(row, writer, None)
        self._users_triggers(row, None, writer)
        self._check(row, writer, None)
        return row

    def restore(self, saved, known):
        """A row that arrives with the marker -known: only newer boundaries are computed."""
        row = {c: None for c in self.chain.columns}
        row.update(saved)
        for boundary in self.versions[1:]:
            if boundary > known:
                self._run(row, self._links(boundary, True), None)
        self._users_triggers(row, None, self.oldest)
        return row

    def update(self, old, values, writer):
        row = {**old, **values}
        self._translate(row, writer, old)
        if self.chain.caps and all(row[c] == old[c] for c in self._tracked()):
            writer = self.oldest  # only a trigger of users changed what matters: they see the oldest shape
        self._users_triggers(row, old, writer)
        self._check(row, writer, old)
        return row

    def _live(self):
        return [l for l in self.chain.links if l.boundary in self.versions[1:] and (l.up or l.boundary in self.writers)]

    def _tracked(self):
        rules = [r.column for r in self.chain.rules if r.start in self.writers[1:]]
        return {c for l in self._live() for c in [*l.inputs, *([l.output] if l.boundary in self.writers else [])]} | set(rules)

    def _users_triggers(self, row, old, writer):
        """They see a row in shape; what they change is followed lineage by lineage."""
        before = dict(row)
        for column, most in self.chain.caps:
            if row[column] is not None and int(row[column]) > most:
                row[column] = str(most)
        if row == before or len(self.versions) == 1:
            return
        writers = {id(l): self._writer_of(l, row, before, writer) for l in self._live()}
        # What a lineage takes over from another one follows that one, and what is being filled follows all.
        turns = {id(l): 2 if l.boundary not in self.writers else int(self._reads_others(l)) for l in self._live()}
        for turn in range(3):
            links = [l for l in self._live() if turns[id(l)] == turn]
            for boundary in reversed(self.versions[1:]):
                self._run(row, [l for l in links if l.boundary == boundary and not l.up and writers[id(l)] >= boundary], before)
            for boundary in self.versions[1:]:
                self._run(row, [l for l in links if l.boundary == boundary and l.up and writers[id(l)] < boundary], before)

    def _writer_of(self, link, row, before, writer):
        """The version that the changed columns of the link's lineage tell; else who wrote."""
        lo, hi, told = self.oldest, self.writers[-1], False
        for name in self._group(link):
            column = self.chain.columns[name]
            shown = max(column.lo, self.oldest), min(column.hi, self.writers[-1])
            if row[name] != before[name] and shown != (self.oldest, self.writers[-1]):
                lo, hi, told = max(lo, shown[0]), min(hi, shown[1]), True
        return min(max(writer, lo), hi) if told else writer

    def _spans(self, link, column):
        """Whether both sides of the link's boundary show the column."""
        return self.chain.columns[column].lo < link.boundary <= self.chain.columns[column].hi

    def _reads_others(self, link):
        group = self._group(link)
        return any(self._spans(l, i) for l in self._live() if l.output in group for i in l.inputs)

    def _group(self, link):
        """Columns connected by links with inputs, but for those that both sides of a boundary show."""
        sets = [{l.output, *(i for i in l.inputs if not self._spans(l, i))} for l in self._live()
                if l.inputs and l.boundary in self.writers]
        group = {link.output}
        while any(group & s and not s <= group for s in sets):
            group = group.union(*(s for s in sets if group & s))
        return group

    def attempt(self, old, values, writer):
        try:
            return self.update(old, values, writer)
        except Violation as violation:
            return violation.rules

    def candidates(self, old, values):
        """The writers that the changed columns allow."""
        changed = [c for c, v in values.items() if v != old[c]]
        shown = lambda v, c: self.chain.columns[c].lo <= v <= self.chain.columns[c].hi
        return [v for v in self.writers if all(shown(v, c) for c in changed)]

    def attribute(self, old, values, writer, path):
        """(the version that counts as the writer, whether the values or the path really tell)."""
        possible = self.candidates(old, values)
        results = [self.attempt(old, values, v) for v in possible]
        if all(r == results[0] for r in results) or path == writer:
            return writer, True
        return min(max(path, possible[0]), possible[-1]), False
