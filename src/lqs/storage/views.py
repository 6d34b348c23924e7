"""Generation requests in PostgreSQL as readers see them: one typed function per statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from lqs.domain.generation_request import CancelMode, Counts, EndReason, Priority, Status
from lqs.domain.slot import SlotStatus
from lqs.storage.database import Connection
from lqs.storage.generation_requests import counts_from
from lqs.storage.queries import queries

SQL = queries("views")


@dataclass(frozen=True, slots=True)
class SlotView:
    """One slot as a reader sees it, with its entity if there is one. `content` is JSON text."""

    index: int
    status: SlotStatus
    attempts: int
    next_attempt_at: datetime | None
    error_code: str | None
    error_attempt: int | None
    started_at: datetime | None
    finished_at: datetime | None
    entity_id: UUID | None
    entity_created_at: datetime | None
    content: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What a poller's hint and its ETag are made of."""

    version: int
    status: Status
    run_requested_at: datetime
    started_at: datetime | None
    requested_count: int
    settled_count: int
    read_at: datetime


@dataclass(frozen=True, slots=True)
class CancelView:
    """A cancellation that somebody asked for; its last slot is settled at `settles_by` at the latest."""

    mode: CancelMode
    reason: str | None
    requested_at: datetime
    settles_by: datetime


@dataclass(frozen=True, slots=True)
class CostView:
    """What the calls cost so far, in millionths of a US dollar; see `Written`. `limit` is the budget, if any."""

    total: int
    wasted: int
    estimated: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class GenerationRequestView:
    """A generation request as of one moment; `slots` are all of them, or only those that failed, without entities.

    `constraints` and `metadata` are JSON texts.
    """

    id: UUID
    owner_id: UUID
    entity_type: str
    status: Status
    end_reason: EndReason | None
    run: int
    version: int
    priority: Priority
    requested_at: datetime
    run_requested_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    deadline_at: datetime
    start_deadline_at: datetime | None
    slot_timeout_seconds: float
    last_progress_at: datetime | None
    expires_at: datetime | None
    pinned: bool
    origin: UUID | None
    cancel: CancelView | None
    cost: CostView
    counts: Counts
    max_attempts: int
    constraints: str
    metadata: str
    input_tokens: int
    output_tokens: int
    model_calls: int
    read_at: datetime
    slots: tuple[SlotView, ...]

    @property
    def progress(self) -> Progress:
        """The part of it that hints and tags are made of."""
        return Progress(
            version=self.version,
            status=self.status,
            run_requested_at=self.run_requested_at,
            started_at=self.started_at,
            requested_count=self.counts.requested,
            settled_count=self.counts.settled,
            read_at=self.read_at,
        )


async def progress(connection: Connection, request_id: UUID, *, owner_id: UUID) -> Progress | None:
    """The version and progress alone, for a conditional read; None if unknown or another owner's."""
    row = await SQL["progress"].fetchrow(connection, id=request_id, owner_id=owner_id)
    if row is None:
        return None
    return Progress(
        version=row["version"],
        status=Status(row["status"]),
        run_requested_at=row["run_requested_at"],
        started_at=row["started_at"],
        requested_count=row["requested_count"],
        settled_count=row["settled_count"],
        read_at=row["read_at"],
    )


@dataclass(frozen=True, slots=True)
class Stand:
    """As much of a generation request as somebody needs to know who waits for it."""

    version: int
    done: bool


async def stands(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Stand]:
    """Where these generation requests stand, anybody's; what is purged is missing."""
    rows = await SQL["stands"].fetch(connection, ids=ids)
    return {row["id"]: Stand(row["version"], row["done"]) for row in rows}


async def read(connection: Connection, request_id: UUID, *, owner_id: UUID) -> GenerationRequestView | None:
    """A generation request whole; None if unknown or another owner's."""
    return (await read_all(connection, [request_id], owner_id=owner_id, whole=True)).get(request_id)


async def read_all(
    connection: Connection, ids: Sequence[UUID], *, owner_id: UUID | None, whole: bool
) -> dict[UUID, GenerationRequestView]:
    """Those of these generation requests that are this owner's (None: anybody's), whole or in short, by id."""
    rows = await SQL["read"].fetch(connection, ids=ids, owner_id=owner_id, whole=whole)
    return {row["id"]: _view(row) for row in rows}


def _view(row: Record) -> GenerationRequestView:
    return GenerationRequestView(
        id=row["id"],
        owner_id=row["owner_id"],
        entity_type=row["entity_type"],
        status=Status(row["status"]),
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
        run=row["run"],
        version=row["version"],
        priority=Priority(row["priority"]),
        requested_at=row["requested_at"],
        run_requested_at=row["run_requested_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        deadline_at=row["deadline_at"],
        start_deadline_at=row["start_deadline_at"],
        slot_timeout_seconds=row["slot_timeout_seconds"],
        last_progress_at=row["last_progress_at"],
        expires_at=row["expires_at"],
        pinned=row["pinned"],
        origin=row["origin"],
        cancel=_cancel(row),
        cost=CostView(
            row["cost_microusd"], row["wasted_microusd"], row["estimated_microusd"], row["max_cost_microusd"]
        ),
        counts=counts_from(row),
        max_attempts=row["max_attempts"],
        constraints=row["constraints"],
        metadata=row["metadata"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        model_calls=row["model_calls"],
        read_at=row["read_at"],
        slots=tuple(_slots(row)),
    )


def _cancel(row: Record) -> CancelView | None:
    if row["cancel_mode"] is None:
        return None
    return CancelView(
        mode=CancelMode(row["cancel_mode"]),
        reason=row["cancel_reason"],
        requested_at=row["cancel_requested_at"],
        settles_by=row["settles_by"],
    )


_SLOT_COLUMNS = (
    "indexes",
    "statuses",
    "attempts",
    "available_at",
    "error_codes",
    "error_attempts",
    "slots_started_at",
    "slots_finished_at",
    "entity_ids",
    "entities_created_at",
    "contents",
)


def _slots(row: Record) -> list[SlotView]:
    columns = zip(*(row[name] or () for name in _SLOT_COLUMNS), strict=True)
    return [SlotView(index, SlotStatus(status), *rest) for index, status, *rest in columns]
