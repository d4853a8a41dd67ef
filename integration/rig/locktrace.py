"""Which locks each step of a command holds, on which relations, and for how long.

A trigger on the journal tells: it fires in the engine's own transaction, when the step is recorded as done and all
of the step's locks are still held. What runs outside a transaction (concurrent index builds) and in transactions
of its own (the backfill) is sampled from pg_locks meanwhile. Relations that a step itself makes do not count:
nobody can wait for them.
"""
import threading
import time

import psycopg2

from rig.blockers import idle_writer

ORDER = ["RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock",
         "AccessExclusiveLock"]
BLOCKS_WRITERS = ORDER[2:]
WORDS = {"RowExclusiveLock": "ROW EXCLUSIVE", "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
         "ShareLock": "SHARE", "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE", "ExclusiveLock": "EXCLUSIVE",
         "AccessExclusiveLock": "ACCESS EXCLUSIVE"}

RELATIONS = """
SELECT c.oid, n.nspname || '.' || c.relname AS relation, c.relkind::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'S') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('pgstrata', 'rig')
"""

HELD = """
SELECT r.relation, r.relkind, l.mode, l.pid FROM pg_catalog.pg_locks l JOIN {relations} r ON r.oid = l.relation
WHERE l.locktype = 'relation' AND l.granted AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
"""

SETUP = f"""
CREATE SCHEMA rig;
CREATE TABLE rig.known AS {RELATIONS};
CREATE TABLE rig.trace (run bigint, sequence int, kind text, title text, relation text, relkind text, mode text,
                        milliseconds float8);
CREATE FUNCTION rig.trace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rig.trace SELECT NEW.run, NEW.sequence, NEW.kind, NEW.title, h.relation, h.relkind, h.mode,
      extract(epoch FROM clock_timestamp() - now()) * 1000
    FROM ({HELD.format(relations="rig.known")} AND l.pid = pg_backend_pid()) h
    UNION ALL SELECT NEW.run, NEW.sequence, NEW.kind, NEW.title, NULL, NULL, NULL, NULL;
  DELETE FROM rig.known;
  INSERT INTO rig.known {RELATIONS};
  RETURN NULL;
END $$;
CREATE TRIGGER trace AFTER UPDATE OF done_at ON pgstrata.steps FOR EACH ROW EXECUTE FUNCTION rig.trace();
"""


BUILDS = ("CREATE INDEX C", "CREATE UNIQUE INDEX C", "DROP INDEX C")
FILLS = ("UPDATE public", "WITH")


class Sampler:
    """The strongest locks of our sessions as seen from outside, while it runs."""

    def __init__(self, db):
        self.seen = {}
        self._connection = psycopg2.connect(db.url("postgres"), application_name="lock sampler")
        self._connection.autocommit = True
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self):
        cursor = self._connection.cursor()
        while not self._done.is_set():
            cursor.execute("SELECT a.query, h.relation, h.relkind, h.mode FROM pg_stat_activity a JOIN"
                           f" ({HELD.format(relations=f'({RELATIONS})')}) h ON h.pid = a.pid"
                           " WHERE a.application_name LIKE 'pgstrata%'")
            for query, relation, relkind, mode in cursor.fetchall():
                self.seen.setdefault(query.split("\n")[0][:60], set()).add((relation, relkind, mode))
            time.sleep(0.001)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self._connection.close()

    def of(self, *words):
        return {held for query, all_held in self.seen.items() if query.startswith(words) for held in all_held}


def install(db):
    db.execute(SETUP)


def take(db):
    """The steps recorded since the last call: [(kind, title, [(relation, relkind, mode, milliseconds)])]."""
    rows = db.execute("SELECT run, sequence, kind, title, relation, relkind, mode, milliseconds FROM rig.trace"
                      " ORDER BY run, sequence, relation NULLS LAST")
    db.execute("DELETE FROM rig.trace")
    steps = {}
    for run, sequence, kind, title, relation, relkind, mode, milliseconds in rows:
        held = steps.setdefault((run, sequence), (kind, title, {}))[2]
        if relation and (relation not in held or ORDER.index(mode) > ORDER.index(held[relation][1])):
            held[relation] = (relkind, mode, milliseconds)
    return [(kind, title, [(relation, *rest) for relation, rest in sorted(held.items())])
            for kind, title, held in steps.values()]


def _held_outside(db, cli, arguments, step):
    """The locks of a step outside a transaction: it has to wait for a writer, and is looked at meanwhile."""
    with Sampler(db) as sampler, idle_writer(db):
        process = cli.spawn(*arguments, "--kill-after-step", step)
        deadline = time.monotonic() + 30
        while not sampler.of(*BUILDS) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
    process.communicate(timeout=60)
    return sampler.of(*BUILDS)


def run(db, cli, arguments, planned):
    """Runs a command to its end; its steps as take() gives them. `planned` is its part of `plan --json`."""
    outside = {}
    with Sampler(db) as sampler:
        for step, one in enumerate(planned, 1):
            if one["kind"] != "concurrently":
                continue
            if step > 1:
                cli.run(*arguments, "--kill-after-step", step - 1, expect=None)
            outside[step] = _held_outside(db, cli, arguments, step)
        cli.run(*arguments)
    steps = []
    for number, (kind, title, held) in enumerate(take(db), 1):
        seen = sampler.of(*FILLS) if kind == "backfill" else outside.get(number, set())
        for relation, relkind, mode in sorted(seen):
            held.append((relation, relkind, mode, None))
        steps.append((kind, title, held))
    return steps


def life(db, cli, tables, operations):
    """{command: steps} of one migration: started, rolled back, started again, completed."""
    db.tables(tables)
    cli.run("baseline", "v1")
    install(db)
    plan = cli.plan("v2", operations, "--json").json["steps"]
    planned = {command: [s for s in plan if s["command"] == command] for command in ("start", "complete", "rollback")}
    traced = {"start": run(db, cli, ["start", "v2.json"], planned["start"]),
              "rollback": run(db, cli, ["rollback", "v2"], planned["rollback"])}
    cli.run("start", "v2.json")
    take(db)
    traced["complete"] = run(db, cli, ["complete", "v1"], planned["complete"])
    return traced
