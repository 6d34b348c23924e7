"""Dead letters in PostgreSQL: slots that failed for good, kept until somebody requeues or discards them."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from asyncpg import Record

from lqs.domain.ids import new_id
from lqs.domain.slot_errors import SlotErrorCode
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("dead_letters")


class State(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    REQUEUED = "requeued"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A slot that failed in this run."""

    request_id: UUID
    index: int
    run: int
    error_code: SlotErrorCode


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters; None leaves that open. `since` is a time of failure."""

    error_code: SlotErrorCode | None = None
    entity_type: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LetterView:
    """One dead letter in a list. `requeued_as` is the generation request that tries its slot again."""

    id: UUID
    request_id: UUID
    slot_index: int
    run: int
    entity_type: str
    error_code: SlotErrorCode
    failed_at: datetime
    state: State
    resolved_at: datetime | None
    resolved_by: str | None
    requeued_as: UUID | None


@dataclass(frozen=True, slots=True)
class WholeLetter:
    """A dead letter with what a repetition needs, as JSON texts, and every attempt at its slot."""

    letter: LetterView
    constraints: str
    metadata: str
    options: str
    attempts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Requeueable:
    """The matching dead letters of one generation request; `purged` if that is no longer there."""

    request_id: UUID
    entity_type: str
    purged: bool
    indexes: Sequence[int]
    constraints: str
    metadata: str
    options: str


@dataclass(frozen=True, slots=True)
class Requeue:
    """What one requeue by filter did, in dead letters. `skipped` were dealt with by somebody else meanwhile, and
    `remaining` wait for another call. `filter` is a JSON text.
    """

    id: UUID
    filter: str
    requeued: int
    skipped: int
    remaining: int


async def write(connection: Connection, failed: Sequence[DeadLetter]) -> None:
    """Keep what has just failed for good."""
    await SQL["write"].execute(
        connection,
        ids=[new_id() for _ in failed],
        request_ids=[one.request_id for one in failed],
        indexes=[one.index for one in failed],
        runs=[one.run for one in failed],
        error_codes=[one.error_code for one in failed],
    )


async def lock_open(connection: Connection, request_id: UUID, indexes: Collection[int]) -> list[int]:
    """Lock the dead letters of these slots that are still open, after every other lock; returns their indexes."""
    rows = await SQL["lock_open"].fetch(connection, request_id=request_id, indexes=list(indexes))
    return [row["slot_index"] for row in rows]


async def resolve(
    connection: Connection,
    request_id: UUID,
    indexes: Collection[int],
    *,
    requeued_as: UUID,
    resolved_by: str | None,
) -> int:
    """Mark the open ones of these slots as requeued; returns how many there were."""
    rows = await SQL["resolve"].fetch(
        connection, request_id=request_id, indexes=list(indexes), requeued_as=requeued_as, resolved_by=resolved_by
    )
    return len(rows)


async def discard(connection: Connection, letter_id: UUID, *, owner_id: UUID, resolved_by: str | None) -> bool:
    """Mark an open one as discarded; False if the owner has no such open one."""
    return bool(await SQL["discard"].fetch(connection, id=letter_id, owner_id=owner_id, resolved_by=resolved_by))


async def page(
    connection: Connection,
    *,
    owner_id: UUID,
    state: State,
    wanted: Filter,
    before: tuple[datetime, UUID] | None,
    most: int,
) -> list[LetterView]:
    """Up to `most` of an owner's, newest first, from behind `before` (time of failure and id of the last one seen)."""
    rows = await SQL["page"].fetch(
        connection,
        owner_id=owner_id,
        state=state,
        before_at=before[0] if before else None,
        before_id=before[1] if before else None,
        most=most,
        **_filter(wanted),
    )
    return [_view(row) for row in rows]


async def read(connection: Connection, letter_id: UUID, *, owner_id: UUID) -> WholeLetter | None:
    """One dead letter whole; None if unknown or another owner's."""
    row = await SQL["read"].fetchrow(connection, id=letter_id, owner_id=owner_id)
    if row is None:
        return None
    kept = json.loads(row["attempts"]) if row["attempts"] else []
    attempts = [one | {"finished_at": datetime.fromisoformat(one["finished_at"])} for one in kept]
    return WholeLetter(_view(row), row["constraints"], row["metadata"], row["options"], attempts)


async def matching(
    connection: Connection, *, owner_id: UUID, wanted: Filter, most: int
) -> tuple[int, list[Requeueable]]:
    """How many dead letters could be requeued now, and those of up to `most` generation requests, oldest first."""
    rows = await SQL["matching"].fetch(connection, owner_id=owner_id, most=most, **_filter(wanted))
    found = [
        Requeueable(
            request_id=row["request_id"],
            entity_type=row["entity_type"],
            purged=row["purged"],
            indexes=row["indexes"],
            constraints=row["constraints"],
            metadata=row["metadata"],
            options=row["options"],
        )
        for row in rows
    ]
    return (rows[0]["matched"] if rows else 0), found


async def record(connection: Connection, done: Requeue, *, owner_id: UUID, requested_by: str | None) -> None:
    """Keep what a requeue by filter did."""
    await SQL["record"].execute(
        connection,
        id=done.id,
        owner_id=owner_id,
        requested_by=requested_by,
        filter=done.filter,
        requeued=done.requeued,
        skipped=done.skipped,
        remaining=done.remaining,
    )


async def recorded(connection: Connection, requeue_id: UUID, *, owner_id: UUID) -> Requeue | None:
    """What a requeue by filter did; None if there was none."""
    row = await SQL["recorded"].fetchrow(connection, id=requeue_id, owner_id=owner_id)
    return Requeue(**row) if row else None


def _filter(wanted: Filter) -> dict[str, object]:
    return {"error_code": wanted.error_code, "entity_type": wanted.entity_type, "since": wanted.since}


def _view(row: Record) -> LetterView:
    return LetterView(
        id=row["id"],
        request_id=row["request_id"],
        slot_index=row["slot_index"],
        run=row["run"],
        entity_type=row["entity_type"],
        error_code=SlotErrorCode(row["error_code"]),
        failed_at=row["failed_at"],
        state=State(row["state"]),
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
        requeued_as=row["requeued_as"],
    )
