"""Asking for entities, and what the 202 says."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, create_model

from lqs.api.schemas.base import Input, Metadata, Output
from lqs.api.schemas.bounds import IdempotencyKeyText, Message, Number, SlotCount
from lqs.api.schemas.generation_request import Links
from lqs.domain import limits
from lqs.domain.entity_type import EntityType
from lqs.domain.generation_request import Priority, Status


class GenerateBody(Input):
    """What every entity type's generate operation takes; each type adds its own constraints."""

    count: Annotated[
        int,
        Field(
            ge=limits.MIN_ENTITIES,
            le=limits.MAX_ENTITIES,
            description="How many entities to generate.",
            examples=[5],
        ),
    ] = limits.DEFAULT_ENTITIES
    metadata: Metadata = Field(default_factory=dict)
    priority: Annotated[
        Priority,
        Field(description="A weight beside the caller's other work and that of others; high needs the scope priority."),
    ] = Priority.NORMAL
    timeout_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_TIMEOUT_SECONDS,
            le=limits.MAX_TIMEOUT_SECONDS,
            description="Longest time the whole run may take; null: count times the time of an attempt, and some more.",
        ),
    ] = None
    start_within_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_TIMEOUT_SECONDS,
            le=limits.MAX_TIMEOUT_SECONDS,
            description="Longest wait for the first attempt to start; null: the whole run's time.",
        ),
    ] = None
    slot_timeout_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_TIMEOUT_SECONDS,
            le=limits.MAX_SLOT_TIMEOUT_SECONDS,
            description="Longest time one attempt at one entity may take; null: the service's own limit.",
        ),
    ] = None
    max_attempts: Annotated[
        int | None,
        Field(ge=1, le=limits.MAX_ATTEMPTS, description="Attempts per entity; null: the service's own number."),
    ] = None
    max_cost_microusd: Annotated[
        int | None,
        Field(
            ge=0,
            le=limits.MAX_COST_MICROUSD,
            description="What all calls together may cost, in millionths of a US dollar; null: no limit.",
        ),
    ] = None
    retention_seconds: Annotated[
        int | None,
        Field(
            ge=limits.MIN_RETENTION_SECONDS,
            le=limits.MAX_RETENTION_SECONDS,
            description="How long the record is kept after its end; its entities stay. null: the service's own time.",
        ),
    ] = None


def generate_body(entity_type: EntityType) -> type[GenerateBody]:
    """The body of `POST /<plural>/generate` for this entity type."""
    constraints: Any = (
        entity_type.constraints_model,
        Field(default_factory=entity_type.constraints_model, description="What the entities should be about."),
    )
    noun = "".join(word.capitalize() for word in entity_type.plural.split("_"))
    return create_model(f"Generate{noun}", __base__=GenerateBody, constraints=constraints)


class Idempotency(Output):
    """What became of the Idempotency-Key."""

    key: IdempotencyKeyText
    replayed: bool = Field(description="True when this key had done its work before.")
    key_expires_at: datetime | None = Field(
        description="When the key ends; null while the end of the record is not known, for it lives as long."
    )


class Accepted(Output):
    """The 202: the generation request is durable, and will end."""

    message: Message
    request_id: UUID
    count: SlotCount
    status: Status
    done: bool
    deadline_at: datetime
    poll_after_ms: Number | None = Field(None, description="When to look again; absent when done.")
    idempotency: Idempotency | None
    links: Links
