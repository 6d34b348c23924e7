"""Idempotency keys in PostgreSQL, written in the same transaction as the work they stand for."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("idempotency_keys")


@dataclass(frozen=True, slots=True)
class Key:
    """A caller's key in its scope: an owner and an operation such as `POST /problems/generate`."""

    owner_id: UUID
    operation: str
    key: str


@dataclass(frozen=True, slots=True)
class Use:
    """What a key was first used for: the SHA-256 of that body, and the id of what it made or changed."""

    fingerprint: bytes
    subject_id: UUID


async def take(connection: Connection, uses: Sequence[tuple[Key, Use]]) -> set[UUID]:
    """Take the keys nobody has; returns the subjects whose key was free.

    Waits for a twin in another transaction to end first.
    """
    rows = await SQL["take"].fetch(
        connection,
        owner_ids=[key.owner_id for key, _ in uses],
        operations=[key.operation for key, _ in uses],
        keys=[key.key for key, _ in uses],
        fingerprints=[use.fingerprint for _, use in uses],
        subject_ids=[use.subject_id for _, use in uses],
    )
    return {row["subject_id"] for row in rows}


async def read(connection: Connection, keys: Sequence[Key]) -> dict[Key, Use]:
    """What these keys were used for."""
    rows = await SQL["read"].fetch(
        connection,
        owner_ids=[key.owner_id for key in keys],
        operations=[key.operation for key in keys],
        keys=[key.key for key in keys],
    )
    return {
        Key(row["owner_id"], row["operation"], row["key"]): Use(row["fingerprint"], row["subject_id"]) for row in rows
    }
