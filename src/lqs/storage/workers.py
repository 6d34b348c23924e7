"""Workers in PostgreSQL: who lives, who is taken for dead."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("workers")


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat is answered with: how often slots were taken from this worker while it held them."""

    recalls: int


async def register(
    connection: Connection, worker_id: UUID, *, host: str, pid: int, capacity: int, version: str
) -> None:
    """Make a worker known; an id is used once."""
    await SQL["register"].execute(connection, id=worker_id, host=host, pid=pid, capacity=capacity, version=version)


async def beat(
    connection: Connection, worker_id: UUID, *, in_flight: int, places: int | None = None, trouble: str | None = None
) -> Beat | None:
    """Say that a worker lives, what keeps work from reaching it, and how many places it has if that has changed.

    None if it was taken for dead meanwhile and must register anew.
    """
    row = await SQL["beat"].fetchrow(connection, id=worker_id, in_flight=in_flight, places=places, trouble=trouble)
    return Beat(row["recalls"]) if row else None


async def recall(connection: Connection, worker_ids: Collection[UUID]) -> None:
    """Have these workers look, at their next heartbeat, which of their slots they still hold."""
    await SQL["recall"].execute(connection, ids=list(worker_ids))


async def retire(connection: Connection, worker_id: UUID) -> None:
    """A worker says that it is gone."""
    await SQL["retire"].execute(connection, id=worker_id)


async def bury(connection: Connection, *, lease_seconds: float, batch: int) -> list[UUID]:
    """Take for dead the workers that were silent for a lease; returns them."""
    rows = await SQL["bury"].fetch(connection, lease_seconds=lease_seconds, batch=batch)
    return [row["id"] for row in rows]


async def wind_back(connection: Connection, *, lease_seconds: float, batch: int) -> None:
    """Start a new lease for the workers whose heartbeat lies in the future, because the clock was set back."""
    await SQL["wind_back"].execute(connection, lease_seconds=lease_seconds, batch=batch)


@dataclass(frozen=True, slots=True)
class Crew:
    """How many workers live, and what keeps work from reaching some of them, each trouble told once."""

    alive: int
    troubles: tuple[str, ...]


async def crew(connection: Connection, *, lease_seconds: float) -> Crew:
    """The workers that beat within the lease."""
    row = await SQL["crew"].fetchrow(connection, lease_seconds=lease_seconds)
    assert row is not None
    return Crew(row["alive"], tuple(row["troubles"]))
