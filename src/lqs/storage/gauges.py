"""How things stand now, in PostgreSQL, for whoever watches the service."""

from dataclasses import dataclass

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("gauges")


@dataclass(frozen=True, slots=True)
class Gauges:
    """Slots by status, generation requests that are not done, and the workers that live, with their places.

    `oldest_pending_seconds` is the age of the oldest run with a slot that nobody has claimed; 0 if there is none.
    `oldest_unpublished_seconds` is that of the oldest event that Kafka has not been told; 0 if there is none.
    """

    pending: int
    processing: int
    retrying: int
    open_requests: int
    oldest_pending_seconds: float
    dead_letters: int
    oldest_unpublished_seconds: float
    alive: int
    places: int
    in_flight: int


async def read(connection: Connection, *, lease_seconds: float) -> Gauges:
    """All of them, as of one moment."""
    row = await SQL["read"].fetchrow(connection, lease_seconds=lease_seconds)
    assert row is not None
    return Gauges(**row)
