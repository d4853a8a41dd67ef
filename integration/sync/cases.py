"""Writes that no view can make: the base table, columns of several versions in one statement.

The random writers leave them out because no single version wrote them; what must happen is decided per
lineage and per boundary, so it is written down here.
"""
from sync.table import compile_sync

COLUMNS = [("id", 1, 3), ("a", 1, 1), ("a2", 2, 2), ("a3", 3, 3), ("b", 1, 2), ("b3", 3, 3), ("s", 1, 3), ("c", 2, 3)]
LINKS = [(2, True, "a2", ["a"]), (2, False, "a", ["a2"]), (3, True, "a3", ["a2"]), (3, False, "a2", ["a3"]),
         (3, True, "b3", ["b", "s"]), (3, False, "b", ["b3", "s"]), (2, True, "c", ["s"])]
BEFORE = {"a": "x", "a2": "(x)", "a3": "((x))", "b": "y", "b3": "(y,z)", "s": "z", "c": "(z)"}

# SET list: what differs afterwards from BEFORE, beyond the SET list itself
CASES = {
    "a = '1', a2 = '2'": {"a3": "(2)"},                      # boundary 2 as given, boundary 3 still told by a2
    "a = '1', a3 = '3'": {},                                 # both sides of both boundaries
    "a = '1', b3 = '3'": {"a2": "(1)", "a3": "((1))", "b": "(3,z)"},  # each lineage by its own columns
    "a2 = '2', b3 = '3'": {"a": "(2)", "a3": "(2)", "b": "(3,z)"},
    "b = '1', b3 = '3'": {},
    "a = '1', c = '2', s = '3'": {"a2": "(1)", "a3": "((1))", "b3": "(y,3)"},  # c was given; b3 as the oldest
}


def run_cases(cursor):
    """Returns what went wrong, one line each."""
    description = {
        "base_schema": "public", "table": "mixed", "support_schema": "mixed_fx",
        "versions": [{"ordinal": n, "name": f"v{n}", "schema": f"app_v{n}"} for n in (1, 2, 3)],
        "columns": [{"name": n, "lo": lo, "hi": hi, "type": "text", "image_equality": True} for n, lo, hi in COLUMNS],
        "links": [{"boundary": b, "up": u, "output": o, "inputs": i, "function": f"mixed_fx.f{len(i)}"} for b, u, o, i in LINKS]}
    cursor.execute("CREATE SCHEMA mixed_fx;"
                   f"CREATE TABLE public.mixed ({', '.join(n + ' text' for n, _, _ in COLUMNS)}, _m smallint);"
                   "CREATE FUNCTION mixed_fx.f1(text) RETURNS text LANGUAGE sql RETURN '(' || $1 || ')';"
                   "CREATE FUNCTION mixed_fx.f2(text, text) RETURNS text LANGUAGE sql RETURN '(' || $1 || ',' || $2 || ')'")
    compiled = compile_sync(description)
    for statement in compiled["functions"] + compiled["triggers"]:
        cursor.execute(statement)
    failures = []
    for sets, follows in CASES.items():
        cursor.execute("TRUNCATE public.mixed; INSERT INTO public.mixed (id, a, b, s) VALUES ('1', 'x', 'y', 'z')")
        cursor.execute(f"UPDATE public.mixed SET {sets} RETURNING {', '.join(BEFORE)}")
        given = {c: v.strip("'") for c, v in (part.split(" = ") for part in sets.split(", "))}
        found = dict(zip(BEFORE, cursor.fetchone()))
        if found != BEFORE | given | follows:
            failures.append(f"SET {sets}: {found}")
    for statement in compiled["drop"] * 2:
        cursor.execute(statement)
    cursor.execute("DROP TABLE public.mixed; DROP SCHEMA mixed_fx CASCADE")
    return failures
