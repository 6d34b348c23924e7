"""One wish for many generation requests."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from lqs.api.schemas.base import Input, Metadata, Moment, Output
from lqs.api.schemas.bounds import NO_NUL, Address, AttemptNumber, EntityTypeName, Number, Reason
from lqs.api.schemas.generate import Idempotency
from lqs.domain import limits
from lqs.domain.bulk import BulkAction, BulkStatus
from lqs.domain.generation_request import CancelMode, EndReason, Priority, Status
from lqs.domain.slot_errors import SlotErrorCode
from lqs.lifecycle.bulk import SAMPLES


class BulkFilter(Input):
    """Which generation requests: those that satisfy everything named here, and at least one thing must be named."""

    entity_type: Annotated[str | None, Field(pattern=NO_NUL, max_length=64, examples=["problem"])] = None
    status: Annotated[list[Status], Field(max_length=len(Status), description="Any of these.")] = Field(
        default_factory=list
    )
    end_reason: Annotated[list[EndReason], Field(max_length=len(EndReason), description="Any of these.")] = Field(
        default_factory=list
    )
    error_code: Annotated[
        list[SlotErrorCode], Field(max_length=len(SlotErrorCode), description="A slot failed with any of these.")
    ] = Field(default_factory=list)
    priority: Annotated[list[Priority], Field(max_length=len(Priority), description="Any of these.")] = Field(
        default_factory=list
    )
    requested_after: Moment | None = None
    requested_before: Moment | None = None
    completed_after: Moment | None = None
    completed_before: Moment | None = None
    older_than_seconds: Annotated[
        int | None,
        Field(
            ge=0,
            le=limits.MAX_AGE_SECONDS,
            description="Since its end, or, while it is not done, since its run was asked for. Fixed by now.",
        ),
    ] = None
    metadata: Annotated[Metadata, Field(description="Has all of these pairs.")] = Field(default_factory=dict)


class BulkBody(Input):
    """One wish for many generation requests."""

    action: BulkAction
    filter: BulkFilter
    dry_run: Annotated[bool, Field(description="Only say how many it would be, and name some.")] = False
    scope: Annotated[Literal["own", "all"], Field(description="all: those of every owner; needs the scope admin.")] = (
        "own"
    )
    mode: Annotated[CancelMode | None, Field(description="For cancel; null: graceful.")] = None
    reason: Annotated[
        str | None,
        Field(pattern=NO_NUL, min_length=1, max_length=limits.MAX_REASON_CHARACTERS, description="For cancel."),
    ] = None
    slots: Annotated[
        Literal["failed", "failed_and_cancelled"] | None, Field(description="For retry; null: failed.")
    ] = None
    max_attempts: Annotated[int | None, Field(ge=1, le=limits.MAX_ATTEMPTS, description="For retry.")] = None
    timeout_seconds: Annotated[
        int | None,
        Field(ge=limits.MIN_TIMEOUT_SECONDS, le=limits.MAX_TIMEOUT_SECONDS, description="For retry: the whole run's."),
    ] = None


class BulkSelection(Output):
    """The filter of a bulk operation; what was not named is absent."""

    entity_type: EntityTypeName | None = None
    status: Annotated[list[Status], Field(max_length=len(Status))] | None = None
    end_reason: Annotated[list[EndReason], Field(max_length=len(EndReason))] | None = None
    error_code: Annotated[list[SlotErrorCode], Field(max_length=len(SlotErrorCode))] | None = None
    priority: Annotated[list[Priority], Field(max_length=len(Priority))] | None = None
    requested_after: datetime | None = None
    requested_before: datetime | None = None
    completed_after: datetime | None = None
    completed_before: datetime | None = None
    older_than_seconds: Annotated[int, Field(ge=0, le=limits.MAX_AGE_SECONDS)] | None = None
    aged_before: datetime | None = Field(None, description="What older_than_seconds meant when it was accepted.")
    metadata: Metadata | None = None


class BulkOptions(Output):
    """How the action is done; what was not chosen is absent."""

    mode: CancelMode | None = None
    reason: Reason | None = None
    slots: Literal["failed", "failed_and_cancelled"] | None = None
    max_attempts: AttemptNumber | None = None
    timeout_seconds: Number | None = None


class BulkPreview(Output):
    """A dry run: what would change now."""

    action: BulkAction
    dry_run: Literal[True]
    scope: Literal["own", "all"]
    filter: BulkSelection
    options: BulkOptions
    matched: Number
    sample_request_ids: list[UUID] = Field(max_length=SAMPLES)


class BulkLinks(Output):
    """Addresses to follow."""

    self: Address


class BulkOperation(Output):
    """One wish for many generation requests, and how far it has come."""

    bulk_id: UUID
    action: BulkAction
    scope: Literal["own", "all"]
    filter: BulkSelection
    options: BulkOptions
    status: BulkStatus
    done: bool
    matched: Number = Field(description="Found so far: changed and skipped together.")
    changed: Number
    skipped: Number = Field(description="Found, but by then in no state that allows it, or with nothing to do.")
    requested_at: datetime
    completed_at: datetime | None
    poll_after_ms: Number | None = Field(None, description="When to look again; absent when done.")
    idempotency: Idempotency | None = Field(None, description="In the answer that began it.")
    links: BulkLinks
