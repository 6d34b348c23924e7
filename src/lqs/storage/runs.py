"""The runs of a generation request in PostgreSQL: how the former ones ended, and where the current one stands."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lqs.domain import limits
from lqs.domain.generation_request import Counts, EndReason, Status
from lqs.observability.trace_context import TraceContext
from lqs.storage.database import Connection
from lqs.storage.generation_requests import counts_from
from lqs.storage.queries import queries

SQL = queries("runs")


@dataclass(frozen=True, slots=True)
class RunView:
    """One run. Tokens, calls and costs (millionths of a US dollar) are those of all runs up to the end of this one.

    `requested_by` is the id of the API key that asked for it.
    """

    run: int
    status: Status
    end_reason: EndReason | None
    requested_by: str | None
    requested_at: datetime
    completed_at: datetime | None
    counts: Counts
    input_tokens: int
    output_tokens: int
    model_calls: int
    cost_microusd: int
    wasted_microusd: int


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What a further run may take; its whole time is `timeout_seconds`, or follows from the number of its slots.

    `max_cost_microusd` is what all runs together may cost from now on, and `call_price_microusd` what a call reserves,
    None as before; `trace` is where in a trace it was asked for.
    """

    requested_by: str | None
    max_attempts: int | None
    timeout_seconds: float | None
    overhead_seconds: float
    trace: TraceContext | None = None
    max_cost_microusd: int | None = None
    call_price_microusd: int | None = None


async def entity_type(connection: Connection, request_id: UUID) -> str:
    """The word for what it generates; the caller holds the lock."""
    word = await SQL["entity_type"].fetchval(connection, request_id=request_id)
    assert isinstance(word, str)
    return word


async def archive(connection: Connection, request_id: UUID) -> None:
    """Keep how the current run ended; the caller holds the lock and is about to begin another."""
    await SQL["archive"].execute(connection, request_id=request_id)


async def begin(connection: Connection, request_id: UUID, terms: RunTerms, *, slots: int) -> None:
    """Give a further run of so many slots its terms and its deadline."""
    await SQL["begin"].execute(
        connection,
        request_id=request_id,
        requested_by=terms.requested_by,
        max_attempts=terms.max_attempts,
        timeout_seconds=terms.timeout_seconds,
        max_cost_microusd=terms.max_cost_microusd,
        call_price_microusd=terms.call_price_microusd,
        slots=slots,
        overhead_seconds=terms.overhead_seconds,
        most_seconds=limits.MAX_TIMEOUT_SECONDS,
        traceparent=terms.trace and terms.trace.traceparent,
        tracestate=terms.trace and terms.trace.tracestate,
    )


async def of_request(connection: Connection, request_id: UUID, *, owner_id: UUID) -> list[RunView]:
    """All runs in order, the current one last; empty if the generation request is unknown or another owner's."""
    return [
        RunView(
            run=row["run"],
            status=Status(row["status"]),
            end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
            requested_by=row["requested_by"],
            requested_at=row["requested_at"],
            completed_at=row["completed_at"],
            counts=counts_from(row),
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            model_calls=row["model_calls"],
            cost_microusd=row["cost_microusd"],
            wasted_microusd=row["wasted_microusd"],
        )
        for row in await SQL["of_request"].fetch(connection, request_id=request_id, owner_id=owner_id)
    ]
