"""Keys: creating, revoking and noting the use of API keys, and the very first owner."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from lqs.domain.api_key import ApiKey, Scope, make_key
from lqs.domain.ids import new_id
from lqs.storage import api_keys
from lqs.storage.api_keys import KeyView, NewKey
from lqs.storage.database import Database


async def create_key(
    database: Database,
    *,
    owner_id: UUID,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None = None,
    daily_budget_microusd: int | None = None,
) -> tuple[ApiKey, KeyView]:
    """A new key for an owner. The whole key is known only now; its hash is what stays.

    `daily_budget_microusd` is what its calls may cost in a day (UTC), in millionths of a US dollar; None: any sum.
    """
    key = make_key()
    async with database.transaction() as connection:
        stored = await api_keys.insert(
            connection,
            NewKey(key.key_id, owner_id, name, key.secret_sha256, scopes, expires_at, daily_budget_microusd),
        )
    return key, stored


async def revoke_key(database: Database, key_id: str, *, owner_id: UUID) -> bool:
    """End a key for good; False if the owner has no such key."""
    async with database.transaction() as connection:
        return await api_keys.revoke(connection, key_id, owner_id=owner_id)


async def note_use(database: Database, key_id: str) -> None:
    """Remember, to the minute, that a key was used."""
    async with database.acquire() as connection:
        await api_keys.touch(connection, key_id)


async def bootstrap(database: Database, *, owner_name: str) -> ApiKey | None:
    """On an empty database make one owner and one key with every scope; None if there is an owner already.

    Of several at once, one makes it.
    """
    async with database.transaction() as connection:
        await api_keys.lock_first_owner(connection)
        if await api_keys.any_owner(connection):
            return None
        owner_id, key = new_id(), make_key()
        await api_keys.insert_owner(connection, owner_id, name=owner_name)
        await api_keys.insert(
            connection, NewKey(key.key_id, owner_id, "first key", key.secret_sha256, list(Scope), expires_at=None)
        )
        return key
