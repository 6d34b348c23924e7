"""Keys: creating, revoking and noting the use of API keys, and the very first owner."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from lqs.domain.api_key import ApiKey, Scope, make_key
from lqs.domain.ids import new_id
from lqs.storage import api_keys
from lqs.storage.api_keys import KeyView, NewKey
from lqs.storage.database import Connection, Database


async def create_key(
    database: Database, *, owner_id: UUID, name: str, scopes: Sequence[Scope], expires_at: datetime | None = None
) -> tuple[ApiKey, KeyView]:
    """A new key for an owner. The whole key is known only now; its hash is what stays."""
    async with database.transaction() as connection:
        return await _insert(connection, owner_id=owner_id, name=name, scopes=scopes, expires_at=expires_at)


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
        owner_id = new_id()
        await api_keys.insert_owner(connection, owner_id, name=owner_name)
        key, _ = await _insert(connection, owner_id=owner_id, name="first key", scopes=list(Scope), expires_at=None)
        return key


async def _insert(
    connection: Connection, *, owner_id: UUID, name: str, scopes: Sequence[Scope], expires_at: datetime | None
) -> tuple[ApiKey, KeyView]:
    key = make_key()
    stored = await api_keys.insert(
        connection,
        NewKey(
            key_id=key.key_id,
            owner_id=owner_id,
            name=name,
            secret_sha256=key.secret_sha256,
            scopes=scopes,
            expires_at=expires_at,
        ),
    )
    return key, stored
