"""Generation requests in PostgreSQL: one typed function per statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from lqs.domain.generation_request import Counts, EndReason, Priority, Standing, Status
from lqs.observability.trace_context import TraceContext
from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("generation_requests")


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A generation request to be stored. `constraints`, `metadata`, `options` are JSON texts; deadlines are relative.

    `max_cost_microusd` is what all its calls together may cost; None: any sum. `origin` is the purged generation
    request that this one repeats, if it does; `trace` is where in a trace it was asked for.
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
    trace: TraceContext | None = None


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
        traceparents=[n.trace and n.trace.traceparent for n in new],
        tracestates=[n.trace and n.trace.tracestate for n in new],
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
