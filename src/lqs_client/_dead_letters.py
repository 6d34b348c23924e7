"""The slots that failed for good, as callers handle them; blocking and for asyncio."""

from datetime import datetime

from lqs_client import _retries
from lqs_client._carriers import AsyncCarrier, Carrier
from lqs_client._generation import GenerationRequest
from lqs_client._history import DeadLetter, DeadLetterPage, Requeued


class DeadLetters:
    """The slots that failed for good; needs a key with the scope admin."""

    def __init__(self, client: Carrier) -> None:
        self._client = client

    def list(
        self,
        *,
        code: str | None = None,
        entity_type: str | None = None,
        since: datetime | None = None,
        state: str = "open",
        limit: int = 20,
        cursor: str | None = None,
    ) -> DeadLetterPage:
        """Look at a page of them, newest first; `cursor` is the `next_cursor` of the page before."""
        filters = {
            "code": code,
            "entity_type": entity_type,
            "since": since,
            "state": state,
            "limit": limit,
            "cursor": cursor,
        }
        return self._client._carry_out(_retries.list_dead_letters(filters, self._client._policy))

    def get(self, dead_letter_id: str) -> DeadLetter:
        """Look into one: what was asked for, and every attempt with what was really said."""
        return self._client._carry_out(_retries.dead_letter(dead_letter_id, self._client._policy))

    def requeue(self, dead_letter_id: str, *, idempotency_key: str | None = None) -> GenerationRequest:
        """Try its slot again, in the generation request that is returned.

        Raises `Conflict` when it was dealt with, or while another run of its generation request is under way.
        """
        return self._client._carry_out(_retries.requeue(dead_letter_id, idempotency_key, self._client._policy))

    def requeue_matching(
        self,
        *,
        code: str | None = None,
        entity_type: str | None = None,
        since: datetime | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Requeued:
        """Try again all that match, of up to 100 generation requests a call; a dry run only counts them."""
        filters = {"code": code, "entity_type": entity_type, "since": since}
        flow = _retries.requeue_matching(filters, idempotency_key, self._client._policy, dry_run=dry_run)
        return self._client._carry_out(flow)

    def discard(self, dead_letter_id: str) -> None:
        """Put one away for good. Raises `Conflict` when it was requeued."""
        self._client._carry_out(_retries.discard(dead_letter_id, self._client._policy))


class AsyncDeadLetters:
    """The slots that failed for good; needs a key with the scope admin."""

    def __init__(self, client: AsyncCarrier) -> None:
        self._client = client

    async def list(
        self,
        *,
        code: str | None = None,
        entity_type: str | None = None,
        since: datetime | None = None,
        state: str = "open",
        limit: int = 20,
        cursor: str | None = None,
    ) -> DeadLetterPage:
        """Look at a page of them, newest first; `cursor` is the `next_cursor` of the page before."""
        filters = {
            "code": code,
            "entity_type": entity_type,
            "since": since,
            "state": state,
            "limit": limit,
            "cursor": cursor,
        }
        return await self._client._carry_out(_retries.list_dead_letters(filters, self._client._policy))

    async def get(self, dead_letter_id: str) -> DeadLetter:
        """Look into one: what was asked for, and every attempt with what was really said."""
        return await self._client._carry_out(_retries.dead_letter(dead_letter_id, self._client._policy))

    async def requeue(self, dead_letter_id: str, *, idempotency_key: str | None = None) -> GenerationRequest:
        """Try its slot again, in the generation request that is returned.

        Raises `Conflict` when it was dealt with, or while another run of its generation request is under way.
        """
        return await self._client._carry_out(_retries.requeue(dead_letter_id, idempotency_key, self._client._policy))

    async def requeue_matching(
        self,
        *,
        code: str | None = None,
        entity_type: str | None = None,
        since: datetime | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Requeued:
        """Try again all that match, of up to 100 generation requests a call; a dry run only counts them."""
        filters = {"code": code, "entity_type": entity_type, "since": since}
        flow = _retries.requeue_matching(filters, idempotency_key, self._client._policy, dry_run=dry_run)
        return await self._client._carry_out(flow)

    async def discard(self, dead_letter_id: str) -> None:
        """Put one away for good. Raises `Conflict` when it was requeued."""
        await self._client._carry_out(_retries.discard(dead_letter_id, self._client._policy))
