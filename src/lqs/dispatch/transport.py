"""What every way of telling a worker about work has in common. A notice is a hint: the rows are the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lqs.observability.telemetry import Telemetry
from lqs.observability.trace_context import TraceContext
from lqs.storage.slots import SlotName


@dataclass(frozen=True, slots=True)
class Notice:
    """Slots that somebody announced together; for each of them a place was reserved. It may name none.

    `receipt` is what the transport wants back when they were claimed; `traces` are the messages' places in traces.
    """

    slots: Sequence[SlotName]
    receipt: object = None
    traces: Sequence[TraceContext] = ()


class Places(Protocol):
    """How many more slots this worker has room for. Safe to be called from any thread."""

    @property
    def free(self) -> int:
        """Places that are neither taken nor reserved."""
        ...

    @property
    def capacity(self) -> int:
        """All places."""
        ...

    def reserve(self, most: int) -> int:
        """Reserve up to so many places; returns how many."""
        ...

    def release(self, places: int) -> None:
        """Give reserved places back."""
        ...


class Transport(Protocol):
    """How one worker learns that there is work.

    `take` returns the notices heard since it was last called, oldest first; the worker claims what they name, then
    gives each back by `confirm`. A worker that is not asked to look (`must_look`) leaves the database alone until it
    hears something.
    """

    @property
    def trouble(self) -> str | None:
        """Why nothing can be heard now, in one sentence; None while all is well."""
        ...

    @property
    def must_look(self) -> bool:
        """Whether the worker has to look for ready slots by itself now."""
        ...

    def looked(self) -> None:
        """The worker has looked."""
        ...

    def take(self) -> Sequence[Notice]:
        """The notices heard since the last call."""
        ...

    def confirm(self, notice: Notice) -> None:
        """Its claim is committed: it need not be told again."""
        ...

    async def run(self) -> None:
        """Listen until cancelled, whatever happens."""
        ...

    async def close(self) -> None:
        """Hear nothing more, and keep nobody else from hearing it."""
        ...


OpenTransport = Callable[[Telemetry, Places, Callable[[], None]], Transport]
"""Makes a worker's transport, from its telemetry, its places, and what to call when something was heard."""
