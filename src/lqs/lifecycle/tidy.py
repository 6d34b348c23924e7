"""Tidy: what is past its time goes, in bounded pieces: records, tombstones with their keys, dead letters, workers.

It runs beside the other duties: however much has piled up, no rescue and no deadline waits for it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from lqs.lifecycle.duties import tell_passed_over, trouble_told
from lqs.lifecycle.purge import purge_expired
from lqs.observability.telemetry import Telemetry
from lqs.storage import publication, retention
from lqs.storage.database import Connection, Database

_BATCH = 200
"""Generation requests a transaction purges at most: some thousand rows, some tens of milliseconds."""
_WORKER_SECONDS = 86_400
"""How long it can be seen that a worker was there, once it is dead."""


@dataclass(frozen=True, slots=True)
class Kept:
    """For how long, in seconds, something is kept when its own time is over.

    A tombstone after the purge; a bulk operation, which is told of no longer than what it purged, after its end; a
    dead letter after its slot failed, and in any case as long as its generation request is there; an event that nobody
    could publish, after it happened.
    """

    tombstone_seconds: int = 30 * 86_400
    dead_letter_seconds: int = 30 * 86_400
    unpublished_seconds: int = 7 * 86_400


async def keep_tidy(database: Database, telemetry: Telemetry, kept: Kept, *, every_seconds: float) -> None:
    """Tidy up, then wait about `every_seconds`, until cancelled."""
    while True:
        await asyncio.sleep(every_seconds * random.uniform(0.5, 1.5))
        await tidy(database, telemetry, kept)


async def tidy(database: Database, telemetry: Telemetry, kept: Kept, *, batch: int = _BATCH) -> None:
    """Let go of everything that is past its time, whatever happens."""
    # First, because what is given up here was held back by the purge.
    give_up = partial(publication.give_up, kept_seconds=kept.unpublished_seconds, batch=batch)
    await _forget_all(database, telemetry, "events.given_up", give_up)
    forget: dict[str, Callable[[Connection], Awaitable[int]]] = {
        "tombstones.forgotten": partial(retention.forget, batch=batch),
        "bulk_operations.forgotten": partial(
            retention.forget_bulk_operations, kept_seconds=kept.tombstone_seconds, batch=batch
        ),
        "dead_letters.forgotten": partial(
            retention.forget_dead_letters, kept_seconds=kept.dead_letter_seconds, batch=batch
        ),
        "workers.forgotten": partial(retention.forget_workers, kept_seconds=_WORKER_SECONDS, batch=batch),
    }
    await _purge_all(database, telemetry, kept, batch)
    for name, piece in forget.items():
        await _forget_all(database, telemetry, name, piece)


async def _purge_all(database: Database, telemetry: Telemetry, kept: Kept, batch: int) -> None:
    name = "requests.purged"
    with trouble_told(telemetry, name):
        while True:
            piece = await purge_expired(database, tombstone_seconds=kept.tombstone_seconds, batch=batch)
            if not piece.request_ids:
                tell_passed_over(telemetry, name, piece.passed_over)
                return
            telemetry.emit(name, requests=len(piece.request_ids))


async def _forget_all(
    database: Database, telemetry: Telemetry, name: str, piece: Callable[[Connection], Awaitable[int]]
) -> None:
    with trouble_told(telemetry, name):
        while True:
            async with database.transaction() as connection:
                rows = await piece(connection)
            if not rows:
                return
            telemetry.emit(name, rows=rows)
