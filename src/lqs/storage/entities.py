"""Entities of all types in PostgreSQL: one partitioned table, one partition per type.

They are stored by the statement that settles their slots (`claims.settle`).
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from lqs.storage.database import Connection
from lqs.storage.migrate import MigrationImpossible
from lqs.storage.queries import queries

SQL = queries("entities")


@dataclass(frozen=True, slots=True)
class EntityView:
    """A stored entity; `content` is JSON text. `generation_request_id` is None once that record was purged."""

    id: UUID
    entity_type: str
    generation_request_id: UUID | None
    slot_index: int
    created_at: datetime
    content: str


async def read(connection: Connection, entity_id: UUID, *, entity_type: str, owner_id: UUID) -> EntityView | None:
    """One entity; None if unknown or another owner's."""
    row = await SQL["read"].fetchrow(connection, id=entity_id, entity_type=entity_type, owner_id=owner_id)
    return EntityView(**row) if row else None


async def ensure_tables(connection: Connection, types: Iterable[tuple[str, str]]) -> None:
    """Make the partition of every entity type, given as (name, plural), that has none yet.

    Raises `MigrationImpossible` when something else in the database has the name of a plural.
    """
    for name, plural in types:
        if name in await tables(connection):
            continue
        with suppress(asyncpg.DuplicateTableError):
            await SQL["ensure_table"].execute(connection, entity_type=name, plural=plural)
        if name not in await tables(connection):
            raise MigrationImpossible(
                f"The entity type {name} cannot have its table: something else in the database is called {plural}. "
                "Register it with another plural."
            )


async def tables(connection: Connection) -> set[str]:
    """The names of the entity types that have their partition."""
    return {row["entity_type"] for row in await SQL["tables"].fetch(connection)}
