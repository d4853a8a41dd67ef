"""Waiting for what another process is about to do."""
import time


def eventually(what, seconds=30):
    """What `what` returns, once that is true of it."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found
