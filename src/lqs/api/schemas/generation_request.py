"""A generation request as it is told."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from lqs.api.schemas.base import Metadata, Output
from lqs.api.schemas.bounds import (
    Address,
    AttemptNumber,
    Cursor,
    EntityTypeName,
    Message,
    Microusd,
    Number,
    Reason,
    RunNumber,
    SlotCount,
    SlotIndex,
    Total,
    Version,
)
from lqs.domain import limits
from lqs.domain.forecast import Health, Phase
from lqs.domain.generation_request import CancelMode, EndReason, Priority, Status
from lqs.domain.slot import SlotStatus
from lqs.domain.slot_errors import Category, SlotErrorCode


class Links(Output):
    """Addresses to follow; never build one yourself."""

    self: Address = Field(examples=["/generation-requests/0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"])
    entities: Address | None = Field(
        description="The entities that were generated, page by page; null for a type that this service does not know.",
        examples=["/problems?generation_request_id=0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"],
    )
    cancel: Address | None = Field(description="Where to POST a cancellation; null when done.")
    retry: Address | None = Field(description="Where to POST a retry; null unless something can be tried again.")


class Counts(Output):
    """Slots by status; the six always add up to requested_count."""

    pending: SlotCount
    processing: SlotCount
    retrying: SlotCount
    generated: SlotCount
    failed: SlotCount
    cancelled: SlotCount


class SlotError(Output):
    """Why a slot failed, or why its last attempt did."""

    code: SlotErrorCode
    category: Category
    retryable: bool
    message: Message
    attempt: AttemptNumber


class Slot(Output):
    """One place for one entity."""

    index: SlotIndex
    status: SlotStatus
    entity_id: UUID | None
    attempts: AttemptNumber
    max_attempts: AttemptNumber
    next_attempt_at: datetime | None
    error: SlotError | None
    started_at: datetime | None
    finished_at: datetime | None


class ErrorSummary(Output):
    """How often a code ended a slot, and one slot where it did."""

    code: SlotErrorCode
    count: SlotCount
    sample_index: SlotIndex


class Usage(Output):
    """What the attempts of this generation request consumed, but for results that came too late to count."""

    input_tokens: Total
    output_tokens: Total
    model_calls: Number


class Cost(Output):
    """What the calls cost so far, in millionths of a US dollar."""

    currency: Literal["USD"]
    total_microusd: Microusd
    wasted_microusd: Microusd = Field(description="Of the total, what made no entity.")
    estimated: bool = Field(
        description="True when calls are counted at their highest price, for nobody told the real one."
    )
    max_microusd: Microusd | None = Field(description="The budget; null: none.")


class Cancellation(Output):
    """A cancellation that was asked for."""

    mode: CancelMode
    reason: Reason | None
    requested_at: datetime | None = Field(description="null when the end had come before; it is not recorded then.")
    settles_by: datetime | None = Field(
        description="When the last slot is settled, at the latest; null when the end had come before."
    )
    outcome: Literal["pending", "cancelled", "too_late"] = Field(
        description="too_late: everything had been settled before it took effect."
    )


class Basis(Output):
    """What an estimate rests on: the latest attempts of the entity type that made something, in round figures."""

    sample_size: Number
    slot_p50_ms: Number


class Progress(Output):
    """How far it is; what is not known is null. It changes without the version."""

    percent: int = Field(ge=0, le=100, description="Of slots that are settled; 100 only when done.")
    phase: Phase
    queue_position: Number | None = Field(description="About that of its next slot among all that are ready.")
    eta_seconds: Number | None = Field(description="From now, rounded.")
    basis: Basis | None
    as_of: datetime = Field(description="When this was looked at; of what is done, its end.")


class GenerationRequestSummary(Output):
    """A generation request as of one moment, without its slots and entities."""

    request_id: UUID
    owner_id: UUID
    entity_type: EntityTypeName
    status: Status
    done: bool = Field(description="The only field a poller needs: true when nothing will change any more.")
    end_reason: EndReason | None
    run: RunNumber
    version: Version
    requested_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    deadline_at: datetime
    start_deadline_at: datetime | None
    last_progress_at: datetime | None
    expires_at: datetime | None = Field(description="When the record is purged; null: not done yet, or pinned.")
    pinned: bool
    priority: Priority
    slot_timeout_seconds: float
    origin: UUID | None = Field(description="The purged generation request that this one repeats, if any.")
    cancel: Cancellation | None
    requested_count: SlotCount
    generated_count: SlotCount
    failed_count: SlotCount
    counts: Counts
    error_summary: list[ErrorSummary] = Field(max_length=limits.MAX_ENTITIES)
    error_message: Message | None
    usage: Usage
    cost: Cost
    constraints: dict[str, Any]
    metadata: Metadata
    poll_after_ms: Number | None = Field(None, description="When to look again; absent when done.")
    progress: Progress | None = Field(None, description="Only where a single one is read.")
    health: Health | None = Field(None, description="Only where a single one is read.")
    links: Links


class GenerationRequest(GenerationRequestSummary):
    """A generation request, whole and as of one moment."""

    entities: list[dict[str, Any]] = Field(
        max_length=limits.MAX_ENTITIES, description="Those that exist so far, by slot."
    )
    slots: list[Slot] = Field(max_length=limits.MAX_ENTITIES)


class PageLinks(Output):
    """Where a list goes on."""

    next: Address | None


class GenerationRequestPage(Output):
    """Some of the generation requests that were asked for, in short or, with `view=full`, whole."""

    results: list[GenerationRequest | GenerationRequestSummary] = Field(max_length=limits.MAX_RESULTS)
    next_cursor: Cursor | None = Field(description="The cursor of the next page; null on the last one.")
    has_more: bool
    links: PageLinks
