"""Ends a process when the one that started it is gone, however that one ended."""

import os
import signal
import threading
import time


def end_with_parent(descriptor: int, *, grace_seconds: float) -> None:
    """Watch the reading end of a pipe whose writing end the parent alone holds and never writes to.

    When it closes, this process gets SIGTERM, so that it ends as it always does; `grace_seconds` later it is ended
    at once.
    """
    threading.Thread(target=_watch, args=(descriptor, grace_seconds), name="lifeline", daemon=True).start()


def _watch(descriptor: int, grace_seconds: float) -> None:
    while os.read(descriptor, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    os._exit(1)
