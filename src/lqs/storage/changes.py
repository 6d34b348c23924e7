"""What an owner may change of a generation request, in PostgreSQL: one typed function per statement."""

from dataclasses import dataclass
from uuid import UUID

from lqs.domain.generation_request import Priority, Standing, Status
from lqs.storage.database import Connection
from lqs.storage.generation_requests import standing_from
from lqs.storage.queries import queries

SQL = queries("changes")


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What can be told without a lock, and may have changed since."""

    status: Status
    priority: Priority
    count: int


@dataclass(frozen=True, slots=True)
class Changeable:
    """Where a generation request stands, and what may be changed of it. `metadata` is JSON text."""

    standing: Standing
    metadata: str
    priority: Priority
    pinned: bool


async def look(connection: Connection, request_id: UUID, *, owner_id: UUID) -> Glimpse | None:
    """Look without a lock; None if unknown or another owner's."""
    row = await SQL["look"].fetchrow(connection, id=request_id, owner_id=owner_id)
    return Glimpse(Status(row["status"]), Priority(row["priority"]), row["requested_count"]) if row else None


async def take_places(connection: Connection, owner_id: UUID, priority: Priority, *, slots: int) -> int:
    """Take room for slots in the owner's flow of this priority, locking it; returns the pass of the first."""
    first = await SQL["take_places"].fetchval(
        connection, owner_id=owner_id, **{"class": priority}, slots=slots, stride=priority.stride
    )
    assert isinstance(first, int)
    return first


async def lock(connection: Connection, request_id: UUID, *, owner_id: UUID) -> Changeable | None:
    """Lock a generation request, waiting for other holders; None if unknown or another owner's."""
    row = await SQL["lock"].fetchrow(connection, id=request_id, owner_id=owner_id)
    if row is None:
        return None
    return Changeable(standing_from(row), row["metadata"], Priority(row["priority"]), row["pinned"])


async def place(connection: Connection, request_id: UUID, priority: Priority, *, first_pass: int) -> None:
    """Move the waiting slots of a locked generation request to these places."""
    await SQL["place"].execute(connection, id=request_id, first_pass=first_pass, stride=priority.stride)


async def change(connection: Connection, request_id: UUID, *, metadata: str, priority: Priority, pinned: bool) -> None:
    """Write what was changed; the caller holds the lock. `metadata` is JSON text."""
    await SQL["change"].execute(connection, id=request_id, metadata=metadata, priority=priority, pinned=pinned)
