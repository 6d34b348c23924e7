"""Workers in PostgreSQL: who lives, who is taken for dead."""

from uuid import UUID

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("workers")


async def register(
    connection: Connection, worker_id: UUID, *, host: str, pid: int, capacity: int, version: str
) -> None:
    """Make a worker known; an id is used once."""
    await SQL["register"].execute(connection, id=worker_id, host=host, pid=pid, capacity=capacity, version=version)


async def beat(connection: Connection, worker_id: UUID, *, in_flight: int) -> bool:
    """Say that a worker lives; False if it was taken for dead meanwhile and must register anew."""
    return await SQL["beat"].fetchrow(connection, id=worker_id, in_flight=in_flight) is not None


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


async def alive(connection: Connection, *, lease_seconds: float) -> int:
    """How many workers beat within the lease."""
    count = await SQL["alive"].fetchval(connection, lease_seconds=lease_seconds)
    assert isinstance(count, int)
    return count
