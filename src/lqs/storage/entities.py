"""Entities of all types in PostgreSQL: one partitioned table, one partition per type."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("entities")


@dataclass(frozen=True, slots=True)
class NewEntity:
    """An entity to be stored; `content` is JSON text."""

    id: UUID
    entity_type: str
    owner_id: UUID
    request_id: UUID
    slot_index: int
    content: str


@dataclass(frozen=True, slots=True)
class EntityView:
    """A stored entity; `content` is JSON text. `generation_request_id` is None once that record was purged."""

    id: UUID
    entity_type: str
    generation_request_id: UUID | None
    slot_index: int
    created_at: datetime
    content: str


async def insert(connection: Connection, new: Sequence[NewEntity]) -> None:
    """Store entities, in the transaction that settles their slots."""
    await SQL["insert"].execute(
        connection,
        ids=[n.id for n in new],
        entity_types=[n.entity_type for n in new],
        owner_ids=[n.owner_id for n in new],
        request_ids=[n.request_id for n in new],
        slot_indexes=[n.slot_index for n in new],
        contents=[n.content for n in new],
    )


async def read(connection: Connection, entity_id: UUID, *, entity_type: str, owner_id: UUID) -> EntityView | None:
    """One entity; None if unknown or another owner's."""
    row = await SQL["read"].fetchrow(connection, id=entity_id, entity_type=entity_type, owner_id=owner_id)
    return EntityView(**row) if row else None


async def ensure_tables(connection: Connection, types: Iterable[tuple[str, str]]) -> None:
    """Make the partition of every entity type, given as (name, plural), that has none yet."""
    for name, plural in types:
        await SQL["ensure_table"].execute(connection, entity_type=name, plural=plural)
