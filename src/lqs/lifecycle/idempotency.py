"""Idempotency: one key makes its work once. The one way for every operation that makes work."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lqs.domain.errors import IdempotencyKeyExpired, IdempotencyKeyReused
from lqs.storage import idempotency_keys
from lqs.storage.database import Connection
from lqs.storage.idempotency_keys import Key, Use

SHORTEST_LIFE = timedelta(hours=24)
"""A key lives as long as the record of what it made, and at least this long."""


def fingerprint(body: Mapping[str, Any]) -> bytes:
    """SHA-256 of a body in canonical form: sorted keys, no blanks."""
    return hashlib.sha256(canonical(body).encode()).digest()


async def take_all(connection: Connection, wanted: Mapping[Key, Use]) -> dict[Key, Use]:
    """What each of these keys stands for from now on: the wanted use if it was free, or what it was used for before.

    The first statement of its transaction: keys are locked before everything else.
    """
    uses: dict[Key, Use] = {}
    # A key that was neither free nor found has been forgotten in between, so it is free now.
    while left := {key: use for key, use in wanted.items() if key not in uses}:
        uses |= {key: left.pop(key) for key in await idempotency_keys.take(connection, left)}
        if left:
            uses |= await idempotency_keys.read(connection, list(left))
    return uses


async def take(connection: Connection, key: Key | None, body: Mapping[str, Any], subject_id: UUID) -> Use | None:
    """Take a key for work on `subject_id`, or for making it; None: it is free or there is none, so do the work.

    Otherwise the work was done before, for the subject of the use that is returned. Raises `IdempotencyKeyReused`
    when it stands for another body, `IdempotencyKeyExpired` when its subject was purged. Key and work share their
    transaction, so work that fails leaves its key free.
    """
    if key is None:
        return None
    wanted = Use(fingerprint(body), subject_id, canonical(body))
    use = (await take_all(connection, {key: wanted}))[key]
    if use is wanted:
        return None
    if use.expired:
        raise IdempotencyKeyExpired(use.subject_id)
    if use.fingerprint != wanted.fingerprint:
        before: dict[str, Any] = json.loads(use.body or "{}")
        raise IdempotencyKeyReused(
            use.subject_id, sorted(name for name in before.keys() | body.keys() if before.get(name) != body.get(name))
        )
    return use


def key_expires_at(used_at: datetime | None, expires_at: datetime | None) -> datetime | None:
    """When a key ends whose record ends at `expires_at`; None while nobody knows."""
    if used_at is None or expires_at is None:
        return None
    return max(expires_at, used_at + SHORTEST_LIFE)


def canonical(body: Mapping[str, Any]) -> str:
    """A body as one JSON text: sorted keys, no blanks."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"))
