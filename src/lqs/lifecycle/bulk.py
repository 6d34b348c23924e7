"""Bulk: one wish for many generation requests, looked at beforehand or accepted; `bulk_work` carries it out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from lqs.domain.bulk import BulkAction
from lqs.domain.errors import NotFound
from lqs.domain.generation_request import CancelMode
from lqs.domain.ids import new_id
from lqs.domain.selection import Filter
from lqs.lifecycle import idempotency
from lqs.lifecycle.retry import Choice
from lqs.storage import bulk_operations, selection
from lqs.storage.bulk_operations import BulkView, NewBulk
from lqs.storage.database import Database
from lqs.storage.idempotency_keys import Key
from lqs.storage.selection import BEGINNING, Place, Search

OPERATION = "POST /generation-requests/bulk"
"""The scope of the idempotency key."""
_WINDOW = 10_000
"""Rows one statement of a preview goes through at most."""
SAMPLES = 5
"""How many a preview names."""
_DEFAULTS: Mapping[BulkAction, Mapping[str, Any]] = MappingProxyType(
    {
        BulkAction.CANCEL: {"mode": CancelMode.GRACEFUL},
        BulkAction.RETRY: {"slots": Choice.FAILED},
        BulkAction.PURGE: {},
    }
)
"""What an option means that was left out: spelled out it is the same wish."""


@dataclass(frozen=True, slots=True)
class BulkWish:
    """A checked wish. `everybody`: not the owner's own generation requests alone; needs an operator.

    `options` are what the action takes, as JSON values; `requested_by` is the id of the caller's API key.
    """

    owner_id: UUID
    action: BulkAction
    filter: Filter
    everybody: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    requested_by: str | None = None
    idempotency_key: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What a replay must repeat."""
        wanted = {name: _plain(value) for name, value in self.filter.named.items()}
        options = {**_DEFAULTS[self.action], **self.options}
        return {"action": self.action, "filter": wanted, "everybody": self.everybody, **options}

    @property
    def key(self) -> Key | None:
        """The idempotency key in its scope."""
        return Key(self.owner_id, OPERATION, self.idempotency_key) if self.idempotency_key else None


@dataclass(frozen=True, slots=True)
class Begun:
    """A bulk operation as it stands; a replayed one was begun before, with the same key, at `used_at`."""

    bulk: BulkView
    replayed: bool = False
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a bulk operation would change if it came by now: how many, and some of them."""

    matched: int
    sample: Sequence[UUID]
    filter: Filter


def _plain(value: Any) -> Any:
    """A value of a filter as JSON, the same for all that ask the same."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return sorted(set(value)) if isinstance(value, tuple | list) else value


async def preview(database: Database, wish: BulkWish) -> Preview:
    """Look what a bulk operation would change; nothing changes."""
    matched = 0
    sample: list[UUID] = []
    async with database.acquire() as connection:
        now = await selection.clock(connection)
        search = Search(None if wish.everybody else wish.owner_id, wish.action, wish.filter.fixed(now), now)
        place: Place | None = BEGINNING
        while place is not None:
            found = await selection.match(connection, search, after=place, window=_WINDOW, batch=_WINDOW)
            matched += len(found.places)
            sample += [match.id for match in found.places[: SAMPLES - len(sample)]]
            place = found.up_to
    return Preview(matched, sample, search.filter)


async def begin_bulk(database: Database, wish: BulkWish) -> Begun:
    """Accept a bulk operation; it is durable when this returns. What it will come by is fixed by now.

    Raises `IdempotencyKeyReused`, `NotFound` when the key stands for one that is just being forgotten.
    """
    new_bulk_id = new_id()
    async with database.transaction() as connection:
        use = await idempotency.take(connection, wish.key, wish.body, new_bulk_id)
        if use is not None:
            before = await bulk_operations.read(connection, use.subject_id, owner_id=wish.owner_id)
            if before is None:
                raise NotFound("What this key began has just been forgotten.")
            return Begun(before, True, use.used_at)
        now = await selection.clock(connection)
        bulk = await bulk_operations.insert(
            connection,
            NewBulk(
                id=new_bulk_id,
                owner_id=wish.owner_id,
                requested_by=wish.requested_by,
                action=wish.action,
                filter=wish.filter.fixed(now),
                requested_at=now,
                options={"everybody": wish.everybody, **wish.options},
            ),
        )
        return Begun(bulk)
