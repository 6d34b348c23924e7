"""Generation requests in PostgreSQL: one typed function per statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from lqs.domain.generation_request import CancelMode, Counts, EndReason, Priority, Standing, Status
from lqs.domain.slot import SlotStatus
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("generation_requests")


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A generation request to be stored. `constraints`, `metadata`, `options` are JSON texts; deadlines are relative.

    `max_cost_microusd` is what all its calls together may cost; None: any sum. `origin` is the purged generation
    request that this one repeats, if it does; `traceparent` the caller's place in a trace.
    """

    id: UUID
    owner_id: UUID
    entity_type: str
    count: int
    max_attempts: int
    constraints: str
    metadata: str
    options: str
    priority: Priority
    requested_by: str | None
    deadline_seconds: float
    start_within_seconds: float | None
    slot_timeout_seconds: float
    retention_seconds: int
    max_cost_microusd: int | None
    call_price_microusd: int
    origin: UUID | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing decided: the database's clock."""

    requested_at: datetime
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """The new standing of one generation request, and what its moves add to its totals.

    Of `cost_microusd`, `wasted_microusd` made no entity; of that, `estimated_microusd` is for calls nobody reported.
    """

    standing: Standing
    progressed: bool
    input_tokens: int = 0
    output_tokens: int = 0
    model_calls: int = 0
    cost_microusd: int = 0
    wasted_microusd: int = 0
    estimated_microusd: int = 0


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
    """A generation request whole, as of one moment. `constraints` and `metadata` are JSON texts."""

    id: UUID
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


async def insert(connection: Connection, new: Sequence[NewRequest]) -> dict[UUID, Stored]:
    """Store generation requests with their slots and first events, at their place in the fair order."""
    rows = await SQL["insert"].fetch(
        connection,
        ids=[n.id for n in new],
        owner_ids=[n.owner_id for n in new],
        entity_types=[n.entity_type for n in new],
        counts=[n.count for n in new],
        priorities=[n.priority for n in new],
        strides=[n.priority.stride for n in new],
        max_attempts=[n.max_attempts for n in new],
        constraints=[n.constraints for n in new],
        metadata=[n.metadata for n in new],
        options=[n.options for n in new],
        requested_by=[n.requested_by for n in new],
        deadline_seconds=[n.deadline_seconds for n in new],
        start_within_seconds=[n.start_within_seconds for n in new],
        slot_timeout_seconds=[n.slot_timeout_seconds for n in new],
        retention_seconds=[n.retention_seconds for n in new],
        max_cost_microusd=[n.max_cost_microusd for n in new],
        call_price_microusd=[n.call_price_microusd for n in new],
        origins=[n.origin for n in new],
        traceparents=[n.traceparent for n in new],
    )
    return {row["id"]: Stored(row["requested_at"], row["deadline_at"]) for row in rows}


async def lock(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Lock these generation requests, in id order, and say where they stand; waits for other holders."""
    rows = await SQL["lock"].fetch(connection, ids=ids)
    return {row["id"]: standing_from(row) for row in rows}


async def lock_free(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Lock those of these generation requests that nobody else holds."""
    rows = await SQL["lock_free"].fetch(connection, ids=ids)
    return {row["id"]: standing_from(row) for row in rows}


async def lock_flows(connection: Connection, ids: Sequence[UUID]) -> None:
    """Lock the places in the fair order that these generation requests' owners are at; before `lock`, never after."""
    await SQL["lock_flows"].fetch(connection, ids=ids)


async def lock_flows_of(connection: Connection, owner_id: UUID) -> None:
    """Lock every place in the fair order that an owner is at; before `lock`, never after."""
    await SQL["lock_flows_of"].fetch(connection, owner_id=owner_id)


async def past_deadline(connection: Connection, *, batch: int, among: Sequence[UUID] | None = None) -> list[UUID]:
    """Unfinished generation requests (of these, or of all) whose deadline has passed, oldest first.

    One that is being cancelled is none of them: it ends by its `settles_by`, which is no later.
    """
    return [row["id"] for row in await SQL["past_deadline"].fetch(connection, batch=batch, among=among)]


async def out_of_money(connection: Connection, ids: Sequence[UUID]) -> list[UUID]:
    """Those of these with slots that wait, no call in flight, and no budget for another call."""
    return [row["id"] for row in await SQL["out_of_money"].fetch(connection, ids=list(ids))]


async def past_start_deadline(connection: Connection, *, batch: int, among: Sequence[UUID] | None = None) -> list[UUID]:
    """Generation requests (of these, or of all) that should have started by now and did not, oldest first."""
    return [row["id"] for row in await SQL["past_start_deadline"].fetch(connection, batch=batch, among=among)]


async def write(connection: Connection, written: Sequence[Written]) -> None:
    """Write the standings that the domain decided; the caller holds the locks."""
    counts = [w.standing.counts for w in written]
    await SQL["write"].execute(
        connection,
        ids=[w.standing.id for w in written],
        statuses=[w.standing.status for w in written],
        end_reasons=[w.standing.end_reason for w in written],
        runs=[w.standing.run for w in written],
        versions=[w.standing.version for w in written],
        processing=[c.processing for c in counts],
        retrying=[c.retrying for c in counts],
        generated=[c.generated for c in counts],
        failed=[c.failed for c in counts],
        cancelled=[c.cancelled for c in counts],
        progressed=[w.progressed for w in written],
        input_tokens=[w.input_tokens for w in written],
        output_tokens=[w.output_tokens for w in written],
        model_calls=[w.model_calls for w in written],
        costs_microusd=[w.cost_microusd for w in written],
        wasted_microusd=[w.wasted_microusd for w in written],
        estimated_microusd=[w.estimated_microusd for w in written],
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


async def read(connection: Connection, request_id: UUID, *, owner_id: UUID) -> GenerationRequestView | None:
    """A generation request whole; None if unknown or another owner's."""
    row = await SQL["read"].fetchrow(connection, id=request_id, owner_id=owner_id)
    if row is None:
        return None
    return GenerationRequestView(
        id=row["id"],
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


def standing_from(row: Record, *, payer_is_broke: bool = False) -> Standing:
    """The columns that every locking statement returns; only a claim looks whether the key has money left."""
    return Standing(
        id=row["id"],
        status=Status(row["status"]),
        run=row["run"],
        version=row["version"],
        counts=counts_from(row),
        call_price_microusd=row["call_price_microusd"],
        cost_microusd=row["cost_microusd"],
        max_cost_microusd=row["max_cost_microusd"],
        payer_is_broke=payer_is_broke,
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
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


def counts_from(row: Record) -> Counts:
    """The count columns; what is nowhere else is pending."""
    processing, retrying = row["processing_count"], row["retrying_count"]
    generated, failed, cancelled = row["generated_count"], row["failed_count"], row["cancelled_count"]
    return Counts(
        pending=row["requested_count"] - processing - retrying - generated - failed - cancelled,
        processing=processing,
        retrying=retrying,
        generated=generated,
        failed=failed,
        cancelled=cancelled,
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
    columns = zip(*(row[name] for name in _SLOT_COLUMNS), strict=True)
    return [SlotView(index, SlotStatus(status), *rest) for index, status, *rest in columns]
