"""Says once, to whoever waits, what keeps the work from going on and what to run against it."""

import asyncio

from lqs.cli.displays import Display
from lqs.cli.health import workers_alive
from lqs.cli.program import command
from lqs_client import ConnectionFailed, GenerationRequest, LqsError

PATIENCE = 2
"""Failed looks one after the other before a server counts as down; one may be a restart."""


class Adviser:
    """Hears what the waiting brings, and speaks through the display; `url` is the address of the API."""

    def __init__(self, url: str, display: Display) -> None:
        self._url = url
        self._display = display
        self._failures: dict[str, int] = {}
        self._said: set[str] = set()
        self._asked_for_workers = False

    async def changed(self, request_id: str, state: GenerationRequest) -> None:
        """A look worked: if the work has not ended, somebody must live who does it."""
        self._failures[request_id] = 0
        if state.done or self._asked_for_workers:
            return
        self._asked_for_workers = True
        if await asyncio.to_thread(workers_alive, self._url) == 0:
            self._say(f"no worker is alive; start `{command('worker')}`")

    def troubled(self, request_id: str, error: LqsError) -> None:
        """A look failed."""
        self._failures[request_id] = self._failures.get(request_id, 0) + 1
        if isinstance(error, ConnectionFailed) and not error.sent and self._failures[request_id] == PATIENCE:
            self._say(f"nothing answers at {self._url}; if it runs on this machine, start it with `{command('up')}`")

    def _say(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            self._display.advise(words)
