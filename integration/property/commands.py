"""Runs the commands of a life: as they are, or killed after some step and then finished or undone."""
from rig.cli import DONE, KILLED, STATE


class Commands:
    """`kill` is the share of commands that are killed after a random step of their journal."""

    kill = 0.0

    def __init__(self, cli, tell, rng):
        self.cli, self.tell, self.rng, self.writers = cli, tell, rng, None

    def run(self, arguments, undo=None, undoing=None, refused=None, is_over=lambda: False):
        """True once `arguments` is done; False if `undo` was run instead and took.

        `undoing` is called before `undo`, `refused` when that was too late and `arguments` is finished after all.
        `is_over`: had the killed command done all its work? Then there is nothing to undo.
        """
        if self.rng.random() < self.kill and self.killed(arguments):
            if undo and self.rng.random() < 0.5 and not is_over() and self.undone(undo, undoing, refused):
                return False
        self.tell("pgstrata " + " ".join(arguments))
        self.cli.run(*arguments)
        return True

    def killed(self, arguments):
        step = self.rng.randint(1, 8)
        self.tell(f"pgstrata {' '.join(arguments)} --kill-after-step {step}")
        result = self.cli.run(*arguments, "--kill-after-step", step, expect=None)
        assert result.exit in (KILLED, DONE), repr(result)
        return result.exit == KILLED

    def undone(self, undo, undoing, refused):
        self.tell("pgstrata " + " ".join(undo))
        if undoing:
            undoing()
        result = self.cli.run(*undo, expect=None)
        assert result.exit == DONE or (refused and result.exit == STATE), repr(result)
        if result.exit == DONE:
            return True
        refused()
        return False


class OftenKilled(Commands):
    kill = 0.25
