"""The server's own word on who waited for whom: `log_lock_waits` with a deadlock_timeout of 250 ms.

The server then logs every wait that reaches 250 ms, with who holds the lock and who stands before it in the
queue, and every deadlock. Sessions are told by their application_name, which stands in each line.
"""
import re

SETTINGS = {"deadlock_timeout": "250ms", "log_lock_waits": "on", "log_disconnections": "on"}

LINE = re.compile(r"\[(?P<pid>\d+)\] (?P<application>.*?) (?P<level>LOG|ERROR|FATAL|DETAIL):  (?P<text>.*)")
WAIT = re.compile(r"process (\d+) still waiting for (\w+) on (.*) after ([\d.]+) ms")
QUEUE = re.compile(r"Process(?:es)? holding the lock: ([\d, ]*)\. Wait queue: ([\d, ]*)\.")


def _pids(text):
    return [int(pid) for pid in text.split(",") if pid.strip()]


def ours(name):
    return name.startswith("pgstrata ")


class LockWaits:
    """`with LockWaits(server): …` fails on leaving if a client waited 250 ms behind us, or saw a deadlock."""

    def __init__(self, server):
        self.server = server
        self.waits = []  # of anybody, for anything: proof that the log says what it is asked for

    def __enter__(self):
        self.begin = len(self.server.log())
        return self

    def __exit__(self, error, *_):
        if error is None:
            self.check()

    def lines(self):
        return [match for line in self.server.log()[self.begin:].splitlines() if (match := LINE.search(line))]

    def check(self):
        lines = self.lines()
        our_pids = {int(line["pid"]) for line in lines if ours(line["application"])}
        deadlocks = [line["application"] for line in lines
                     if "deadlock detected" in line["text"] and not ours(line["application"])]
        assert not deadlocks, f"clients saw deadlocks: {deadlocks}"
        for said, detail in zip(lines, lines[1:]):
            wait, queue = WAIT.search(said["text"]), QUEUE.search(detail["text"])
            if not wait or not queue:
                continue
            self.waits.append((said["application"], wait[2], wait[3]))
            waiting = _pids(queue[2])
            # A waiter that was served between the two lines is in neither list.
            mine = int(wait[1])
            before = _pids(queue[1]) + (waiting[:waiting.index(mine)] if mine in waiting else waiting)
            behind_us = our_pids & set(before)
            assert ours(said["application"]) or not behind_us, (
                f"{said['application']!r} waited {wait[4]} ms for {wait[2]} on {wait[3]} behind {behind_us}")
