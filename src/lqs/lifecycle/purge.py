"""Purge: the record of a generation request goes, a tombstone takes its place for a while, its entities stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.crash_points import CrashPoint, crash_point, crash_point_soon
from lqs.domain.errors import GenerationRequestPinned, NotDone, VersionMismatch
from lqs.lifecycle.absence import absence
from lqs.storage import retention
from lqs.storage.database import Database, refuses_value


@dataclass(frozen=True, slots=True)
class Purged:
    """What one piece of purging took away, and which generation requests are so broken that it passed them over."""

    request_ids: Sequence[UUID] = ()
    passed_over: Sequence[UUID] = ()


async def purge_expired(database: Database, *, tombstone_seconds: int, batch: int) -> Purged:
    """Purge up to `batch` generation requests whose time is over, in one transaction.

    What is locked by somebody else, was pinned or tried again meanwhile is left alone.
    """
    async with database.acquire() as connection:
        expired = await retention.expired(connection, batch=batch)
    return await _purge(database, expired, tombstone_seconds)


async def purge_one(
    database: Database, request_id: UUID, *, owner_id: UUID, tombstone_seconds: int, if_version: int | None = None
) -> None:
    """Purge a generation request that is done, before its time: its owner wants it gone.

    Raises `VersionMismatch` when it has another version than `if_version`, `NotDone`, `GenerationRequestPinned`,
    `GenerationRequestPurged`, `NotFound`.
    """
    async with database.transaction() as connection:
        found = await retention.lock_one(connection, request_id, owner_id=owner_id)
        if found is None:
            raise await absence(connection, request_id, owner_id=owner_id)
        if if_version is not None and if_version != found.version:
            raise VersionMismatch(if_version, found.version)
        if not found.status.done:
            raise NotDone(f"It is {found.status}, and only what is done can be purged. Cancel it first, or wait.")
        if found.pinned:
            raise GenerationRequestPinned
        await retention.purge(connection, [request_id], tombstone_seconds=tombstone_seconds)
        crash_point(CrashPoint.PURGE_DONE)
        crash_point_soon(CrashPoint.PURGE_COMMITTING)
    crash_point(CrashPoint.PURGE_COMMITTED)


async def _purge(database: Database, ids: Sequence[UUID], tombstone_seconds: int) -> Purged:
    """What the database will not let go of is taken apart from the rest, so that it holds up no other."""
    if not ids:
        return Purged()
    try:
        async with database.transaction() as connection:
            held = await retention.lock_expired(connection, ids)
            purged = await retention.purge(connection, held, tombstone_seconds=tombstone_seconds) if held else []
            return Purged(purged)
    except Exception as error:
        if not refuses_value(error):
            raise
    if len(ids) == 1:
        return Purged(passed_over=ids)
    middle = len(ids) // 2
    one, other = [await _purge(database, half, tombstone_seconds) for half in (ids[:middle], ids[middle:])]
    return Purged([*one.request_ids, *other.request_ids], [*one.passed_over, *other.passed_over])
