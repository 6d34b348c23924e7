"""Every error answer."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from lqs.api.schemas.bounds import MAX_FINDINGS, Address, Message, Version
from lqs.api.schemas.generation_request import Counts
from lqs.domain.api_key import Scope
from lqs.domain.generation_request import Status

Code = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$", max_length=64)]


class FieldError(BaseModel):
    """One thing wrong with a body; limits such as `min` and `max` stand beside."""

    pointer: Message = Field(description="JSON pointer to the place.")
    code: Code
    detail: Message


class Error(BaseModel):
    """Every error answer (RFC 9457). `code` is stable: decide by it."""

    type: Annotated[str, StringConstraints(pattern=r"^/errors/[a-z-]+$", max_length=80)]
    title: Message
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Message
    instance: Address
    code: Code
    retryable: bool = Field(description="Whether the same call can succeed later.")
    trace_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$", max_length=32)]
    current_version: Version | None = Field(None, description="With version_mismatch.")
    purged_at: datetime | None = Field(None, description="With generation_request_purged.")
    status_at_end: Status | None = Field(None, description="With generation_request_purged: how it had ended.")
    counts: Counts | None = Field(None, description="With generation_request_purged: its slots by status.")
    errors: list[FieldError] | None = Field(
        None, max_length=MAX_FINDINGS, description="With body_refused: every place that is wrong."
    )
    existing_request_id: UUID | None = Field(
        None, description="With idempotency_key_reuse and idempotency_key_expired: what the key stands for."
    )
    scopes: list[Scope] | None = Field(
        None, max_length=len(Scope), description="With scope_missing: those that the key has."
    )
    parameter: Message | None = Field(None, description="With parameter_refused: its name.")
    differing_fields: list[Message] | None = Field(
        None, max_length=MAX_FINDINGS, description="With idempotency_key_reuse: names, never values."
    )
    generate: dict[str, Any] | None = Field(
        None, description="When nothing can be drawn: what to send to have some made; null if none can be."
    )
