"""What is sent, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from lqs.observability.trace_context import TraceContext


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be sent; what belongs to a trace tells its readers where."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    trace: TraceContext | None = None

    def all_headers(self) -> list[tuple[str, str | bytes | None]]:
        """The headers, those of W3C Trace Context among them."""
        if self.trace is None:
            return list(self.headers)
        places = [("traceparent", self.trace.traceparent), ("tracestate", self.trace.tracestate)]
        return [*self.headers, *((name, value.encode()) for name, value in places if value)]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of records that were sent together.

    `unsent` has the places, among them, of those that may not have arrived; `reason` tells of one of them. Of records
    with one key, those that arrived come before those that did not.
    """

    unsent: frozenset[int] = frozenset()
    reason: str | None = None
