"""Watches whether any client waits for a lock behind one of our sessions, and for how long.

Sampled every 20 ms from pg_blocking_pids; a wait counts while one of our sessions (application_name
`pgstrata …`) is among the blockers. 250 ms is the most that any client may see.
"""
import threading
import time

import psycopg2

LIMIT = 0.250

SAMPLE = """
SELECT w.pid, waited.waitstart, w.query, array_agg(b.application_name || ': ' || left(b.query, 120))
FROM pg_stat_activity w
JOIN pg_locks waited ON waited.pid = w.pid AND NOT waited.granted AND waited.waitstart IS NOT NULL
CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocker(pid)
JOIN pg_stat_activity b ON b.pid = blocker.pid
WHERE w.wait_event_type = 'Lock' AND w.backend_type = 'client backend'
  AND w.application_name NOT LIKE 'pgstrata%' AND b.application_name LIKE 'pgstrata%'
GROUP BY w.pid, waited.waitstart, w.query
"""


class WaitWatch:
    """`with WaitWatch(database) as watch: …` fails the test on leaving when a client waited too long."""

    def __init__(self, database, interval=0.02, limit=LIMIT):
        self.interval, self.limit = interval, limit
        self.longest, self.waits = 0.0, []
        self.samples = 0
        self._since = {}
        self._stop = threading.Event()
        self._connection = psycopg2.connect(database.url("postgres"), application_name="waitwatch")
        self._connection.autocommit = True
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        cursor = self._connection.cursor()
        while not self._stop.wait(self.interval):
            cursor.execute(SAMPLE)
            now = time.monotonic()
            self.samples += 1
            seen = {}
            for pid, start, query, blockers in cursor.fetchall():
                wait = pid, start  # a client that was served between two samples waits anew
                seen[wait] = self._since.get(wait, now)
                waited = now - seen[wait]
                self.longest = max(self.longest, waited)
                if waited > self.limit:
                    self.waits.append((round(waited, 3), query, blockers))
            self._since = seen

    def __enter__(self):
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def __exit__(self, error, *_):
        self.stop()
        if error is None:
            self.check()

    def longest_text(self):
        """"under 20 ms" where no two samples in a row saw the same wait."""
        return f"{max(self.longest, self.interval) * 1000:.0f} ms" if self.longest else f"under {self.interval * 1000:.0f} ms"

    def check(self):
        assert self.samples > 0, "the watch took no sample"
        worst = max(self.waits, key=lambda wait: wait[0], default=None)
        assert worst is None, f"a client waited {worst[0]} s behind us: {worst[1]!r} behind {worst[2]}"
