"""Lists of generation requests: the call, and what `Client.requests` and `AsyncClient.requests` are."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict, Unpack
from urllib.parse import urlencode

from lqs_client._carriers import AsyncCarrier, Carrier, async_turn, turn
from lqs_client._errors import UnexpectedAnswer
from lqs_client._fields import boolean, objects, text
from lqs_client._generation import GenerationRequest
from lqs_client._parsing import parse_generation_request
from lqs_client._retry import RetryPolicy, exchange
from lqs_client._wire import Exchange, HttpRequest, body_of


class RequestFilters(TypedDict, total=False):
    """Which generation requests: those that satisfy everything named. Of several words, one is enough.

    Times need a zone. `older_than_seconds` counts from the end, or from the beginning of what is not done; `metadata`
    asks for all of its pairs, `error_code` for a slot that failed with it. `order_by` is -requested_at (the newest
    first) or requested_at; `all_owners` needs a key with the scope admin.
    """

    entity_type: str
    status: str | Sequence[str]
    done: bool
    end_reason: str | Sequence[str]
    error_code: str | Sequence[str]
    priority: str | Sequence[str]
    requested_after: datetime | str
    requested_before: datetime | str
    completed_after: datetime | str
    completed_before: datetime | str
    older_than_seconds: int
    metadata: Mapping[str, str]
    order_by: str
    all_owners: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequestPage:
    """Some of the generation requests that match, without slots and entities; `get` tells these.

    A page can have fewer than were asked for, even none, and still lead on: `next_cursor` is None on the last one.
    """

    results: tuple[GenerationRequest, ...]
    next_cursor: str | None
    has_more: bool
    raw: Mapping[str, Any] = field(repr=False, compare=False)


class Requests:
    """The generation requests of the owner, to be searched."""

    def __init__(self, client: Carrier) -> None:
        self._client = client

    def list(
        self, *, limit: int = 20, cursor: str | None = None, **filters: Unpack[RequestFilters]
    ) -> GenerationRequestPage:
        """Look at one page; `cursor` is the `next_cursor` of the page before, of the same filters.

        Raises `Invalid` for a filter that there is not, or a cursor of another list.
        """
        return self._client._carry_out(_list(filters, limit, cursor, self._client._policy))

    def pages(self, *, limit: int = 20, **filters: Unpack[RequestFilters]) -> Iterator[GenerationRequestPage]:
        """Look at page after page, each when it is wanted; raises what `list` raises."""
        return turn(lambda cursor: self.list(limit=limit, cursor=cursor, **filters))

    def all(self, **filters: Unpack[RequestFilters]) -> Iterator[GenerationRequest]:
        """Go through everything that matches; pages are fetched on the way. Raises what `list` raises."""
        for page in self.pages(limit=100, **filters):
            yield from page.results


class AsyncRequests:
    """The generation requests of the owner, to be searched."""

    def __init__(self, client: AsyncCarrier) -> None:
        self._client = client

    async def list(
        self, *, limit: int = 20, cursor: str | None = None, **filters: Unpack[RequestFilters]
    ) -> GenerationRequestPage:
        """Look at one page; `cursor` is the `next_cursor` of the page before, of the same filters.

        Raises `Invalid` for a filter that there is not, or a cursor of another list.
        """
        return await self._client._carry_out(_list(filters, limit, cursor, self._client._policy))

    def pages(self, *, limit: int = 20, **filters: Unpack[RequestFilters]) -> AsyncIterator[GenerationRequestPage]:
        """Look at page after page, each when it is wanted; raises what `list` raises."""
        return async_turn(lambda cursor: self.list(limit=limit, cursor=cursor, **filters))

    async def all(self, **filters: Unpack[RequestFilters]) -> AsyncIterator[GenerationRequest]:
        """Go through everything that matches; pages are fetched on the way. Raises what `list` raises."""
        async for page in self.pages(limit=100, **filters):
            for request in page.results:
                yield request


def _list(
    filters: RequestFilters, limit: int, cursor: str | None, policy: RetryPolicy
) -> Exchange[GenerationRequestPage]:
    call = HttpRequest("GET", f"/generation-requests?{urlencode(_query(filters, limit, cursor))}")
    body = body_of((yield from exchange(call, policy)))
    if not isinstance(body.get("results"), list):
        raise UnexpectedAnswer("the answer is no page of a list: results is missing")
    return GenerationRequestPage(
        results=tuple(parse_generation_request(one) for one in objects(body, "results")),
        next_cursor=text(body, "next_cursor"),
        has_more=boolean(body, "has_more") or False,
        raw=body,
    )


def _query(filters: RequestFilters, limit: int, cursor: str | None) -> dict[str, str]:
    told: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    pairs = told.pop("metadata", {})
    query = {name: _word(value) for name, value in told.items() if name != "all_owners"}
    query |= {f"metadata[{name}]": value for name, value in pairs.items()}
    query |= {"scope": "all"} if told.get("all_owners") else {}
    return query | {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list | tuple) else str(value)
