"""What the nouns of a client need of it, and how they turn pages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

from lqs_client._retry import RetryPolicy
from lqs_client._wire import Flow, Result


class Carrier(Protocol):
    """A client that carries flows out on the calling thread."""

    _policy: RetryPolicy

    def _carry_out(self, flow: Flow[Result]) -> Result: ...


class AsyncCarrier(Protocol):
    """A client that carries flows out on the running event loop."""

    _policy: RetryPolicy

    async def _carry_out(self, flow: Flow[Result]) -> Result: ...


class Page(Protocol):
    """Some of a list; `next_cursor` is None on the last one."""

    @property
    def next_cursor(self) -> str | None: ...


AnyPage = TypeVar("AnyPage", bound=Page)


def turn(look: Callable[[str | None], AnyPage]) -> Iterator[AnyPage]:
    """Page after page, each when it is wanted; `look` takes the cursor of one."""
    page = look(None)
    yield page
    while page.next_cursor is not None:
        page = look(page.next_cursor)
        yield page


async def async_turn(look: Callable[[str | None], Awaitable[AnyPage]]) -> AsyncIterator[AnyPage]:
    """Page after page, each when it is wanted; `look` takes the cursor of one."""
    page = await look(None)
    yield page
    while page.next_cursor is not None:
        page = await look(page.next_cursor)
        yield page
