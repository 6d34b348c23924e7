"""What is under way, counted to be limited, in PostgreSQL: one typed function per statement."""

from collections.abc import Collection
from uuid import UUID

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("quotas")


async def lock_owners(connection: Connection, owner_ids: Collection[UUID]) -> None:
    """Be the only one, until this transaction ends, who counts and adds to what these owners have under way."""
    await SQL["lock_owners"].fetch(connection, owner_ids=list(owner_ids))


async def active(connection: Connection, owner_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many generation requests of these owners are not done; none is left out."""
    rows = await SQL["active"].fetch(connection, owner_ids=list(owner_ids))
    return dict.fromkeys(owner_ids, 0) | {row["owner_id"]: row["active"] for row in rows}


async def queued(connection: Connection, *, most: int) -> int:
    """How many slots of all owners are ready and wait; no more than `most` are counted."""
    count = await SQL["queued"].fetchval(connection, most=most)
    assert isinstance(count, int)
    return count
