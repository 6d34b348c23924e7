"""Register: a worker says that it lives, and that it goes."""

from uuid import UUID

from lqs.storage import workers
from lqs.storage.database import Database
from lqs.storage.workers import Beat


async def register(database: Database, worker_id: UUID, *, host: str, pid: int, capacity: int, version: str) -> None:
    """Make a worker known under an id that was never used."""
    async with database.acquire() as connection:
        await workers.register(connection, worker_id, host=host, pid=pid, capacity=capacity, version=version)


async def beat(
    database: Database, worker_id: UUID, *, in_flight: int, places: int | None = None, trouble: str | None = None
) -> Beat | None:
    """Renew the lease, and say what keeps work from reaching this worker, and how many places it has if that changed.

    None when the worker was taken for dead, and must register under a new id.
    """
    async with database.acquire() as connection:
        return await workers.beat(connection, worker_id, in_flight=in_flight, places=places, trouble=trouble)


async def retire(database: Database, worker_id: UUID) -> None:
    """End the lease at once; what is still held is rescued without waiting for it to run out."""
    async with database.acquire() as connection:
        await workers.retire(connection, worker_id)
