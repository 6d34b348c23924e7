"""Waits for many generation requests of one wish, and shows them as one: a bar for people, lines for logs."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lqs.cli.advice import Adviser
from lqs.cli.connection import address, open_async_client
from lqs.cli.displays import LineDisplay
from lqs.cli.exit_codes import ExitCode
from lqs.cli.failures import Failure, report
from lqs.cli.render import console
from lqs_client import AsyncClient, GenerationRequest, LqsError, WaitTimeout

_AT_ONCE = 20


class _Total:
    """What all of them together have come to."""

    def __init__(self, expected: int, *, quiet: bool) -> None:
        self._expected = expected
        self._states: dict[str, GenerationRequest] = {}
        self._progress: Progress | None = None
        self._quiet = quiet
        self._said = ""

    def show_bar(self) -> Progress:
        """The bar, to be entered."""
        columns = (BarColumn(bar_width=30), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console(stderr=True))
        self._progress.add_task("", total=None)
        return self._progress

    def changed(self, state: GenerationRequest) -> None:
        """Add what is new to the total, and show it."""
        self._states[state.request_id] = state
        made = sum(one.generated_count for one in self._states.values())
        failed = sum(one.failed_count for one in self._states.values())
        asked = sum(one.requested_count for one in self._states.values())
        ended = sum(one.done for one in self._states.values())
        words = f"{made}/{asked}  {ended} of {self._expected} generation requests done"
        words += f"  failed {failed}" if failed else ""
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], total=asked, completed=made + failed, description=words)
        elif not self._quiet and words != self._said:
            print(words, file=sys.stderr, flush=True)
        self._said = words


def wait_for_all(
    request_ids: Sequence[str], url: str | None, timeout: float, *, quiet: bool
) -> Mapping[str, GenerationRequest]:
    """The ends of those that ended within `timeout` seconds. Raises what keeps anybody from looking at them."""
    if not request_ids:
        return {}
    total = _Total(len(request_ids), quiet=quiet)
    people_look = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not quiet
    try:
        with ExitStack() as shown:
            if people_look:
                shown.enter_context(total.show_bar())
            return asyncio.run(_wait(request_ids, url, timeout, total))
    except KeyboardInterrupt:
        step = "the same command again: it asks for nothing twice"
        report(Failure(ExitCode.INTERRUPTED, "interrupted", "interrupted; the work goes on", (), step), as_json=quiet)
        raise typer.Exit(ExitCode.INTERRUPTED) from None


async def _wait(
    request_ids: Sequence[str], url: str | None, timeout: float, total: _Total
) -> Mapping[str, GenerationRequest]:
    deadline = asyncio.get_running_loop().time() + timeout
    room = asyncio.Semaphore(_AT_ONCE)
    adviser = Adviser(address(url), LineDisplay())

    async def one(client: AsyncClient, request_id: str) -> GenerationRequest | None:
        async def changed(state: GenerationRequest) -> None:
            total.changed(state)
            await adviser.changed(request_id, state)

        def troubled(error: LqsError, _pause: float) -> None:
            adviser.troubled(request_id, error)

        async with room:
            left = max(0.0, deadline - asyncio.get_running_loop().time())
            try:
                return await client.wait(request_id, timeout=left, on_progress=changed, on_trouble=troubled)
            except WaitTimeout:
                return None

    async with open_async_client(url) as client:
        ends = await asyncio.gather(*(one(client, request_id) for request_id in request_ids))
    return {end.request_id: end for end in ends if end is not None}
