"""What a worker holds, in PostgreSQL: it claims slots, tells what became of them, gives them back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from lqs.domain.entity_type import Usage
from lqs.domain.generation_request import Standing
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import SlotErrorCode
from lqs.observability.trace_context import TraceContext, stored_trace_context
from lqs.storage import pool
from lqs.storage.database import Connection
from lqs.storage.generation_requests import standing_from
from lqs.storage.queries import queries
from lqs.storage.slots import Moves, SlotName, ids_of, moves_from

SQL = queries("claims")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A slot that one worker holds. Its fence proves it; `constraints` is JSON text; attempts count this one,
    in this run.

    `timeout_seconds` is the longest time this attempt may take, `trace` is where in a trace it was asked for.
    """

    request_id: UUID
    index: int
    fence: int
    run: int
    attempt: int
    max_attempts: int
    entity_type: str
    constraints: str
    timeout_seconds: float
    trace: TraceContext | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What one claim won, and where the generation requests stand; of one that has a budget it may have won nothing.

    `busy` are the ready slots that it let go because somebody else held what they need, so that a caller can tell
    busy from empty. `new_days` are keys with a daily budget whose day has no row yet: `open_days` makes it, then their
    slots can be won.
    """

    busy: Sequence[SlotName]
    slots: Sequence[Claimed]
    standings: Mapping[UUID, Standing]
    new_days: Collection[str]


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker says of one attempt: where the slot should go, and what the attempt consumed.

    `error_detail` is what was really said, for operators alone.
    """

    request_id: UUID
    index: int
    fence: int
    attempt: int
    status: SlotStatus
    error_code: SlotErrorCode | None
    retry_delay_seconds: float | None
    duration_ms: int
    usage: Usage
    error_detail: str | None = None


async def claim(
    connection: Connection,
    *,
    worker_id: UUID,
    entity_types: Sequence[str],
    batch: int | Sequence[SlotName],
    grace_seconds: float,
    broken_ids: Collection[UUID] = (),
) -> Claim:
    """Take ready slots of these types for a live worker, waiting for nobody: so many in the fair order, or those named.

    Each is held for its own timeout and `grace_seconds` more. None is taken whose call its budgets cannot pay,
    and none of these broken generation requests.
    """
    named = () if isinstance(batch, int) else dict.fromkeys(batch)  # a name that is given twice is one slot
    rows = await SQL["claim"].fetch(
        connection,
        worker_id=worker_id,
        entity_types=entity_types,
        batch=batch if isinstance(batch, int) else 0,
        named_ids=[request_id for request_id, _ in named],
        named_indexes=[index for _, index in named],
        grace_seconds=grace_seconds,
        broken_ids=list(broken_ids),
    )
    won = [row for row in rows if row["request_id"] is not None]
    busy = list(zip(rows[0]["busy_ids"] or (), rows[0]["busy_indexes"] or (), strict=True))
    unpaid = rows[0]["unpaid_ids"]
    if not unpaid:
        return Claim(busy, _claimed(won), _standings(won), ())
    asked = await SQL["pay"].fetch(
        connection,
        worker_id=worker_id,
        request_ids=unpaid,
        indexes=rows[0]["unpaid_indexes"],
        grace_seconds=grace_seconds,
    )
    won += [row for row in asked if row["request_id"] is not None]
    return Claim(
        busy=[*busy, *((row["id"], row["asked_index"]) for row in asked if row["payer_is_busy"])],
        slots=_claimed(won),
        standings={**_standings(won), **_standings(asked)},
        new_days={row["payer"] for row in asked if row["day_is_new"]},
    )


def _claimed(won: Sequence[Record]) -> list[Claimed]:
    return [
        Claimed(
            request_id=row["request_id"],
            index=row["index"],
            fence=row["fence"],
            run=row["run"],
            attempt=row["attempts"],
            max_attempts=row["max_attempts"],
            entity_type=row["entity_type"],
            constraints=row["constraints"],
            timeout_seconds=row["slot_timeout_seconds"],
            trace=stored_trace_context(row["traceparent"], row["tracestate"]),
        )
        for row in won
    ]


def _standings(rows: Sequence[Record]) -> dict[UUID, Standing]:
    """Where their generation requests stand; only where money is asked for is it known whether the key has some."""
    standings: dict[UUID, Standing] = {}
    for row in rows:
        if row["id"] not in standings:
            standings[row["id"]] = standing_from(row, payer_is_broke=row.get("payer_is_broke", False))
    return standings


async def settle(
    connection: Connection,
    reports: Sequence[Report],
    *,
    worker_id: UUID,
    entity_ids: Sequence[UUID],
    contents: Sequence[str | None],
    facets: Sequence[Sequence[str]],
) -> list[Record]:
    """Move the slots that are still held under these fences; returns their rows (see `moves_from`).

    What each of these attempts consumed is recorded, and its entity stored if its content (JSON text) is not None;
    `facets` are the terms by which it is found.
    """
    return await SQL["settle"].fetch(
        connection,
        worker_id=worker_id,
        statuses=[r.status for r in reports],
        delays=[r.retry_delay_seconds for r in reports],
        entity_ids=entity_ids,
        contents=contents,
        facets=[pool.vector(words, report.request_id) for words, report in zip(facets, reports, strict=True)],
        **_attempts(reports),
    )


async def late(connection: Connection, reports: Sequence[Report]) -> set[tuple[UUID, int, int]]:
    """Which of these refused reports come too late (their slot went on without them), as (id, index, fence).

    The others are replays of a report that was booked before its answer was lost.
    """
    rows = await SQL["refused"].fetch(
        connection,
        request_ids=[r.request_id for r in reports],
        indexes=[r.index for r in reports],
        fences=[r.fence for r in reports],
    )
    return {(row["request_id"], row["index"], row["fence"]) for row in rows if row["late"]}


async def record_late(
    connection: Connection, reports: Sequence[Report], *, worker_id: UUID
) -> set[tuple[UUID, int, int]]:
    """Record what attempts consumed whose results came too late; returns what was not recorded before."""
    rows = await SQL["record_late"].fetch(connection, worker_id=worker_id, **_attempts(reports))
    return {(row["request_id"], row["index"], row["fence"]) for row in rows}


async def held_by(connection: Connection, worker_id: UUID, *, batch: int, keep: Collection[Claimed]) -> list[UUID]:
    """Generation requests with slots that this worker holds, but for those to keep."""
    return ids_of(await SQL["held_by"].fetch(connection, worker_id=worker_id, batch=batch, **_kept(keep)))


async def hand_back(
    connection: Connection, request_ids: Sequence[UUID], *, worker_id: UUID, keep: Collection[Claimed]
) -> Moves:
    """Make the slots this worker holds ready again, with the attempt undone, but for those to keep."""
    rows = await SQL["hand_back"].fetch(connection, request_ids=request_ids, worker_id=worker_id, **_kept(keep))
    return moves_from(rows)


async def taken(connection: Connection, held: Collection[tuple[UUID, int, int]]) -> set[tuple[UUID, int, int]]:
    """Which of these slots, as (id, index, fence), are no longer held under that fence."""
    rows = await SQL["taken"].fetch(
        connection,
        request_ids=[request_id for request_id, _, _ in held],
        indexes=[index for _, index, _ in held],
        fences=[fence for _, _, fence in held],
    )
    return {(row["request_id"], row["index"], row["fence"]) for row in rows}


async def release(connection: Connection, deltas: Mapping[tuple[UUID, int], int]) -> None:
    """Put the days of keys right whose calls have ended, by what each cost more than was reserved for it.

    `deltas` are in millionths of a US dollar, by generation request and slot index; most are negative.
    """
    await SQL["release"].execute(
        connection,
        request_ids=[request_id for request_id, _ in deltas],
        indexes=[index for _, index in deltas],
        deltas=list(deltas.values()),
    )


def _kept(keep: Collection[Claimed]) -> dict[str, object]:
    return {
        "kept_ids": [slot.request_id for slot in keep],
        "kept_indexes": [slot.index for slot in keep],
        "kept_fences": [slot.fence for slot in keep],
    }


def _attempts(reports: Sequence[Report]) -> dict[str, object]:
    return {
        "request_ids": [r.request_id for r in reports],
        "indexes": [r.index for r in reports],
        "fences": [r.fence for r in reports],
        "attempts": [r.attempt for r in reports],
        "error_codes": [r.error_code for r in reports],
        "error_details": [r.error_detail for r in reports],
        "durations_ms": [r.duration_ms for r in reports],
        "models": [r.usage.model for r in reports],
        "provider_request_ids": [r.usage.provider_request_id for r in reports],
        "input_tokens": [r.usage.input_tokens for r in reports],
        "output_tokens": [r.usage.output_tokens for r in reports],
        "costs_microusd": [r.usage.cost_microusd for r in reports],
    }
