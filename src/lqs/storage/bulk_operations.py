"""Bulk operations in PostgreSQL: one typed function per statement."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from lqs.domain.bulk import BulkAction, BulkStatus
from lqs.domain.selection import Filter, filter_from
from lqs.storage.database import Connection
from lqs.storage.queries import queries
from lqs.storage.selection import BEGINNING, Place

SQL = queries("bulk_operations")


@dataclass(frozen=True, slots=True)
class NewBulk:
    """A bulk operation to be stored; `requested_by` is the id of the caller's API key, `options` are JSON values."""

    id: UUID
    owner_id: UUID
    requested_by: str | None
    action: BulkAction
    filter: Filter
    options: Mapping[str, Any]
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class BulkView:
    """A bulk operation. `position` is the place of the last one it has dealt with.

    `matched` is what it has found so far: the sum of what it changed and what it had to skip.
    """

    id: UUID
    owner_id: UUID
    requested_by: str | None
    action: BulkAction
    filter: Filter
    options: Mapping[str, Any]
    status: BulkStatus
    matched: int
    changed: int
    skipped: int
    position: Place
    requested_at: datetime
    completed_at: datetime | None


async def insert(connection: Connection, new: NewBulk) -> BulkView:
    """Store a bulk operation."""
    row = await SQL["insert"].fetchrow(
        connection,
        id=new.id,
        owner_id=new.owner_id,
        requested_by=new.requested_by,
        action=new.action,
        filter=json.dumps(new.filter.named, default=_text),
        options=json.dumps(dict(new.options)),
        requested_at=new.requested_at,
    )
    assert row is not None
    return _view(row)


async def read(connection: Connection, bulk_id: UUID, *, owner_id: UUID) -> BulkView | None:
    """A bulk operation; None if unknown or another owner's."""
    row = await SQL["read"].fetchrow(connection, id=bulk_id, owner_id=owner_id, actions=list(BulkAction))
    return _view(row) if row else None


async def unfinished(connection: Connection, *, batch: int) -> list[UUID]:
    """Bulk operations that are not completed, oldest first."""
    return [row["id"] for row in await SQL["unfinished"].fetch(connection, batch=batch)]


async def lock_free(connection: Connection, bulk_id: UUID) -> BulkView | None:
    """Lock a bulk operation; None if it is completed or somebody else works on it."""
    row = await SQL["lock_free"].fetchrow(connection, id=bulk_id)
    return _view(row) if row else None


async def advance(
    connection: Connection, bulk_id: UUID, position: Place, *, changed: int, skipped: int, completed: bool
) -> None:
    """Write down what was done in this transaction, which holds the lock."""
    await SQL["advance"].execute(
        connection,
        id=bulk_id,
        position_at=position.requested_at,
        position=position.id,
        changed=changed,
        skipped=skipped,
        completed=completed,
    )


def _view(row: Record) -> BulkView:
    at, position = row["position_at"], row["position"]
    return BulkView(
        id=row["id"],
        owner_id=row["owner_id"],
        requested_by=row["requested_by"],
        action=BulkAction(row["action"]),
        filter=filter_from(json.loads(row["filter"])),
        options=json.loads(row["options"]),
        status=BulkStatus(row["status"]),
        matched=row["matched"],
        changed=row["changed"],
        skipped=row["skipped"],
        position=Place(at, position) if position else BEGINNING,
        requested_at=row["requested_at"],
        completed_at=row["completed_at"],
    )


def _text(value: datetime) -> str:
    return value.isoformat()
