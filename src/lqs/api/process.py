"""The API as a process of its own: one Granian worker on uvloop, ended by SIGTERM or with its parent."""

import multiprocessing
import signal
from types import FrameType

from fastapi import FastAPI
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

from lqs.api import app
from lqs.lifeline import end_with_parent
from lqs.wiring import ApiParts

_KILL_SECONDS = 10


def run_api(host: str, port: int, *, header_timeout_seconds: float) -> None:
    """Serve until SIGTERM or SIGINT. The application reads its settings itself, in the process that serves.

    Raises `SystemExit` with 1 when that process dies.
    """
    # A forked process would share locks with threads that it does not have.
    multiprocessing.set_start_method("spawn", force=True)
    Granian(
        "lqs.api.process:create_in_server",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address=host,
        port=port,
        workers=1,
        workers_kill_timeout=_KILL_SECONDS,
        websockets=False,
        log_level=LogLevels.warning,
        http1_settings=HTTP1Settings(header_read_timeout=round(header_timeout_seconds * 1000)),
    ).serve()


def create_in_server() -> FastAPI:
    """The application in the process that Granian started for it, which ends with Granian's own."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    end_with_parent(int(parent.sentinel), grace_seconds=_KILL_SECONDS)
    return app.create(_answer_when_told_to_stop)


def _answer_when_told_to_stop(parts: ApiParts) -> None:
    """Let nobody wait for an answer that is held: Granian waits for them all before it says that it stops.

    Its own handler stays: the event loop hears of a signal by another way than this one.
    """
    before = signal.getsignal(signal.SIGTERM)

    def told(number: int, frame: FrameType | None) -> None:
        parts.watch.close()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, told)
