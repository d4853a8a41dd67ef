"""Asserts that nothing of ours is left where one version is live and nothing in flight."""
import time

OURS = """
SELECT format('trigger %%s on %%s', t.tgname, t.tgrelid::regclass) FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
  WHERE c.relnamespace = %(base)s::regnamespace AND p.pronamespace IN
    (SELECT oid FROM pg_namespace WHERE nspname = 'pgstrata_' || %(name)s)
UNION ALL
SELECT format('index %%s is invalid', i.indexrelid::regclass) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
  WHERE c.relnamespace = %(base)s::regnamespace AND NOT (i.indisvalid AND i.indisready)
UNION ALL
SELECT format('constraint %%s is not validated', conname) FROM pg_constraint
  WHERE connamespace = %(base)s::regnamespace AND NOT convalidated
UNION ALL
SELECT format('column %%s.%%s says it is ours', attrelid::regclass, attname) FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  WHERE c.relnamespace = %(base)s::regnamespace AND attnum > 0 AND NOT attisdropped
    AND (attname = '_m' OR col_description(attrelid, attnum) LIKE 'pgstrata:%%')
UNION ALL
SELECT format('advisory lock of pid %%s', pid) FROM pg_locks WHERE locktype = 'advisory'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL
SELECT format('session %%s: %%s', application_name, query) FROM pg_stat_activity
  WHERE application_name LIKE 'pgstrata%%' AND datname = current_database()
UNION ALL
SELECT format('prepared transaction %%s', gid) FROM pg_prepared_xacts WHERE database = current_database()
"""


def remains(database):
    """What is there that should not be; sessions of a killed engine have a moment to notice."""
    base = '"' + database.schema.replace('"', '""') + '"'
    deadline = time.monotonic() + 5
    while True:
        found = [what for (what,) in database.execute(OURS, {"base": base, "name": database.schema}, role="postgres")]
        found += [f"{name} in the support schema" for name in database.support_objects()]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def check_clean(database, version_schema, table, columns):
    """One version is live: only its schema is there, and the base table has just its columns."""
    left = remains(database)
    base = database.schema
    left += [f"schema {name}" for name in database.schemas()
             if name.startswith((f"{base}_", "_v")) and name != version_schema]
    extra = set(database.columns("base", table)) ^ set(columns)
    left += [f"column {name} of {table}" for name in extra]
    assert not left, "left over: " + "; ".join(left)
