"""Trying again by hand, and what came before."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from lqs.api.schemas.base import IfVersion, Input, Output
from lqs.api.schemas.bounds import MOST_TOLD, AttemptNumber, KeyId, Message, Microusd, Number, RunNumber, SlotCount
from lqs.api.schemas.generate import Idempotency
from lqs.api.schemas.generation_request import Counts, GenerationRequest, Slot, SlotError, Usage
from lqs.domain import limits
from lqs.domain.generation_request import EndReason, Status
from lqs.lifecycle.retry import Choice

_LAST_INDEX = limits.MAX_ENTITIES - 1


def _chosen(value: Any) -> Choice | tuple[int, ...]:
    if isinstance(value, str) and value in set(Choice):
        return Choice(value)
    indexes = value if isinstance(value, list) else []
    if indexes and all(type(index) is int and 0 <= index <= _LAST_INDEX for index in indexes):
        return tuple(sorted(set(indexes)))
    raise ValueError(f"It is {' or '.join(Choice)}, or a list of slot indexes from 0 to {_LAST_INDEX}")


class RetryBody(Input):
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
                        "maxItems": limits.MAX_ENTITIES,
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
    max_cost_microusd: Annotated[
        int | None,
        Field(
            ge=0,
            le=limits.MAX_COST_MICROUSD,
            description="What all runs together may cost from now on, the former ones included, in millionths of a US"
            " dollar; null: as before.",
        ),
    ] = None
    if_version: IfVersion = None


class Restarted(GenerationRequest):
    """The 202 of a retry: the generation request with its further run, durable, and what became of the key."""

    idempotency: Idempotency | None


class RunCost(Output):
    """What was booked while the run was the current one, in millionths of a US dollar."""

    total_microusd: Microusd
    wasted_microusd: Microusd


class Run(Output):
    """One run of a generation request."""

    run: RunNumber
    status: Status
    end_reason: EndReason | None
    requested_by: KeyId | None = Field(description="Id of the API key that asked for it.")
    requested_at: datetime
    completed_at: datetime | None
    requested_count: SlotCount
    counts: Counts
    usage: Usage
    cost: RunCost


class Runs(Output):
    """The runs in order, the current one last."""

    results: list[Run] = Field(max_length=MOST_TOLD, description="The latest 1000.")


class Attempt(Output):
    """One attempt at a slot, as its worker reported it."""

    attempt: AttemptNumber = Field(description="Counted from 1 in each run.")
    outcome: Literal["generated", "failed", "late_result"] = Field(
        description="late_result: refused, but its cost counts."
    )
    error: SlotError | None
    duration_ms: Number
    finished_at: datetime
    model: Message | None
    provider_request_id: Message | None
    input_tokens: Number
    output_tokens: Number
    cost_microusd: Microusd | None = Field(description="null: nobody told.")


class SlotWithAttempts(Slot):
    """One slot, and every attempt at it in all runs."""

    attempt_history: list[Attempt] = Field(max_length=MOST_TOLD, description="The latest 1000.")
