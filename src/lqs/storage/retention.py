"""Purging, tombstones and whatever else is old, in PostgreSQL: one typed function per statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.domain.generation_request import Status
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("retention")


@dataclass(frozen=True, slots=True)
class Purgeable:
    """What decides whether a generation request may be purged on demand, read under its lock."""

    status: Status
    pinned: bool
    version: int


async def expired(connection: Connection, *, batch: int) -> list[UUID]:
    """Generation requests whose time is over, oldest first."""
    return [row["id"] for row in await SQL["expired"].fetch(connection, batch=batch)]


async def lock_expired(connection: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """Lock those of these generation requests that are still to go and that nobody else holds."""
    return [row["id"] for row in await SQL["lock_expired"].fetch(connection, ids=ids)]


async def lock_one(connection: Connection, request_id: UUID, *, owner_id: UUID) -> Purgeable | None:
    """Lock one generation request for its purge, waiting for other holders; None if unknown or another owner's."""
    row = await SQL["lock_one"].fetchrow(connection, id=request_id, owner_id=owner_id)
    return Purgeable(Status(row["status"]), row["pinned"], row["version"]) if row else None


async def purge(connection: Connection, ids: Sequence[UUID], *, tombstone_seconds: int) -> list[UUID]:
    """Put a tombstone in the place of each of these locked generation requests; their entities stay."""
    rows = await SQL["purge"].fetch(connection, ids=ids, tombstone_seconds=tombstone_seconds)
    return [row["request_id"] for row in rows]


async def forget(connection: Connection, *, batch: int) -> int:
    """Forget the tombstones whose time is over, and the idempotency keys that lead to them."""
    return len(await SQL["forget"].fetch(connection, batch=batch))


async def forget_bulk_operations(connection: Connection, *, kept_seconds: int, batch: int) -> int:
    """Forget the bulk operations that ended longer ago, and the idempotency keys that lead to them."""
    return len(await SQL["forget_bulk_operations"].fetch(connection, kept_seconds=kept_seconds, batch=batch))


async def forget_dead_letters(connection: Connection, *, kept_seconds: int, batch: int) -> int:
    """Forget the dead letters of slots that failed longer ago and whose generation requests were purged."""
    return len(await SQL["forget_dead_letters"].fetch(connection, kept_seconds=kept_seconds, batch=batch))


async def forget_workers(connection: Connection, *, kept_seconds: int, batch: int) -> int:
    """Forget the workers that died longer ago and hold nothing."""
    return len(await SQL["forget_workers"].fetch(connection, kept_seconds=kept_seconds, batch=batch))
