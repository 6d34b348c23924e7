"""What came before: runs, attempts at a slot, and dead letters, as the API tells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lqs_client._errors import UnexpectedAnswer
from lqs_client._fields import moment, object_at, objects, text, whole
from lqs_client._generation import Counts, GenerationRequest, Slot, SlotError, Usage
from lqs_client._parsing import parse_counts, parse_slot_error, parse_usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a generation request; usage and cost (millionths of a US dollar) are what it added.

    `requested_by` is the id of the API key that asked for it.
    """

    run: int
    status: str
    end_reason: str | None
    requested_by: str | None
    requested_at: datetime | None
    completed_at: datetime | None
    counts: Counts
    usage: Usage
    cost_microusd: int
    wasted_microusd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    """Every run in order, the current one last."""

    results: tuple[Run, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at a slot. `outcome` is generated, failed, or late_result: refused, though its cost counts.

    `error_detail` is what was really said; the API tells it with dead letters only. `cost_microusd` is None when
    nobody told.
    """

    attempt: int
    outcome: str
    error: SlotError | None
    error_detail: str | None
    duration_ms: int
    finished_at: datetime | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cost_microusd: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotHistory:
    """A slot, and every attempt at it in all runs."""

    slot: Slot
    attempts: tuple[Attempt, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A slot that failed for good. `state` is open, requeued or discarded.

    `requeued_as` is the generation request that tries it again; `attempts` is empty in a list.
    """

    id: str
    request_id: str
    slot_index: int
    run: int
    entity_type: str
    code: str
    message: str
    failed_at: datetime | None
    state: str
    requeued_as: str | None
    attempts: tuple[Attempt, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterPage:
    """One page of dead letters, newest first; `next_cursor` leads to the next, None after the last."""

    results: tuple[DeadLetter, ...]
    next_cursor: str | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeued:
    """What a requeue by filter did. With `remaining` above 0, more waits for another call."""

    matched: int
    requeued: int
    skipped: int
    remaining: int
    dry_run: bool
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRequests:
    """The generation requests that were looked for, newest first."""

    results: tuple[GenerationRequest, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def parse_run(body: Mapping[str, Any]) -> Run:
    """Read a run."""
    cost = object_at(body, "cost")
    return Run(
        run=whole(body, "run") or 0,
        status=text(body, "status") or "",
        end_reason=text(body, "end_reason"),
        requested_by=text(body, "requested_by"),
        requested_at=moment(body, "requested_at"),
        completed_at=moment(body, "completed_at"),
        counts=parse_counts(object_at(body, "counts")),
        usage=parse_usage(object_at(body, "usage")),
        cost_microusd=whole(cost, "total_microusd") or 0,
        wasted_microusd=whole(cost, "wasted_microusd") or 0,
    )


def parse_attempt(body: Mapping[str, Any]) -> Attempt:
    """Read an attempt."""
    error = object_at(body, "error")
    return Attempt(
        attempt=whole(body, "attempt") or 0,
        outcome=text(body, "outcome") or "",
        error=parse_slot_error(error) if error else None,
        error_detail=text(body, "error_detail"),
        duration_ms=whole(body, "duration_ms") or 0,
        finished_at=moment(body, "finished_at"),
        model=text(body, "model"),
        input_tokens=whole(body, "input_tokens") or 0,
        output_tokens=whole(body, "output_tokens") or 0,
        cost_microusd=whole(body, "cost_microusd"),
    )


def parse_dead_letter(body: Mapping[str, Any]) -> DeadLetter:
    """Read a dead letter. Raises `UnexpectedAnswer` if the body is none."""
    letter_id, request_id = text(body, "id"), text(body, "request_id")
    if letter_id is None or request_id is None:
        raise UnexpectedAnswer("the answer is no dead letter: id or request_id is missing")
    return DeadLetter(
        id=letter_id,
        request_id=request_id,
        slot_index=whole(body, "slot_index") or 0,
        run=whole(body, "run") or 1,
        entity_type=text(body, "entity_type") or "",
        code=text(body, "code") or "",
        message=text(body, "message") or "",
        failed_at=moment(body, "failed_at"),
        state=text(body, "state") or "",
        requeued_as=text(body, "requeued_as"),
        attempts=tuple(parse_attempt(one) for one in objects(body, "attempts")),
        raw=body,
    )
