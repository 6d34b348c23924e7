"""Bulk operations in PostgreSQL, and the search for what they are about: one typed function per statement."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from lqs.domain.bulk import BulkAction, BulkStatus, Filter, filter_from
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("bulk_operations")


@dataclass(frozen=True, slots=True)
class Place:
    """A generation request's place in the order in which bulk operations come by: when it was asked for, and its id."""

    requested_at: datetime
    id: UUID


BEGINNING = Place(datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
END = Place(datetime(9999, 12, 30, tzinfo=UTC), UUID(int=2**128 - 1))


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


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: whose (None: everybody's), for which action, and asked for until when."""

    owner_id: UUID | None
    action: BulkAction
    filter: Filter
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """The places of what matches, in order, and the place up to which that is all; None when all was looked at."""

    places: Sequence[Place]
    up_to: Place | None


async def clock(connection: Connection) -> datetime:
    """The database's time."""
    now = await SQL["clock"].fetchval(connection)
    assert isinstance(now, datetime)
    return now


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


async def match(
    connection: Connection, search: Search, *, after: Place, until: Place = END, window: int, batch: int
) -> Found:
    """Look at up to `window` generation requests behind a place and up to another; up to `batch` of them match."""
    wanted = search.filter
    row = await SQL["match"].fetchrow(
        connection,
        owner_id=search.owner_id,
        after_at=after.requested_at,
        after_id=after.id,
        until_at=until.requested_at,
        until_id=until.id,
        window=window,
        batch=batch,
        as_of=search.as_of,
        action=search.action,
        entity_type=wanted.entity_type,
        statuses=wanted.status,
        end_reasons=wanted.end_reason,
        error_codes=wanted.error_code,
        priorities=wanted.priority,
        requested_after=wanted.requested_after,
        requested_before=wanted.requested_before,
        completed_after=wanted.completed_after,
        completed_before=wanted.completed_before,
        aged_before=wanted.aged_before,
        metadata=json.dumps(dict(wanted.metadata)),
    )
    assert row is not None
    places = [Place(at, id_) for at, id_ in zip(row["requested_at"], row["ids"], strict=True)]
    if len(places) == batch:
        return Found(places, places[-1])
    return Found(places, Place(row["last_at"], row["last_id"]) if row["looked"] == window else None)


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
