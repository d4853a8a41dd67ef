"""Kills the engine, its sessions or the server while a command runs, and then finishes or undoes it.

kinds of a crash:
    step      SIGKILL of the engine right after a step of its journal, each in turn
    engine    SIGKILL of the engine at a random moment
    sessions  pg_terminate_backend of all or one of the engine's sessions at a random moment
    server    immediate stop of the server at a random moment, then a start
"""
import collections
import signal
import time

from commands import Commands
from rig.cli import CONNECTION, DONE, KILLED, STATE, Result

KINDS = ["step", "step", "engine", "engine", "sessions", "server"]
SESSIONS = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgstrata%' AND datname = current_database()"


class Record:
    """What the lives of a run share; `goal` crashes are enough."""

    def __init__(self, goal):
        self.goal, self.counts = goal, collections.Counter()
        self.usual = collections.defaultdict(lambda: 0.25)      # how long each command takes, in seconds
        self.step = collections.defaultdict(lambda: 1)          # each command is killed after every step in turn


class Sabotage(Commands):
    def __init__(self, cli, tell, rng, record):
        super().__init__(cli, tell, rng)
        self.counts, self.goal, self.usual, self.step = record.counts, record.goal, record.usual, record.step

    def run(self, arguments, undo=None, undoing=None, refused=None, is_over=lambda: False):
        crashes = 0
        while self.counts["crashes"] < self.goal and (crashes == 0 or self.rng.random() < 0.3):
            if not self.crash(self.rng.choice(KINDS), arguments):
                break
            crashes += 1
        if crashes and undo and self.rng.random() < 0.5 and not is_over():
            self.tell("pgstrata " + " ".join(undo))
            if undoing:
                undoing()
            result = self.patiently(undo, DONE, STATE)
            if result.exit == DONE:
                self.counts["rolled back"] += 1
                return False
            if not refused:
                assert self.never_began(undo[1]), repr(result)
                self.counts["never begun"] += 1
                return False
            self.counts["rollbacks refused"] += 1
            refused()
        self.tell("pgstrata " + " ".join(arguments))
        self.patiently(arguments, DONE)
        self.counts["resumed"] += bool(crashes)
        return True

    def never_began(self, version):
        """A start that was killed before it wrote to the journal has left nothing to undo."""
        status = self.cli.status()
        return status["unfinished"] is None and all(v["name"] != version for v in status["versions"])

    def patiently(self, arguments, *expected):
        """Runs it; again while sessions of the killed command are still at it."""
        deadline = time.monotonic() + 20
        while True:
            began = time.monotonic()
            result = self.cli.run(*arguments, expect=None)
            at_work = result.exit == STATE and ("another command is at work" in result.err or "has not ended yet" in result.err)
            if not at_work or time.monotonic() > deadline:
                break
            self.counts["waits for a dying runner"] += 1
            time.sleep(0.1)
        self.usual[arguments[0]] = time.monotonic() - began
        assert result.exit in expected, f"expected exit {expected}\n{result!r}"
        return result

    def crash(self, kind, arguments):
        """False if the command was done before the blow fell."""
        if kind == "step":
            extra = ["--kill-after-step", self.step[arguments[0]]]
        else:
            extra = []
        self.tell(f"pgstrata {' '.join(arguments)} {' '.join(map(str, extra))} -- crash: {kind}")
        process = self.cli.spawn(*arguments, *extra)
        if kind != "step":
            time.sleep(self.rng.uniform(0.2, 0.9) * self.usual[arguments[0]])
            getattr(self, kind)(process)
        out, err = process.communicate(timeout=60)
        result = Result([*arguments, *extra], process.returncode, out.decode(), err.decode())
        self.tell(f"  exit {result.exit}")
        allowed = {"step": (KILLED,), "engine": (KILLED,), "sessions": (CONNECTION,),
                   "server": (CONNECTION,)}[kind]
        assert result.exit in (DONE, *allowed), repr(result)
        hit = result.exit != DONE
        if kind == "step":
            self.step[arguments[0]] = self.step[arguments[0]] + 1 if hit else 1
        self.counts["crashes"] += hit
        self.counts[f"{kind} crashes"] += hit
        self.counts["too late"] += not hit
        return hit

    def engine(self, process):
        process.send_signal(signal.SIGKILL)

    def sessions(self, process):
        everyone = self.rng.random() < 0.6
        self.cli.database.execute(
            f"SELECT pg_terminate_backend(pid) FROM ({SESSIONS} {'' if everyone else 'ORDER BY random() LIMIT 1'}) s",
            role="postgres")

    def server(self, process):
        self.writers.outage.set()
        server = self.cli.database.server
        server.halt(signal.SIGQUIT)
        server.start()
