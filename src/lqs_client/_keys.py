"""The API keys of the owner, as callers handle them; blocking and for asyncio."""

from collections.abc import Sequence
from datetime import datetime

from lqs_client import _calls
from lqs_client._api_keys import ApiKeyList, NewApiKey
from lqs_client._carriers import AsyncCarrier, Carrier
from lqs_client._wire import KeyWish


class Keys:
    """The API keys of the owner; needs a key with the scope admin."""

    def __init__(self, client: Carrier) -> None:
        self._client = client

    def create(
        self,
        name: str,
        *,
        scopes: Sequence[str],
        expires_at: datetime | None = None,
        daily_budget_microusd: int | None = None,
    ) -> NewApiKey:
        """Make an API key; its secret is told this once. `expires_at` needs a time zone.

        `daily_budget_microusd` is what its calls may cost in a day (UTC), in millionths of a US dollar.
        """
        wish = KeyWish(name, tuple(scopes), expires_at, daily_budget_microusd)
        return self._client._carry_out(_calls.create_key(wish, self._client._policy))

    def list(self) -> ApiKeyList:
        """Look at all API keys of the owner, without secrets."""
        return self._client._carry_out(_calls.list_keys(self._client._policy))

    def revoke(self, key_id: str) -> None:
        """Revoke an API key. Raises `NotFound` if there is none, or none of yours."""
        self._client._carry_out(_calls.revoke_key(key_id, self._client._policy))


class AsyncKeys:
    """The API keys of the owner; needs a key with the scope admin."""

    def __init__(self, client: AsyncCarrier) -> None:
        self._client = client

    async def create(
        self,
        name: str,
        *,
        scopes: Sequence[str],
        expires_at: datetime | None = None,
        daily_budget_microusd: int | None = None,
    ) -> NewApiKey:
        """Make an API key; its secret is told this once. `expires_at` needs a time zone.

        `daily_budget_microusd` is what its calls may cost in a day (UTC), in millionths of a US dollar.
        """
        wish = KeyWish(name, tuple(scopes), expires_at, daily_budget_microusd)
        return await self._client._carry_out(_calls.create_key(wish, self._client._policy))

    async def list(self) -> ApiKeyList:
        """Look at all API keys of the owner, without secrets."""
        return await self._client._carry_out(_calls.list_keys(self._client._policy))

    async def revoke(self, key_id: str) -> None:
        """Revoke an API key. Raises `NotFound` if there is none, or none of yours."""
        await self._client._carry_out(_calls.revoke_key(key_id, self._client._policy))
