"""A worker as a process of its own: signals in, exit code out."""

import asyncio
import os
import signal

import uvloop

from lqs.cycle_collector import calm_collector
from lqs.wiring import open_worker_parts
from lqs.worker.worker import Worker

_LAST_SECONDS = 15
"""How much longer than its grace time a stopping worker may take before it ends the hard way."""


def run_worker() -> None:
    """Work until SIGTERM or SIGINT, then end cleanly; a second signal ends the process at once.

    Raises `SettingsInvalid`, `DatabaseUnavailable`, `MigrationRefused`, `KafkaTrouble` when it cannot start.
    """
    calm_collector()
    uvloop.run(_serve())


async def _serve() -> None:
    async with open_worker_parts() as parts:
        worker = Worker(parts)
        signals = _Signals(worker, parts.pace.graceful_stop_seconds + _LAST_SECONDS)
        for number in (signal.SIGTERM, signal.SIGINT):
            signals.listen(number)
        await worker.run()


class _Signals:
    """The first signal asks for a clean end; the second takes the worker's word that its slots will be rescued."""

    def __init__(self, worker: Worker, longest_seconds: float) -> None:
        self._worker = worker
        self._longest_seconds = longest_seconds
        self._asked = False

    def listen(self, number: signal.Signals) -> None:
        asyncio.get_running_loop().add_signal_handler(number, self._receive, number)

    def _receive(self, number: int) -> None:
        if self._asked:
            os._exit(128 + number)
        self._asked = True
        self._worker.stop()
        # A frozen database may not even let go of a cancelled statement; what is held then is rescued.
        asyncio.get_running_loop().call_later(self._longest_seconds, os._exit, 1)
