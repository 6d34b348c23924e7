"""Idempotency keys in PostgreSQL, written in the same transaction as the work they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

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
    """What a key was first used for: the SHA-256 of that body, and the id of what it made or changed.

    `body` is that body as a JSON text: the subject may have changed since. `used_at` is known once it is stored;
    `expired` is what has been purged since.
    """

    fingerprint: bytes
    subject_id: UUID
    body: str | None = None
    used_at: datetime | None = None
    expired: bool = False


async def take(connection: Connection, uses: Mapping[Key, Use]) -> set[Key]:
    """Take the keys nobody has; returns these. Waits for a twin in another transaction to end first."""
    rows = await SQL["take"].fetch(
        connection,
        **_columns(list(uses)),
        fingerprints=[use.fingerprint for use in uses.values()],
        subject_ids=[use.subject_id for use in uses.values()],
        bodies=[use.body for use in uses.values()],
    )
    return set(map(_key, rows))


async def release(connection: Connection, uses: Mapping[Key, UUID]) -> None:
    """Let go the keys that this transaction took for work on these subjects."""
    await SQL["release"].execute(connection, **_columns(list(uses)), subject_ids=list(uses.values()))


async def read(connection: Connection, keys: Sequence[Key]) -> dict[Key, Use]:
    """What these keys were used for; those that nobody has used are not in it."""
    return {
        _key(row): Use(row["fingerprint"], row["subject_id"], row["body"], row["created_at"], row["expired"])
        for row in await SQL["read"].fetch(connection, **_columns(keys))
    }


def _columns(keys: Sequence[Key]) -> dict[str, object]:
    return {
        "owner_ids": [key.owner_id for key in keys],
        "operations": [key.operation for key in keys],
        "keys": [key.key for key in keys],
    }


def _key(row: Record) -> Key:
    return Key(row["owner_id"], row["operation"], row["key"])
