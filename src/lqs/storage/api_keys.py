"""Owners and their API keys in PostgreSQL. Only the SHA-256 of a secret is stored."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lqs.storage.database import Connection
from lqs.storage.queries import queries

SQL = queries("api_keys")


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as its owner sees it."""

    key_id: str
    name: str
    scopes: Sequence[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    daily_budget_microusd: int | None
    spent_today_microusd: int


@dataclass(frozen=True, slots=True)
class Found:
    """What authenticating needs to know of a key. Not live: revoked or expired; budgeted: it has a daily budget."""

    owner_id: UUID
    secret_sha256: bytes
    scopes: frozenset[str]
    live: bool
    budgeted: bool


@dataclass(frozen=True, slots=True)
class MoneyLeft:
    """What is left of a daily budget and what it is, in millionths of a US dollar; seconds until the next day (UTC)."""

    microusd: int
    budget_microusd: int
    seconds: int


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be stored. Its daily budget is in millionths of a US dollar, None for any sum."""

    key_id: str
    owner_id: UUID
    name: str
    secret_sha256: bytes
    scopes: Sequence[str]
    expires_at: datetime | None
    daily_budget_microusd: int | None = None


async def insert(connection: Connection, new: NewKey) -> KeyView:
    """Store a key."""
    row = await SQL["insert"].fetchrow(
        connection,
        key_id=new.key_id,
        owner_id=new.owner_id,
        name=new.name,
        secret_sha256=new.secret_sha256,
        scopes=list(new.scopes),
        expires_at=new.expires_at,
        daily_budget_microusd=new.daily_budget_microusd,
    )
    assert row is not None
    return KeyView(**row)


async def find(connection: Connection, key_id: str) -> Found | None:
    """The key with this id, live or not."""
    row = await SQL["find"].fetchrow(connection, key_id=key_id)
    if row is None:
        return None
    return Found(row["owner_id"], row["secret_sha256"], frozenset(row["scopes"]), row["live"], row["budgeted"])


async def touch(connection: Connection, key_id: str) -> None:
    """Note that a key was used, to the minute."""
    await SQL["touch"].execute(connection, key_id=key_id)


async def of_owner(connection: Connection, owner_id: UUID) -> list[KeyView]:
    """All keys of an owner, oldest first, revoked ones too."""
    return [KeyView(**row) for row in await SQL["of_owner"].fetch(connection, owner_id=owner_id)]


async def revoke(connection: Connection, key_id: str, *, owner_id: UUID) -> bool:
    """Revoke a key now and for good; False if unknown or another owner's. Twice is the same as once."""
    return await SQL["revoke"].fetchrow(connection, key_id=key_id, owner_id=owner_id) is not None


async def money_left(connection: Connection, key_id: str) -> MoneyLeft | None:
    """What a key may still spend today; None without a daily budget. Calls in flight count at what they reserved."""
    row = await SQL["money_left"].fetchrow(connection, key_id=key_id)
    return MoneyLeft(**row) if row else None


async def open_days(connection: Connection, key_ids: Collection[str]) -> None:
    """Begin the day of these keys in which their calls are counted."""
    await SQL["open_days"].execute(connection, key_ids=list(key_ids))


async def lock_first_owner(connection: Connection) -> None:
    """Wait until no other bootstrap runs; ends with the transaction."""
    await SQL["lock_first_owner"].execute(connection)


async def any_owner(connection: Connection) -> bool:
    """Whether the service was ever bootstrapped."""
    return bool(await SQL["any_owner"].fetchval(connection))


async def insert_owner(connection: Connection, owner_id: UUID, *, name: str) -> None:
    """Store an owner."""
    await SQL["insert_owner"].execute(connection, id=owner_id, name=name)


async def owners(connection: Connection) -> list[tuple[UUID, str]]:
    """Every owner's id and name, oldest first."""
    return [(row["id"], row["name"]) for row in await SQL["owners"].fetch(connection)]
