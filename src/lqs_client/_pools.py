"""The pool of an entity type as callers use it, blocking and for asyncio."""

from collections.abc import AsyncIterator, Iterator, Sequence

from lqs_client import _calls
from lqs_client._carriers import AsyncCarrier, Carrier, async_turn, turn
from lqs_client._entities import Entity
from lqs_client._pool import EntityPage, Filter, PoolStatistics


class Pool:
    """The entities of one type that were generated for the owner: to find, to draw, to count.

    Filters are named by the facets of the type, such as `tense="present"` or `cefr=["A1", "A2"]`: all of them must
    agree, of several values one is enough. `generation_request_id` is one for every type.
    """

    def __init__(self, client: Carrier, plural: str) -> None:
        self._client = client
        self._plural = plural

    def list(self, *, limit: int = 20, cursor: str | None = None, **filters: Filter) -> EntityPage:
        """Look at one page, the newest first; `cursor` is the `next_cursor` of the page before, of the same filters.

        Raises `Invalid` for a filter that can find nothing, or a cursor of another list.
        """
        return self._client._carry_out(_calls.list_entities(self._plural, filters, limit, cursor, self._client._policy))

    def pages(self, *, limit: int = 20, **filters: Filter) -> Iterator[EntityPage]:
        """Look at page after page, each when it is wanted; raises what `list` raises."""
        return turn(lambda cursor: self.list(limit=limit, cursor=cursor, **filters))

    def all(self, **filters: Filter) -> Iterator[Entity]:
        """Go through everything that matches; pages are fetched on the way. Raises what `list` raises."""
        for page in self.pages(limit=100, **filters):
            yield from page.results

    def draw(self, **filters: Filter) -> Entity:
        """Take the least recently served one that matches, never-served ones first; from now on it counts as served.

        Raises `NotFound` if none matches: then the `generate` of its `raw` says what to ask for.
        """
        return self._client._carry_out(_calls.draw(self._plural, filters, self._client._policy))

    def stats(self, *, group_by: Sequence[str] = (), **filters: Filter) -> PoolStatistics:
        """Count what matches, and what of it was served; `group_by` names facets to count by in combination."""
        return self._client._carry_out(_calls.pool_statistics(self._plural, filters, group_by, self._client._policy))


class AsyncPool:
    """The entities of one type that were generated for the owner: to find, to draw, to count.

    Filters are named by the facets of the type, such as `tense="present"` or `cefr=["A1", "A2"]`: all of them must
    agree, of several values one is enough. `generation_request_id` is one for every type.
    """

    def __init__(self, client: AsyncCarrier, plural: str) -> None:
        self._client = client
        self._plural = plural

    async def list(self, *, limit: int = 20, cursor: str | None = None, **filters: Filter) -> EntityPage:
        """Look at one page, the newest first; `cursor` is the `next_cursor` of the page before, of the same filters.

        Raises `Invalid` for a filter that can find nothing, or a cursor of another list.
        """
        return await self._client._carry_out(
            _calls.list_entities(self._plural, filters, limit, cursor, self._client._policy)
        )

    def pages(self, *, limit: int = 20, **filters: Filter) -> AsyncIterator[EntityPage]:
        """Look at page after page, each when it is wanted; raises what `list` raises."""
        return async_turn(lambda cursor: self.list(limit=limit, cursor=cursor, **filters))

    async def all(self, **filters: Filter) -> AsyncIterator[Entity]:
        """Go through everything that matches; pages are fetched on the way. Raises what `list` raises."""
        async for page in self.pages(limit=100, **filters):
            for entity in page.results:
                yield entity

    async def draw(self, **filters: Filter) -> Entity:
        """Take the least recently served one that matches, never-served ones first; from now on it counts as served.

        Raises `NotFound` if none matches: then the `generate` of its `raw` says what to ask for.
        """
        return await self._client._carry_out(_calls.draw(self._plural, filters, self._client._policy))

    async def stats(self, *, group_by: Sequence[str] = (), **filters: Filter) -> PoolStatistics:
        """Count what matches, and what of it was served; `group_by` names facets to count by in combination."""
        return await self._client._carry_out(
            _calls.pool_statistics(self._plural, filters, group_by, self._client._policy)
        )
