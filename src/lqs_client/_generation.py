"""A generation request as the API tells it, and the errors that carry one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lqs_client._entities import Entity, parse_entity
from lqs_client._errors import LqsError, UnexpectedAnswer
from lqs_client._fields import boolean, moment, object_at, objects, text, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many slots stand where; the six add up to the requested count."""

    pending: int
    processing: int
    retrying: int
    generated: int
    failed: int
    cancelled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotError:
    """Why the last attempt of a slot failed; `message` is for people, `code` to switch on."""

    code: str
    category: str | None
    retryable: bool | None
    message: str
    attempt: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place for one entity. `status` is an open set of words: do not switch on it without a default."""

    index: int
    status: str
    entity_id: str | None
    attempts: int
    max_attempts: int | None
    next_attempt_at: datetime | None
    error: SlotError | None
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCount:
    """How many slots failed with `code`; `sample_index` is one of them."""

    code: str
    count: int
    sample_index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the model calls of all attempts consumed, in tokens and calls."""

    input_tokens: int
    output_tokens: int
    model_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the model calls cost, in millionths of a US dollar.

    `wasted` is the part that made no entity; `estimated` says that calls are counted at their highest price because
    nobody told the real one. `limit` is the budget, None without one.
    """

    total_microusd: int
    wasted_microusd: int
    estimated: bool
    limit_microusd: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """A cancellation that was asked for. `mode` is graceful or abort, `outcome` pending, cancelled or too_late."""

    mode: str
    reason: str | None
    requested_at: datetime | None
    settles_by: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer to a submission: the work is stored and will be done.

    `replayed` is true when an earlier call with the same `idempotency_key` had made the generation request.
    """

    request_id: str
    status: str
    done: bool
    count: int
    message: str
    idempotency_key: str
    replayed: bool
    deadline_at: datetime | None
    poll_after_ms: int | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: `percent` of its slots are settled, 100 only at the end. What is not known is None.

    `queue_position` is where its next slot stands among all that are ready, `eta_seconds` how long it may still take.
    """

    percent: int
    phase: str
    queue_position: int | None
    eta_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One state of a generation request. `done` is the only field a poller needs; `status` may get new words.

    `health` is on_track, slow (it may miss its deadline, or is tried again) or stalled (nothing is heard of it); it and
    `progress` are told where a single one is read. In a list, `entities` and `slots` are empty.
    """

    request_id: str
    owner_id: str | None
    entity_type: str
    status: str
    done: bool
    end_reason: str | None
    run: int
    version: int
    requested_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    deadline_at: datetime | None
    start_deadline_at: datetime | None
    last_progress_at: datetime | None
    expires_at: datetime | None
    pinned: bool
    priority: str
    cancellation: Cancellation | None
    requested_count: int
    generated_count: int
    failed_count: int
    counts: Counts
    entities: tuple[Entity, ...]
    slots: tuple[Slot, ...]
    error_summary: tuple[ErrorCount, ...]
    error_message: str | None
    usage: Usage
    cost: Cost
    metadata: Mapping[str, Any]
    constraints: Mapping[str, Any]
    progress: Progress | None = field(compare=False)
    health: str | None = field(compare=False)
    poll_after_ms: int | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    def raise_for_outcome(self) -> "GenerationRequest":
        """Return self when every entity was generated.

        Raises `GenerationPartial` when some were, `GenerationFailed` when none was or it was cancelled, and
        `ValueError` when the generation request is not done: there is no outcome yet.
        """
        if not self.done:
            raise ValueError(f"generation request {self.request_id} is {self.status}: it has no outcome yet")
        if self.status == "completed":
            return self
        raise (GenerationPartial if self.status == "partial" else GenerationFailed)(self)


class WaitTimeout(LqsError):
    """Nobody's fault: the waiting ended, the work goes on. Wait again with `request_id`.

    `last` is the last state seen, None if there was no answer at all; `trouble` is what stood in the way of the last
    look, None if it worked.
    """

    def __init__(self, request_id: str, last: GenerationRequest | None, trouble: LqsError | None) -> None:
        seen = f"last seen {last.status}, {_progress(last)}" if last else f"never seen: {trouble}"
        super().__init__(f"generation request {request_id} was not done in time ({seen}); the work goes on")
        self.request_id = request_id
        self.last = last
        self.trouble = trouble


def _progress(state: GenerationRequest) -> str:
    return f"{state.generated_count} of {state.requested_count} generated, {state.failed_count} failed"


class OutcomeError(LqsError):
    """A generation request is done and did not make all that was asked for; `generation_request` is its last state."""

    def __init__(self, generation_request: GenerationRequest) -> None:
        made = f"{generation_request.generated_count} of {generation_request.requested_count} generated"
        codes = ", ".join(f"{one.code} x{one.count}" for one in generation_request.error_summary)
        super().__init__(f"generation request {generation_request.request_id} {generation_request.status}: {made}"
                         + (f" ({codes})" if codes else ""))  # fmt: skip
        self.generation_request = generation_request


class GenerationFailed(OutcomeError):
    """Nothing was generated, or it was cancelled; `generation_request.slots` says why, slot by slot."""


class GenerationPartial(OutcomeError):
    """Some entities were generated and are kept: `generation_request.entities`."""


def parse_generation_request(body: Mapping[str, Any]) -> GenerationRequest:
    """Read a state. Raises `UnexpectedAnswer` if the body is none."""
    request_id, status, done = text(body, "request_id"), text(body, "status"), boolean(body, "done")
    if request_id is None or status is None or done is None:
        raise UnexpectedAnswer("the answer is no generation request: request_id, status or done is missing")
    return GenerationRequest(
        request_id=request_id,
        owner_id=text(body, "owner_id"),
        entity_type=text(body, "entity_type") or "",
        status=status,
        done=done,
        end_reason=text(body, "end_reason"),
        run=whole(body, "run") or 1,
        version=whole(body, "version") or 0,
        requested_at=moment(body, "requested_at"),
        started_at=moment(body, "started_at"),
        completed_at=moment(body, "completed_at"),
        deadline_at=moment(body, "deadline_at"),
        start_deadline_at=moment(body, "start_deadline_at"),
        last_progress_at=moment(body, "last_progress_at"),
        expires_at=moment(body, "expires_at"),
        pinned=boolean(body, "pinned") or False,
        priority=text(body, "priority") or "normal",
        cancellation=_parse_cancellation(object_at(body, "cancel")),
        requested_count=whole(body, "requested_count") or 0,
        generated_count=whole(body, "generated_count") or 0,
        failed_count=whole(body, "failed_count") or 0,
        counts=parse_counts(object_at(body, "counts")),
        entities=tuple(parse_entity(one) for one in objects(body, "entities")),
        slots=tuple(parse_slot(one) for one in objects(body, "slots")),
        error_summary=tuple(_parse_error_count(one) for one in objects(body, "error_summary")),
        error_message=text(body, "error_message"),
        usage=parse_usage(object_at(body, "usage")),
        cost=_parse_cost(object_at(body, "cost")),
        metadata=object_at(body, "metadata"),
        constraints=object_at(body, "constraints"),
        progress=_parse_progress(object_at(body, "progress")),
        health=text(body, "health"),
        poll_after_ms=whole(body, "poll_after_ms"),
        raw=body,
    )


def parse_accepted(body: Mapping[str, Any], *, idempotency_key: str, replayed: bool) -> Accepted:
    """Read the answer to a submission. Raises `UnexpectedAnswer` if the body is none."""
    request_id, status = text(body, "request_id"), text(body, "status")
    if request_id is None or status is None:
        raise UnexpectedAnswer("the answer to the submission names no request_id and status")
    return Accepted(
        request_id=request_id,
        status=status,
        done=boolean(body, "done") or False,
        count=whole(body, "count") or 0,
        message=text(body, "message") or "",
        idempotency_key=idempotency_key,
        replayed=replayed,
        deadline_at=moment(body, "deadline_at"),
        poll_after_ms=whole(body, "poll_after_ms"),
        raw=body,
    )


def parse_counts(body: Mapping[str, Any]) -> Counts:
    """Read counts; what is missing is 0."""
    return Counts(
        pending=whole(body, "pending") or 0,
        processing=whole(body, "processing") or 0,
        retrying=whole(body, "retrying") or 0,
        generated=whole(body, "generated") or 0,
        failed=whole(body, "failed") or 0,
        cancelled=whole(body, "cancelled") or 0,
    )


def parse_slot(body: Mapping[str, Any]) -> Slot:
    """Read a slot."""
    error = object_at(body, "error")
    return Slot(
        index=whole(body, "index") or 0,
        status=text(body, "status") or "",
        entity_id=text(body, "entity_id"),
        attempts=whole(body, "attempts") or 0,
        max_attempts=whole(body, "max_attempts"),
        next_attempt_at=moment(body, "next_attempt_at"),
        error=parse_slot_error(error) if error else None,
        started_at=moment(body, "started_at"),
        finished_at=moment(body, "finished_at"),
    )


def parse_slot_error(body: Mapping[str, Any]) -> SlotError:
    """Read why an attempt failed."""
    return SlotError(
        code=text(body, "code") or "",
        category=text(body, "category"),
        retryable=boolean(body, "retryable"),
        message=text(body, "message") or "",
        attempt=whole(body, "attempt"),
    )


def _parse_error_count(body: Mapping[str, Any]) -> ErrorCount:
    return ErrorCount(
        code=text(body, "code") or "",
        count=whole(body, "count") or 0,
        sample_index=whole(body, "sample_index"),
    )


def parse_usage(body: Mapping[str, Any]) -> Usage:
    """Read usage; what is missing is 0."""
    return Usage(
        input_tokens=whole(body, "input_tokens") or 0,
        output_tokens=whole(body, "output_tokens") or 0,
        model_calls=whole(body, "model_calls") or 0,
    )


def _parse_progress(body: Mapping[str, Any]) -> Progress | None:
    if not body:
        return None
    return Progress(
        percent=whole(body, "percent") or 0,
        phase=text(body, "phase") or "",
        queue_position=whole(body, "queue_position"),
        eta_seconds=whole(body, "eta_seconds"),
    )


def _parse_cost(body: Mapping[str, Any]) -> Cost:
    return Cost(
        total_microusd=whole(body, "total_microusd") or 0,
        wasted_microusd=whole(body, "wasted_microusd") or 0,
        estimated=boolean(body, "estimated") or False,
        limit_microusd=whole(body, "max_microusd"),
    )


def _parse_cancellation(body: Mapping[str, Any]) -> Cancellation | None:
    if not body:
        return None
    return Cancellation(
        mode=text(body, "mode") or "",
        reason=text(body, "reason"),
        requested_at=moment(body, "requested_at"),
        settles_by=moment(body, "settles_by"),
        outcome=text(body, "outcome") or "",
    )
