"""`Prefer: wait=N` (RFC 7240): an answer that is held until there is something to say."""

import asyncio
import re
from uuid import UUID

from fastapi import Request

from lqs.lifecycle.watch import Watch

MOST_SECONDS = 60
_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(;.*)?", re.IGNORECASE)


def preferred_wait(request: Request) -> int | None:
    """How many seconds the caller wants to wait at most, from 1 to 60; None if it has no such wish that makes sense."""
    words = [word for header in request.headers.getlist("prefer") for word in header.split(",")]
    found = next((match for word in words if (match := _WAIT.fullmatch(word))), None)
    return min(int(found[1]), MOST_SECONDS) or None if found else None


async def hold(
    watch: Watch, request: Request, request_id: UUID, *, owner_id: UUID, version: int | None, seconds: int
) -> bool:
    """Wait until it has another version than this one (None: until it is done), or until the caller leaves.

    False if the answer was not to be held, because too many are.
    """
    waiting = asyncio.ensure_future(watch.wait(request_id, owner_id=owner_id, seconds=seconds, version=version))
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else True
    finally:
        for task in (waiting, leaving):
            task.cancel()
        await asyncio.gather(waiting, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
