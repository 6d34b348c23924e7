"""The shapes of retries and dead letters, as the OpenAPI document tells them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from lqs.api import schemas
from lqs.domain import limits
from lqs.domain.generation_request import EndReason, Status
from lqs.domain.slot_errors import Category, SlotErrorCode
from lqs.lifecycle.retry import Choice
from lqs.storage.dead_letters import State

_LAST_INDEX = limits.MAX_ENTITIES - 1


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Output(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _chosen(value: Any) -> Choice | tuple[int, ...]:
    if isinstance(value, str) and value in set(Choice):
        return Choice(value)
    indexes = value if isinstance(value, list) else []
    if indexes and all(type(index) is int and 0 <= index <= _LAST_INDEX for index in indexes):
        return tuple(sorted(set(indexes)))
    raise ValueError(f"It is {' or '.join(Choice)}, or a list of slot indexes from 0 to {_LAST_INDEX}")


class RetryBody(_Input):
    """A wish for a further run."""

    slots: Annotated[
        Choice | tuple[int, ...],
        PlainValidator(_chosen),
        WithJsonSchema(
            {
                "description": "Which slots: all that failed, these and the cancelled ones, or these indexes.",
                "oneOf": [
                    {"type": "string", "enum": list(Choice)},
                    {
                        "type": "array",
                        "items": {"type": "integer", "minimum": 0, "maximum": _LAST_INDEX},
                        "minItems": 1,
                    },
                ],
                "default": "failed",
                "examples": [[2, 4]],
            }
        ),
    ] = Choice.FAILED
    max_attempts: Annotated[
        int | None, Field(ge=1, le=limits.MAX_ATTEMPTS, description="Attempts per entity; null: as many as before.")
    ] = None
    timeout_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_TIMEOUT_SECONDS,
            le=limits.MAX_TIMEOUT_SECONDS,
            description="Longest time the run may take; null: slots times the time of an attempt, and some more.",
        ),
    ] = None
    if_version: schemas.IfVersion = None


class NoBody(_Input):
    """This operation takes no fields."""


class RequeueFilter(_Input):
    """Which open dead letters; at least one field."""

    code: Annotated[SlotErrorCode | None, Field(description="With this error.")] = None
    entity_type: Annotated[str | None, Field(max_length=100, description="Of this entity type.")] = None
    since: Annotated[schemas.Moment | None, Field(description="Failed at or after this time.")] = None

    @model_validator(mode="after")
    def _says_something(self) -> "RequeueFilter":
        if self.code is None and self.entity_type is None and self.since is None:
            raise ValueError("An empty filter would requeue everything: name a code, an entity_type or a time")
        return self


class RequeueBody(_Input):
    """A requeue of all that matches."""

    filter: RequeueFilter
    dry_run: Annotated[bool, Field(description="Only count what matches.")] = False


class Restarted(schemas.GenerationRequest):
    """The 202 of a retry: the generation request with its further run, durable, and what became of the key."""

    idempotency: schemas.Idempotency | None


class FoundRequests(_Output):
    """Generation requests that were looked for, newest first."""

    results: list[schemas.GenerationRequest]


class RunCost(_Output):
    """What was booked while the run was the current one, in millionths of a US dollar."""

    total_microusd: int
    wasted_microusd: int


class Run(_Output):
    """One run of a generation request."""

    run: int
    status: Status
    end_reason: EndReason | None
    requested_by: str | None = Field(description="Id of the API key that asked for it.")
    requested_at: datetime
    completed_at: datetime | None
    requested_count: int
    counts: schemas.Counts
    usage: schemas.Usage
    cost: RunCost


class Runs(_Output):
    """Every run in order, the current one last."""

    results: list[Run]


class Attempt(_Output):
    """One attempt at a slot, as its worker reported it."""

    attempt: int = Field(description="Counted from 1 in each run.")
    outcome: str = Field(description="generated, failed, or late_result: refused, but its cost counts.")
    error: schemas.SlotError | None
    duration_ms: int
    finished_at: datetime
    model: str | None
    provider_request_id: str | None
    input_tokens: int
    output_tokens: int
    cost_microusd: int | None = Field(description="null: nobody told.")


class SlotWithAttempts(schemas.Slot):
    """One slot, and every attempt at it in all runs."""

    attempt_history: list[Attempt]


class DeadLetter(_Output):
    """A slot that failed for good."""

    id: UUID
    request_id: UUID
    slot_index: int
    run: int
    entity_type: str
    code: SlotErrorCode
    category: Category
    message: str
    failed_at: datetime
    state: State
    resolved_at: datetime | None
    resolved_by: str | None = Field(description="Id of the API key that requeued or discarded it.")
    requeued_as: UUID | None = Field(description="The generation request that tries it again.")


class DeadLetters(_Output):
    """One page of dead letters, newest first."""

    results: list[DeadLetter]
    next_cursor: str | None
    has_more: bool


class RawAttempt(Attempt):
    """One attempt with what was really said, for operators."""

    error_detail: str | None
    worker_id: UUID


class Payload(_Output):
    """What was asked for."""

    constraints: dict[str, Any]
    metadata: dict[str, str]
    options: dict[str, Any]


class WholeDeadLetter(DeadLetter):
    """A dead letter with what was asked for and every attempt at its slot."""

    payload: Payload
    attempts: list[RawAttempt]


class Requeued(_Output):
    """What a requeue by filter did. With `remaining` above 0 call it again, with another key."""

    dry_run: bool
    matched: int
    requeued: int
    skipped: int = Field(description="Matched, but were dealt with by somebody else meanwhile.")
    remaining: int = Field(description="Matched, and wait for the next call.")
    idempotency: schemas.Idempotency | None


INPUTS: tuple[type[BaseModel], ...] = (RetryBody, NoBody, RequeueBody)
"""The bodies that are read by hand."""
