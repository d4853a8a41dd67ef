"""One database for one test: owned tables, an app role with rights on the tables only, and connections.

The engine runs as `owner`, no superuser: it owns the tables and may CREATE in the database and the base
schema. Clients are `app`: they hold what they were granted on the tables, and nothing on what is ours.
"""
import contextlib
import itertools

import psycopg2

_counter = itertools.count(1)

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'owner') THEN
    CREATE ROLE owner LOGIN; CREATE ROLE app LOGIN;
  END IF;
END $$
"""


def quote(name):
    return '"' + name.replace('"', '""') + '"'


class Database:
    def __init__(self, server, schema="public", template="template1"):
        self.server = server
        self.name = f"t{next(_counter)}"
        self.schema = schema
        self._open = []
        with contextlib.closing(psycopg2.connect(server.url("postgres"))) as admin:
            admin.autocommit = True
            cursor = admin.cursor()
            cursor.execute(ROLES)
            cursor.execute(f"CREATE DATABASE {self.name} TEMPLATE {template}")
            cursor.execute(f"GRANT CREATE ON DATABASE {self.name} TO owner")
        self.execute(f"GRANT ALL ON SCHEMA public TO owner", role="postgres")

    def url(self, role="owner"):
        return self.server.url(self.name, role)

    def connect(self, path=None, role="app", autocommit=True):
        """A connection whose search_path is the version schema `path`, as an app is told to set it."""
        connection = psycopg2.connect(self.url(role), application_name=f"client {role}")
        connection.autocommit = autocommit
        self._open.append(connection)
        if path is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('search_path', %s, false)", (path if path == "" else quote(path),))
            if not autocommit:
                connection.commit()
        return connection

    def execute(self, sql, parameters=None, path=None, role="owner"):
        """Runs statements as `role` on a connection of their own; the last one's rows, None without any."""
        with contextlib.closing(self.connect(path, role)) as connection:
            self._open.remove(connection)
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall() if cursor.description else None

    def tables(self, sql):
        """Creates the tables of a test as their owner, with the usual rights for the app."""
        self.execute(f"SET search_path = {quote(self.schema)}; {sql}")
        self.grant()

    def grant(self):
        schema = quote(self.schema)
        self.execute(f"GRANT USAGE ON SCHEMA {schema} TO app;"
                     f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO app;"
                     f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO app")

    def rows(self, version, sql, parameters=None):
        """What the app sees through a version, or through the base schema."""
        return self.execute(sql, parameters, path=self.version_schema(version), role="app")

    def write(self, version, sql, parameters=None):
        """What the app writes through a version, or through the base schema."""
        return self.execute(sql, parameters, path=self.version_schema(version), role="app")

    def version_schema(self, version):
        return self.schema if version == "base" else f"{self.schema}_{version}"

    def value(self, sql, parameters=None, **how):
        return self.execute(sql, parameters, **how)[0][0]

    def schemas(self, support=False):
        """The schemas there are; those that hold our functions (`<state schema>_<base>`) only if asked for."""
        found = {name for (name,) in self.execute(
            "SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'")}
        return found if support else found - {f"pgstrata_{self.schema}"}

    def support_objects(self):
        """What the support schema holds: inner views and functions; nothing once no version needs them."""
        return {name for (name,) in self.execute(
            "SELECT o.name FROM pg_namespace n, LATERAL (SELECT relname::text FROM pg_class WHERE relnamespace = n.oid"
            " UNION SELECT proname::text FROM pg_proc WHERE pronamespace = n.oid) AS o(name) WHERE n.nspname = %s",
            (f"pgstrata_{self.schema}",))}

    def columns(self, version, table):
        """The names of a relation's columns, in their order, as `SELECT *` gives them."""
        return [name for (name,) in self.execute(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum",
            (f"{quote(self.version_schema(version))}.{quote(table)}",))]

    def drop(self):
        for connection in self._open:
            connection.close()
        with contextlib.closing(psycopg2.connect(self.server.url("postgres"))) as admin:
            admin.autocommit = True
            admin.cursor().execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
