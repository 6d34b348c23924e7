"""Works off bulk operations in batches, on whatever process lives.

A batch and the note of how far it went are one transaction, so a worker that dies in it leaves nothing half done and
nothing counted twice. Each generation request goes through the same function as a single call.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from types import MappingProxyType
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.bulk import BulkAction
from lqs.domain.errors import BudgetSpent, NothingToRetry
from lqs.domain.generation_request import CancelMode, IllegalMove, Standing
from lqs.lifecycle.cancel import Wish, cancel_locked
from lqs.lifecycle.duties import trouble_told
from lqs.lifecycle.recall import recall
from lqs.lifecycle.retry import Choice, Retry, begin_again
from lqs.lifecycle.submission import Defaults
from lqs.observability.telemetry import Telemetry
from lqs.storage import bulk_operations, generation_requests, retention, selection
from lqs.storage.bulk_operations import BulkView
from lqs.storage.database import Connection, Database, refuses_value
from lqs.storage.selection import Found, Place, Search

_BATCH = 100
_WINDOW = 1000
"""Rows one look goes through at most: a filter that matches next to nothing is still worked off in short steps."""
_OPERATIONS_AT_ONCE = 100
"""Bulk operations that take turns."""


@dataclass(frozen=True, slots=True)
class BulkRules:
    """What the actions must know of the service: how long tombstones stand, in seconds, and the terms of a run."""

    tombstone_seconds: int = 30 * 86_400
    defaults: Defaults = field(default_factory=Defaults)


async def keep_bulk_going(
    database: Database,
    telemetry: Telemetry,
    rules: BulkRules,
    *,
    every_seconds: float,
    on_ready: Callable[[], None],
) -> None:
    """Work off what there is, then look again after about `every_seconds`, until cancelled.

    `on_ready` hears that slots may have become ready.
    """
    while True:
        await asyncio.sleep(every_seconds * random.uniform(0.5, 1.5))
        if await work_off(database, telemetry, rules):
            on_ready()


async def work_off(database: Database, telemetry: Telemetry, rules: BulkRules) -> int:
    """Take turns with all bulk operations, a batch each, until nothing is left; returns how many requests changed."""
    changed = 0
    going = True
    while going:
        going = False
        ids: list[UUID] = []
        with trouble_told(telemetry, "bulk.batch"):
            async with database.acquire() as connection:
                ids = await bulk_operations.unfinished(connection, batch=_OPERATIONS_AT_ONCE)
        for bulk_id in ids:
            with trouble_told(telemetry, "bulk.batch"):
                step = await work(database, bulk_id, rules)
                going |= step.going
                changed += step.changed
                if step.skipped or step.changed:
                    telemetry.emit("bulk.batch", bulk_id=str(bulk_id), changed=step.changed, skipped=step.skipped)
    return changed


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch did; `going`: there is more to do, and it can be done now; `robbed`: workers to `recall`."""

    changed: int = 0
    skipped: int = 0
    going: bool = False
    robbed: frozenset[UUID] = frozenset()


async def work(database: Database, bulk_id: UUID, rules: BulkRules, *, batch: int = _BATCH) -> Step:
    """Do the next batch of a bulk operation; nothing when it is completed or somebody else is at it.

    It goes in order and skips nobody: it stops before the first generation request that somebody else holds, and
    waits for that one alone, holding nothing itself.
    """
    async with database.transaction() as connection:
        bulk = await bulk_operations.lock_free(connection, bulk_id)
        if bulk is None:
            return Step()
        found = await selection.match(connection, _search(bulk), after=bulk.position, window=_WINDOW, batch=batch)
        ready = await _lock_ready(connection, bulk, found)
        step = await _deal_with(connection, bulk, found, ready, rules) if ready or not found.places else None
        if step is not None and step.changed:
            crash_point(CrashPoint.BULK_BATCH_DONE)
            crash_point_soon(CrashPoint.BULK_BATCH_COMMITTING)
    if step is not None:
        await recall(database, step.robbed)
        return step
    async with database.transaction() as connection:
        await generation_requests.lock(connection, [found.places[0].id])
    return Step(going=True)


async def _lock_ready(connection: Connection, bulk: BulkView, found: Found) -> dict[Place, Standing]:
    """What was found, up to the first that somebody else holds."""
    ids = [place.id for place in found.places]
    if bulk.action is BulkAction.RETRY:
        # It advances the flows, which are locked before the generation requests, as everywhere.
        await generation_requests.lock_flows(connection, ids)
    standings = await generation_requests.lock_free(connection, ids)
    free = takewhile(lambda place: place.id in standings, found.places)
    return {place: standings[place.id] for place in free}


async def _deal_with(
    connection: Connection, bulk: BulkView, found: Found, ready: Mapping[Place, Standing], rules: BulkRules
) -> Step:
    places = list(ready)
    whole = len(places) == len(found.places)
    completed = whole and found.up_to is None
    position = (found.up_to if whole else None) or (places[-1] if places else bulk.position)
    # What is locked now can have changed since it was found.
    still = await _still_matching(connection, bulk, places)
    standings = {place.id: standing for place, standing in ready.items() if place.id in still}
    changed, robbed = await _act(connection, bulk, standings, rules) if standings else (0, frozenset[UUID]())
    skipped = len(places) - changed
    await bulk_operations.advance(connection, bulk.id, position, changed=changed, skipped=skipped, completed=completed)
    return Step(changed, skipped, going=not completed, robbed=robbed)


async def _still_matching(connection: Connection, bulk: BulkView, places: Sequence[Place]) -> frozenset[UUID]:
    if not places:
        return frozenset()
    found = await selection.match(
        connection, _search(bulk), after=bulk.position, until=places[-1], window=_WINDOW, batch=_WINDOW
    )
    return frozenset(place.id for place in found.places)


async def _act(
    connection: Connection, bulk: BulkView, standings: Mapping[UUID, Standing], rules: BulkRules
) -> tuple[int, frozenset[UUID]]:
    """Do it to all, or, if one of them is refused, to each apart; how many it changed, and the workers to recall."""
    try:
        async with connection.transaction():
            robbed = await _ACTIONS[bulk.action](connection, bulk, standings, rules)
            after = await generation_requests.lock_free(connection, list(standings))
            changed = sum(id_ not in after or after[id_].version != one.version for id_, one in standings.items())
            return changed, robbed
    except Exception as error:
        if not (isinstance(error, IllegalMove) or refuses_value(error)):
            raise
    if len(standings) == 1:
        return 0, frozenset()
    each = [await _act(connection, bulk, {id_: standing}, rules) for id_, standing in standings.items()]
    return sum(changed for changed, _ in each), frozenset().union(*(robbed for _, robbed in each))


def _search(bulk: BulkView) -> Search:
    return Search(None if bulk.options["everybody"] else bulk.owner_id, bulk.action, bulk.filter, bulk.requested_at)


_Action = Callable[[Connection, BulkView, Mapping[UUID, Standing], BulkRules], Awaitable[frozenset[UUID]]]
"""Does it to these locked generation requests; returns the workers to `recall` once that is committed."""


async def _purge(
    connection: Connection, bulk: BulkView, standings: Mapping[UUID, Standing], rules: BulkRules
) -> frozenset[UUID]:
    await retention.purge(connection, list(standings), tombstone_seconds=rules.tombstone_seconds)
    return frozenset()


async def _retry(
    connection: Connection, bulk: BulkView, standings: Mapping[UUID, Standing], rules: BulkRules
) -> frozenset[UUID]:
    """What has nothing to try again, or no money for it, is left as it was, each for itself."""
    for standing in standings.values():
        wish = Retry(
            owner_id=bulk.owner_id,
            request_id=standing.id,
            slots=Choice(bulk.options.get("slots", Choice.FAILED)),
            max_attempts=bulk.options.get("max_attempts"),
            timeout_seconds=bulk.options.get("timeout_seconds"),
            requested_by=bulk.requested_by,
        )
        with suppress(NothingToRetry, BudgetSpent):
            async with connection.transaction():
                await begin_again(connection, standing, wish, rules.defaults)
    return frozenset()


async def _cancel(
    connection: Connection, bulk: BulkView, standings: Mapping[UUID, Standing], rules: BulkRules
) -> frozenset[UUID]:
    wish = Wish(
        mode=CancelMode(bulk.options.get("mode", CancelMode.GRACEFUL)),
        reason=bulk.options.get("reason"),
        by_operator=bulk.options["everybody"],
    )
    return await cancel_locked(connection, standings, wish)


_ACTIONS: Mapping[BulkAction, _Action] = MappingProxyType(
    {BulkAction.CANCEL: _cancel, BulkAction.RETRY: _retry, BulkAction.PURGE: _purge}
)
