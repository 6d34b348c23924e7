"""Bulk: one wish for many generation requests, worked off in batches by whoever is alive.

A batch and the note of how far it went are one transaction, so a worker that dies in it leaves nothing half done and
nothing counted twice. Each generation request goes through the same function as a single call.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.bulk import BulkAction, Filter
from lqs.domain.errors import NotFound, NothingToRetry
from lqs.domain.generation_request import IllegalMove, Standing
from lqs.domain.ids import new_id
from lqs.lifecycle import idempotency
from lqs.lifecycle.booking import trouble_told
from lqs.lifecycle.retry import Choice, Retry, begin_again
from lqs.observability.telemetry import Telemetry
from lqs.storage import bulk_operations, generation_requests, retention
from lqs.storage.bulk_operations import BEGINNING, BulkView, Found, NewBulk, Place, Search
from lqs.storage.database import Connection, Database, refuses_value
from lqs.storage.idempotency_keys import Key

OPERATION = "POST /generation-requests/bulk"
"""The scope of the idempotency key."""
_BATCH = 100
_WINDOW = 1000
"""Rows one look goes through at most: a filter that matches next to nothing is still worked off in short steps."""
_PREVIEW_WINDOW = 10_000
_SAMPLES = 5
_OPERATIONS_AT_ONCE = 100
"""Bulk operations that take turns."""


@dataclass(frozen=True, slots=True)
class BulkWish:
    """A checked wish. `everybody`: not the owner's own generation requests alone; needs an operator.

    `options` are what the action takes, as JSON values; `requested_by` is the id of the caller's API key.
    """

    owner_id: UUID
    action: BulkAction
    filter: Filter
    everybody: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    requested_by: str | None = None
    idempotency_key: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What a replay must repeat."""
        wanted = {name: str(value) for name, value in self.filter.named.items()}
        return {"action": self.action, "filter": wanted, "everybody": self.everybody, **self.options}

    @property
    def key(self) -> Key | None:
        """The idempotency key in its scope."""
        return Key(self.owner_id, OPERATION, self.idempotency_key) if self.idempotency_key else None


@dataclass(frozen=True, slots=True)
class Begun:
    """A bulk operation as it stands; a replayed one was begun before, with the same key, at `used_at`."""

    bulk: BulkView
    replayed: bool = False
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a bulk operation would change if it came by now: how many, and some of them."""

    matched: int
    sample: Sequence[UUID]
    filter: Filter


@dataclass(frozen=True, slots=True)
class BulkRules:
    """What the actions must know of the service: how long tombstones stand, and the overhead of a run, in seconds."""

    tombstone_seconds: int = 30 * 86_400
    overhead_seconds: float = 120.0


async def preview(database: Database, wish: BulkWish) -> Preview:
    """Look what a bulk operation would change; nothing changes."""
    matched = 0
    sample: list[UUID] = []
    async with database.acquire() as connection:
        now = await bulk_operations.clock(connection)
        search = Search(None if wish.everybody else wish.owner_id, wish.action, wish.filter.fixed(now), now)
        place: Place | None = BEGINNING
        while place is not None:
            found = await bulk_operations.match(
                connection, search, after=place, window=_PREVIEW_WINDOW, batch=_PREVIEW_WINDOW
            )
            matched += len(found.places)
            sample += [match.id for match in found.places[: _SAMPLES - len(sample)]]
            place = found.up_to
    return Preview(matched, sample, search.filter)


async def begin_bulk(database: Database, wish: BulkWish) -> Begun:
    """Accept a bulk operation; it is durable when this returns. What it will come by is fixed by now.

    Raises `IdempotencyKeyReused`, `NotFound` when the key stands for one that is just being forgotten.
    """
    new_bulk_id = new_id()
    async with database.transaction() as connection:
        use = await idempotency.take(connection, wish.key, wish.body, new_bulk_id)
        if use is not None:
            before = await bulk_operations.read(connection, use.subject_id, owner_id=wish.owner_id)
            if before is None:
                raise NotFound("What this key began has just been forgotten.")
            return Begun(before, True, use.used_at)
        now = await bulk_operations.clock(connection)
        bulk = await bulk_operations.insert(
            connection,
            NewBulk(
                id=new_bulk_id,
                owner_id=wish.owner_id,
                requested_by=wish.requested_by,
                action=wish.action,
                filter=wish.filter.fixed(now),
                requested_at=now,
                options={"everybody": wish.everybody, **wish.options},
            ),
        )
        return Begun(bulk)


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
    """What one batch did; `going`: there is more to do, and it can be done now."""

    changed: int = 0
    skipped: int = 0
    going: bool = False


async def work(database: Database, bulk_id: UUID, rules: BulkRules, *, batch: int = _BATCH) -> Step:
    """Do the next batch of a bulk operation; nothing when it is completed or somebody else is at it.

    It goes in order and skips nobody: it stops before the first generation request that somebody else holds, and
    waits for that one alone, holding nothing itself.
    """
    async with database.transaction() as connection:
        bulk = await bulk_operations.lock_free(connection, bulk_id)
        if bulk is None:
            return Step()
        found = await bulk_operations.match(connection, _search(bulk), after=bulk.position, window=_WINDOW, batch=batch)
        ids = [place.id for place in found.places]
        if bulk.action is BulkAction.RETRY:
            # It advances the flows, which are locked before the generation requests, as everywhere.
            await generation_requests.lock_flows(connection, ids)
        standings = await generation_requests.lock_free(connection, ids)
        ready = list(takewhile(lambda place: place.id in standings, found.places))
        if ready or not found.places:
            step = await _deal_with(connection, bulk, found, {place: standings[place.id] for place in ready}, rules)
            if step.changed:
                crash_point(CrashPoint.BULK_BATCH_DONE)
                crash_point_soon(CrashPoint.BULK_BATCH_COMMITTING)
            return step
    async with database.transaction() as connection:
        await generation_requests.lock(connection, [found.places[0].id])
    return Step(going=True)


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
    changed = await _act(connection, bulk, standings, rules) if standings else 0
    skipped = len(places) - changed
    await bulk_operations.advance(connection, bulk.id, position, changed=changed, skipped=skipped, completed=completed)
    return Step(changed, skipped, going=not completed)


async def _still_matching(connection: Connection, bulk: BulkView, places: Sequence[Place]) -> frozenset[UUID]:
    if not places:
        return frozenset()
    found = await bulk_operations.match(
        connection, _search(bulk), after=bulk.position, until=places[-1], window=_WINDOW, batch=_WINDOW
    )
    return frozenset(place.id for place in found.places)


async def _act(connection: Connection, bulk: BulkView, standings: Mapping[UUID, Standing], rules: BulkRules) -> int:
    """Do it to all, or, if one of them is refused, to each apart; returns how many it changed."""
    try:
        async with connection.transaction():
            await _ACTIONS[bulk.action](connection, bulk, standings, rules)
            after = await generation_requests.lock_free(connection, list(standings))
            return sum(id_ not in after or after[id_].version != one.version for id_, one in standings.items())
    except Exception as error:
        if not (isinstance(error, IllegalMove) or refuses_value(error)):
            raise
    if len(standings) == 1:
        return 0
    return sum([await _act(connection, bulk, {id_: standing}, rules) for id_, standing in standings.items()])


def _search(bulk: BulkView) -> Search:
    return Search(None if bulk.options["everybody"] else bulk.owner_id, bulk.action, bulk.filter, bulk.requested_at)


_Action = Callable[[Connection, BulkView, Mapping[UUID, Standing], BulkRules], Awaitable[object]]


async def _purge(connection: Connection, bulk: BulkView, standings: Mapping[UUID, Standing], rules: BulkRules) -> None:
    await retention.purge(connection, list(standings), tombstone_seconds=rules.tombstone_seconds)


async def _retry(connection: Connection, bulk: BulkView, standings: Mapping[UUID, Standing], rules: BulkRules) -> None:
    """What has nothing to try again is left as it was, each for itself."""
    for standing in standings.values():
        wish = Retry(
            owner_id=bulk.owner_id,
            request_id=standing.id,
            slots=Choice(bulk.options.get("slots", Choice.FAILED)),
            max_attempts=bulk.options.get("max_attempts"),
            timeout_seconds=bulk.options.get("timeout_seconds"),
            requested_by=bulk.requested_by,
        )
        with suppress(NothingToRetry):
            async with connection.transaction():
                await begin_again(connection, standing, wish, overhead_seconds=rules.overhead_seconds)


_ACTIONS: Mapping[BulkAction, _Action] = {BulkAction.RETRY: _retry, BulkAction.PURGE: _purge}
