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
        self._check(row, writer, None)
        return row

    def restore(self, saved, known):
        """A row that arrives with the marker -known: only newer boundaries are computed."""
        row = {c: None for c in self.chain.columns}
        row.update(saved)
        for boundary in self.versions[1:]:
            if boundary > known:
                self._run(row, self._links(boundary, True), None)
        return row

    def update(self, old, values, writer):
        row = {**old, **values}
        self._translate(row, writer, old)
        self._check(row, writer, old)
        return row

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
