"""Slots that failed for good."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from lqs.api.schemas.base import Input, Metadata, Moment, Output
from lqs.api.schemas.bounds import (
    MOST_TOLD,
    NO_NUL,
    Cursor,
    EntityTypeName,
    KeyId,
    Message,
    Number,
    RunNumber,
    SlotIndex,
)
from lqs.api.schemas.generate import Idempotency
from lqs.api.schemas.retry import Attempt
from lqs.domain import limits
from lqs.domain.slot_errors import Category, SlotErrorCode
from lqs.storage.dead_letters import State


class RequeueFilter(Input):
    """Which open dead letters; at least one field."""

    code: Annotated[SlotErrorCode | None, Field(description="With this error.")] = None
    entity_type: Annotated[str | None, Field(pattern=NO_NUL, max_length=100, description="Of this entity type.")] = None
    since: Annotated[Moment | None, Field(description="Failed at or after this time.")] = None

    @model_validator(mode="after")
    def _says_something(self) -> "RequeueFilter":
        if self.code is None and self.entity_type is None and self.since is None:
            raise ValueError("An empty filter would requeue everything: name a code, an entity_type or a time")
        return self


class RequeueBody(Input):
    """A requeue of all that matches."""

    filter: RequeueFilter
    dry_run: Annotated[bool, Field(description="Only count what matches.")] = False


class DeadLetter(Output):
    """A slot that failed for good."""

    id: UUID
    request_id: UUID
    slot_index: SlotIndex
    run: RunNumber
    entity_type: EntityTypeName
    code: SlotErrorCode
    category: Category
    message: Message
    failed_at: datetime
    state: State
    resolved_at: datetime | None
    resolved_by: KeyId | None = Field(description="Id of the API key that requeued or discarded it.")
    requeued_as: UUID | None = Field(description="The generation request that tries it again.")


class DeadLetters(Output):
    """One page of dead letters, newest first."""

    results: list[DeadLetter] = Field(max_length=limits.MAX_RESULTS)
    next_cursor: Cursor | None
    has_more: bool


class RawAttempt(Attempt):
    """One attempt with what was really said, for operators."""

    error_detail: Message | None
    worker_id: UUID


class Payload(Output):
    """What was asked for."""

    constraints: dict[str, Any]
    metadata: Metadata
    options: dict[str, Any]


class WholeDeadLetter(DeadLetter):
    """A dead letter with what was asked for and every attempt at its slot."""

    payload: Payload
    attempts: list[RawAttempt] = Field(max_length=MOST_TOLD, description="The latest 1000.")


class Requeued(Output):
    """What a requeue by filter did. With `remaining` above 0 call it again, with another key."""

    dry_run: bool
    matched: Number
    requeued: Number
    skipped: Number = Field(description="Matched, but were dealt with by somebody else meanwhile.")
    remaining: Number = Field(description="Matched, and wait for the next call.")
    idempotency: Idempotency | None
