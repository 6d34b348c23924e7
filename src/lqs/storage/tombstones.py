"""Tombstones in PostgreSQL: what is left of a generation request whose record has been purged."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lqs.domain.generation_request import EndReason, Status
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("tombstones")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """How a generation request ended that is no longer there."""

    request_id: UUID
    entity_type: str
    status: Status
    end_reason: EndReason
    run: int
    requested_count: int
    generated_count: int
    failed_count: int
    cancelled_count: int
    requested_at: datetime
    completed_at: datetime
    purged_at: datetime


async def read(connection: Connection, request_id: UUID, *, owner_id: UUID) -> Tombstone | None:
    """What is left of it; None if it was never there, was another owner's, or is forgotten."""
    row = await SQL["read"].fetchrow(connection, request_id=request_id, owner_id=owner_id)
    if row is None:
        return None
    return Tombstone(**dict(row) | {"status": Status(row["status"]), "end_reason": EndReason(row["end_reason"])})
