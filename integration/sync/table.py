"""The chain's table on a server: columns, translations, two-layer views, and the compiled triggers."""
import json
import os
import subprocess

from rig.database import quote

HOSTILE = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.never(int, int) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION evil.never(text, text) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION evil.never(smallint, int) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION evil.never(name, name) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION evil.abs(smallint) RETURNS smallint LANGUAGE sql AS 'SELECT 0::smallint';
CREATE FUNCTION evil.upper(text) RETURNS text LANGUAGE sql AS $$ SELECT 'SHADOWED' $$;
CREATE FUNCTION evil.length(text) RETURNS int LANGUAGE sql AS 'SELECT -1';
CREATE DOMAIN evil.name AS int; CREATE DOMAIN evil.bool AS int; CREATE DOMAIN evil.int4 AS text;
""" + "".join(f"CREATE OPERATOR evil.{op} (LEFTARG = {l}, RIGHTARG = {r}, FUNCTION = evil.never);"
              for op in ("=", "<>", "<", ">", "<=", ">=")
              for l, r in (("int", "int"), ("text", "text"), ("smallint", "int"), ("name", "name")))


def compiler():
    return os.environ.get("PGSTRATA_SYNC_COMPILE", "build/dev/tests/sync_compile")


def compile_sync(description):
    run = subprocess.run([compiler()], input=json.dumps(description), capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr + json.dumps(description))
    return json.loads(run.stdout)


class Table:
    """`name` in schema public, with its chain's columns as far as they have been added."""

    def __init__(self, cursor, chain, name):
        self.cursor, self.chain, self.name = cursor, chain, name
        self.base = f"public.{quote(name)}"
        self.present = []

    def execute(self, statement):
        self.cursor.execute(statement)

    def create(self):
        first = self.chain.ordinals[0]
        self.execute("DROP SCHEMA IF EXISTS fx CASCADE; CREATE SCHEMA fx; GRANT USAGE ON SCHEMA fx TO PUBLIC;"
                     "CREATE SEQUENCE fx.fresh START 1000; GRANT USAGE ON SEQUENCE fx.fresh TO PUBLIC")
        self.execute(f"CREATE TABLE {self.base} (id int PRIMARY KEY)")
        for column in self.chain.columns.values():
            if column.lo == first:
                self._add(column)
        self.execute(f"ALTER TABLE {self.base} ADD _m smallint DEFAULT 0; ALTER TABLE {self.base} ALTER _m DROP DEFAULT;"
                     f"ALTER TABLE {self.base} ADD _s text[]")
        for number, (column, most) in enumerate(self.chain.caps):
            self.execute(f"CREATE FUNCTION fx.cap_{number}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                         f"IF NEW.{quote(column)} OPERATOR(pg_catalog.>) {most} THEN NEW.{quote(column)} := {most}; END IF; "
                         f"RETURN NEW; END $$; CREATE TRIGGER cap_{number} BEFORE INSERT OR UPDATE ON {self.base} "
                         f"FOR EACH ROW EXECUTE FUNCTION fx.cap_{number}()")
        for number, link in enumerate(self.chain.links):
            self._function(number, link)
        self.view(first)

    def _add(self, column):
        default = "" if column.default is None else f" DEFAULT {literal(column.default)}"
        rule = " NOT NULL" if column.name in self.chain.native else ""
        self.execute(f"ALTER TABLE {self.base} ADD {quote(column.name)} {column.type}{default}{rule}")
        self.present.append(column.name)

    def expand(self, ordinal):
        for column in self.chain.columns.values():
            if column.lo == ordinal:
                self._add(column)

    def _function(self, number, link):
        arguments = ", ".join(self.chain.columns[i].type for i in link.inputs)
        self.execute(f"CREATE FUNCTION fx.link_{number}({arguments}) RETURNS {self.chain.columns[link.output].type} "
                     f"LANGUAGE sql {'VOLATILE' if link.volatile else 'STABLE'} RETURN {link.body}")

    def view(self, ordinal):
        """Two layers: the inner one sets the marker, the outer one has the version's columns and defaults."""
        columns = [f"{quote(p)} AS {quote(l)}" for l, p in self.chain.shapes[ordinal].items()]
        schema = f"app_v{ordinal}"
        self.execute(f"CREATE VIEW fx.v{ordinal} AS SELECT {', '.join(['id', *columns, '_m'])} FROM {self.base};"
                     f"ALTER VIEW fx.v{ordinal} ALTER _m SET DEFAULT {ordinal};"
                     f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};"
                     f"CREATE VIEW {schema}.{quote(self.name)} AS SELECT "
                     f"{', '.join(['id', *map(quote, self.chain.shapes[ordinal])])} FROM fx.v{ordinal}")
        for logical, physical in self.chain.shapes[ordinal].items():
            default = self.chain.view_defaults.get((ordinal, physical))
            if default is not None:
                self.execute(f"ALTER VIEW {schema}.{quote(self.name)} ALTER {quote(logical)} SET DEFAULT {literal(default)}")

    def synchronise(self, versions, filling):
        """Issues functions and triggers for the live `versions`; the last one fills or is published."""
        compiled = compile_sync(self.description(versions, filling))
        for statement in compiled["functions"] + compiled["triggers"]:
            self.execute(statement)
        return compiled

    def description(self, versions, filling):
        live = lambda c: c.lo <= versions[-1] and c.hi >= versions[0]
        return {
            "base_schema": "public", "table": self.name, "support_schema": "fx", "filling": filling,
            "pair": bool(self.chain.caps), "first_trigger": "!pgstrata_", "last_trigger": "~pgstrata_",
            "oldest_unmarked": len(self.name) == 1,
            "versions": [{"ordinal": v, "name": f"v{v}", "schema": f"app_v{v}"} for v in versions],
            "columns": [{"name": "id", "lo": versions[0], "hi": versions[-1], "type": "integer", "image_equality": True}] +
                       [{"name": c.name, "lo": c.lo, "hi": min(c.hi, versions[-1]), "type": c.type,
                         "image_equality": c.type in ("integer", "text"), "not_null": c.name in self.chain.native}
                        for c in self.chain.columns.values() if live(c)],
            "links": [{"boundary": l.boundary, "up": l.up, "output": l.output, "inputs": l.inputs,
                       "function": f"fx.link_{n}", "keeps_null": l.keeps_null, "reason": f"{'up' if l.up else 'down'} {l.body}"}
                      for n, l in enumerate(self.chain.links) if l.boundary in versions[1:]],
            "rules": [{"from": r.start, "constraint": r.constraint, "column": r.name, "inputs": [r.column],
                       "condition": f"NEW.{quote(r.column)} " + ("OPERATOR(pg_catalog.<) 40" if r.constraint else "IS NOT NULL")}
                      for r in self.chain.rules if r.start in versions[1:]],
        }

    def fill(self, ordinal, predicate="true"):
        """What a backfill does: sets the twins and the marker, in one statement without a function call."""
        sets = [f"{quote(l.output)} = fx.link_{n}({', '.join(map(quote, l.inputs))})"
                for n, l in enumerate(self.chain.links) if l.boundary == ordinal and l.up]
        through_trigger = self.chain.caps and sets and ordinal % 2
        values = "_m = 16384" if through_trigger else ", ".join([*sets, f"_m = -{ordinal}"])
        self.execute(f"SET session_replication_role = {'origin' if through_trigger else 'replica'}")
        self.execute(f"UPDATE {self.base} SET {values} WHERE _m > -{ordinal} AND ({predicate})")
        self.execute("RESET session_replication_role")

    def read(self):
        """id -> (marker, row), every value as text."""
        columns = ", ".join(quote(c) + "::text" for c in self.present)
        self.cursor.execute(f"SELECT id, _m{', ' + columns if columns else ''} FROM {self.base} ORDER BY id")
        return {r[0]: (r[1], dict(zip(self.present, r[2:]))) for r in self.cursor.fetchall()}


def literal(value):
    return "NULL" if value is None else "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
