"""A generation request as the API tells it, and the errors that carry one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lqs_client._entities import Entity
from lqs_client._errors import LqsError


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
    `progress` are told where a single one is read. In a list, `entities` and `slots` are empty. `entity_type_plural` is
    the word of its entities' addresses; the type itself where the API does not tell.
    """

    request_id: str
    owner_id: str | None
    entity_type: str
    entity_type_plural: str
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
