"""Rescue: what dead or wedged workers hold goes to others; what keeps killing its workers fails."""

from collections.abc import Collection
from functools import partial
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point
from lqs.domain.generation_request import EventType
from lqs.domain.retry_policy import RetryPolicy
from lqs.lifecycle.booking import book
from lqs.lifecycle.duties import Booked, booked, move_and_book
from lqs.storage import claims, generation_requests, slots, workers
from lqs.storage.claims import Claimed
from lqs.storage.database import Database


async def rescue(database: Database, *, lease_seconds: float, max_crashes: int, batch: int) -> Booked:
    """Take for dead the workers that were silent for a lease, and take their slots from them.

    The attempt is undone, the crash is counted; the last allowed crash ends the slot with `worker_lost`.
    """
    async with database.acquire() as connection:
        await workers.wind_back(connection, lease_seconds=lease_seconds, batch=batch)
        await workers.bury(connection, lease_seconds=lease_seconds, batch=batch)
        lost = await slots.abandoned(connection, batch=batch)
    if lost:
        crash_point(CrashPoint.RESCUE_BURIED)
    move = partial(slots.rescue, max_crashes=max_crashes)
    return await move_and_book(database, lost, move, summary=EventType.SLOTS_RESCUED, midway=CrashPoint.RESCUE_MOVED)


async def time_out(database: Database, *, policy: RetryPolicy, batch: int) -> Booked:
    """End the attempts that are past their slot's hard deadline, under the rules of any failed attempt.

    A worker times its attempts out itself; this is for one that is alive but wedged.
    """
    async with database.acquire() as connection:
        overdue = await slots.overdue(connection, batch=batch)
    move = partial(slots.time_out, base_seconds=policy.base_seconds, cap_seconds=policy.cap_seconds)
    return await move_and_book(database, overdue, move, midway=CrashPoint.TIME_OUT_MOVED)


async def hand_back(database: Database, *, worker_id: UUID, batch: int, keep: Collection[Claimed] = ()) -> Booked:
    """A worker gives back what it holds, but for what it wants to keep; no crash is counted.

    A stopping one gives back everything. One that lost the answer to a claim gives back all it does not know of.
    """
    slots_moved = 0
    while True:
        async with database.transaction() as connection:
            held = await claims.held_by(connection, worker_id, batch=batch, keep=keep)
            standings = await generation_requests.lock(connection, held)
            moves = await claims.hand_back(connection, list(standings), worker_id=worker_id, keep=keep)
            if moves:
                crash_point(CrashPoint.HAND_BACK_MOVED)
            done = booked(moves, await book(connection, standings, moves, summary=EventType.SLOTS_HANDED_BACK))
        slots_moved += done.slots
        if not done.slots:
            return Booked(slots_moved)
