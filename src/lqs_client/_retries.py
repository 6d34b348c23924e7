"""Trying again: runs, attempts at a slot, and dead letters, as the API tells them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from lqs_client._errors import UnexpectedAnswer
from lqs_client._fields import boolean, moment, object_at, objects, text, whole
from lqs_client._generation import (
    Counts,
    GenerationRequest,
    Slot,
    SlotError,
    Usage,
    parse_counts,
    parse_generation_request,
    parse_slot,
    parse_slot_error,
    parse_usage,
)
from lqs_client._retry import RetryPolicy, exchange
from lqs_client._wire import Exchange, HttpRequest, body_of, keyed_post


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


@dataclass(frozen=True, slots=True)
class Again:
    """A wish for a further run: `slots` is "failed", "failed_and_cancelled", or indexes; None leaves it to the API."""

    slots: str | Sequence[int]
    max_attempts: int | None
    timeout_seconds: int | None
    if_version: int | None


def retry(
    request_id: str, again: Again, idempotency_key: str | None, policy: RetryPolicy
) -> Exchange[GenerationRequest]:
    """Begin a further run."""
    body: dict[str, Any] = {"slots": again.slots if isinstance(again.slots, str) else list(again.slots)}
    terms = {
        "max_attempts": again.max_attempts,
        "timeout_seconds": again.timeout_seconds,
        "if_version": again.if_version,
    }
    body |= {name: value for name, value in terms.items() if value is not None}
    call = keyed_post(f"/generation-requests/{quote(request_id, safe='')}/retry", body, _key(idempotency_key))
    return parse_generation_request(body_of((yield from exchange(call, policy))))


def runs(request_id: str, policy: RetryPolicy) -> Exchange[RunList]:
    """Look at all runs."""
    body = body_of((yield from exchange(_get("generation-requests", request_id, "runs"), policy)))
    return RunList(results=tuple(_parse_run(one) for one in objects(body, "results")), raw=body)


def slot(request_id: str, index: int, policy: RetryPolicy) -> Exchange[SlotHistory]:
    """Look at a slot and every attempt at it."""
    body = body_of((yield from exchange(_get("generation-requests", request_id, "slots", str(index)), policy)))
    attempts = tuple(_parse_attempt(one) for one in objects(body, "attempt_history"))
    return SlotHistory(slot=parse_slot(body), attempts=attempts, raw=body)


def find(idempotency_key: str, policy: RetryPolicy) -> Exchange[FoundRequests]:
    """Look for what a key made."""
    call = HttpRequest("GET", "/generation-requests?" + urlencode({"idempotency_key": idempotency_key}))
    body = body_of((yield from exchange(call, policy)))
    return FoundRequests(results=tuple(parse_generation_request(one) for one in objects(body, "results")), raw=body)


def list_dead_letters(filters: Mapping[str, object], policy: RetryPolicy) -> Exchange[DeadLetterPage]:
    """Look at one page of dead letters."""
    asked = urlencode(_told(filters))
    body = body_of((yield from exchange(HttpRequest("GET", f"/dead-letters?{asked}".rstrip("?")), policy)))
    results = tuple(_parse_dead_letter(one) for one in objects(body, "results"))
    return DeadLetterPage(results=results, next_cursor=text(body, "next_cursor"), raw=body)


def dead_letter(dead_letter_id: str, policy: RetryPolicy) -> Exchange[DeadLetter]:
    """Look into one dead letter."""
    return _parse_dead_letter(body_of((yield from exchange(_get("dead-letters", dead_letter_id), policy))))


def requeue(dead_letter_id: str, idempotency_key: str | None, policy: RetryPolicy) -> Exchange[GenerationRequest]:
    """Try the slot of a dead letter again."""
    path = f"/dead-letters/{quote(dead_letter_id, safe='')}/requeue"
    response = yield from exchange(keyed_post(path, {}, _key(idempotency_key)), policy)
    return parse_generation_request(body_of(response))


def requeue_matching(
    filters: Mapping[str, object], idempotency_key: str | None, policy: RetryPolicy, *, dry_run: bool
) -> Exchange[Requeued]:
    """Try again what matches."""
    wish = {"filter": _told(filters), "dry_run": dry_run}
    call = keyed_post("/dead-letters/requeue", wish, _key(idempotency_key))
    body = body_of((yield from exchange(call, policy)))
    return Requeued(
        matched=whole(body, "matched") or 0,
        requeued=whole(body, "requeued") or 0,
        skipped=whole(body, "skipped") or 0,
        remaining=whole(body, "remaining") or 0,
        dry_run=boolean(body, "dry_run") or False,
        raw=body,
    )


def discard(dead_letter_id: str, policy: RetryPolicy) -> Exchange[None]:
    """Put a dead letter away."""
    yield from exchange(HttpRequest("DELETE", f"/dead-letters/{quote(dead_letter_id, safe='')}"), policy)


def _key(given: str | None) -> str:
    return str(uuid.uuid4()) if given is None else given


def _get(*parts: str) -> HttpRequest:
    return HttpRequest("GET", "/" + "/".join(quote(part, safe="") for part in parts))


def _told(filters: Mapping[str, object]) -> dict[str, Any]:
    given = {name: value for name, value in filters.items() if value is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()}


def _parse_run(body: Mapping[str, Any]) -> Run:
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


def _parse_attempt(body: Mapping[str, Any]) -> Attempt:
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


def _parse_dead_letter(body: Mapping[str, Any]) -> DeadLetter:
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
        attempts=tuple(_parse_attempt(one) for one in objects(body, "attempts")),
        raw=body,
    )
