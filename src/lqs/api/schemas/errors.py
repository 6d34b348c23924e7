"""Every error answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from lqs.api.schemas.generation_request import Counts
from lqs.domain.api_key import Scope
from lqs.domain.generation_request import Status


class FieldError(BaseModel):
    """One thing wrong with a body; limits such as `min` and `max` stand beside."""

    pointer: str = Field(description="JSON pointer to the place.")
    code: str
    detail: str


class Error(BaseModel):
    """Every error answer (RFC 9457). `code` is stable: decide by it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    retryable: bool = Field(description="Whether the same call can succeed later.")
    trace_id: str
    current_version: int | None = Field(None, description="With version_mismatch.")
    purged_at: datetime | None = Field(None, description="With generation_request_purged.")
    status_at_end: Status | None = Field(None, description="With generation_request_purged: how it had ended.")
    counts: Counts | None = Field(None, description="With generation_request_purged: its slots by status.")
    errors: list[FieldError] | None = Field(None, description="With body_refused: every place that is wrong.")
    existing_request_id: UUID | None = Field(
        None, description="With idempotency_key_reuse and idempotency_key_expired: what the key stands for."
    )
    scopes: list[Scope] | None = Field(None, description="With scope_missing: those that the key has.")
    parameter: str | None = Field(None, description="With parameter_refused: its name.")
    differing_fields: list[str] | None = Field(None, description="With idempotency_key_reuse: names, never values.")
    generate: dict[str, Any] | None = Field(
        None, description="When nothing can be drawn: what to send to have some made; null if none can be."
    )
