"""What happened, emitted once by the steps; whoever observes listens here: the log, the metrics, the traces."""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

from lqs.observability.trace_context import TraceContext


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened.

    `name` is a stable word such as `slots.claimed`; `fields` are plain values, with `trace_id` where it happened in a
    known trace; `error` is set when something broke that should not have.
    """

    name: str
    fields: Mapping[str, object]
    error: BaseException | None = None


Listener = Callable[[Happening], None]


class Span(Protocol):
    """What a tracer knows of one step that is under way."""

    @property
    def records(self) -> bool:
        """Whether anybody will see it."""
        ...

    @property
    def trace(self) -> TraceContext | None:
        """Where others go on from; None as long as, or because, there is no such place."""
        ...

    def link(self, traces: Iterable[TraceContext | None]) -> None:
        """It has to do with these, too."""
        ...

    def now_ns(self) -> int:
        """The time, in nanoseconds since the epoch."""
        ...

    def part(self, name: str, began_ns: int, fields: Mapping[str, object], error: BaseException | None) -> None:
        """A part of it is over that began at this time."""
        ...

    def end(self, fields: Mapping[str, object], error: BaseException | None) -> None:
        """It is over."""
        ...


class Tracer(Protocol):
    """Makes spans of steps. Like a listener it must be quick and must not raise."""

    def begin(
        self,
        name: str,
        under: TraceContext | None,
        links: Iterable[TraceContext | None],
        fields: Mapping[str, object],
    ) -> Span | None:
        """A step begins; None if it is none of those that are traced."""
        ...


class Telemetry:
    """Tells every listener what the steps of the service did. Listeners must be quick and must not raise."""

    def __init__(self, *listeners: Listener, tracer: Tracer | None = None) -> None:
        self._listeners = listeners
        self._tracer = tracer

    def emit(self, name: str, /, **fields: object) -> None:
        """Something happened."""
        self._tell(name, fields, None)

    def fault(self, name: str, error: BaseException, /, **fields: object) -> None:
        """Something broke that should not have."""
        self._tell(name, fields, error)

    def step(
        self,
        name: str,
        /,
        *,
        under: TraceContext | None = None,
        links: Iterable[TraceContext | None] = (),
        traced: bool = True,
        **fields: object,
    ) -> "Step":
        """Something is being done as long as the context lasts, and told when it is over, if anything came of it.

        `under` is where it was asked for, `links` are places of others that it is done for, too.
        What is not `traced` is for log and metrics alone.
        """
        span = self._tracer.begin(name, under, links, fields) if self._tracer and traced else None
        return Step(self, name, span, under, fields)

    def _tell(self, name: str, fields: Mapping[str, object], error: BaseException | None) -> None:
        step = _CURRENT.get()
        if step is not None and step.trace_id is not None and "trace_id" not in fields:
            fields = {**fields, "trace_id": step.trace_id}
        happening = Happening(name, fields, error)
        for listener in self._listeners:
            listener(happening)


class Step:
    """One step that is under way; what happens in its context belongs to it."""

    __slots__ = ("_came", "_fields", "_name", "_span", "_telemetry", "_token", "_under", "trace_id")

    def __init__(
        self,
        telemetry: Telemetry,
        name: str,
        span: Span | None,
        under: TraceContext | None,
        fields: Mapping[str, object],
    ) -> None:
        self._telemetry = telemetry
        self._name = name
        self._span = span
        self._under = under
        self._fields = fields
        self._came: Mapping[str, object] | None = None
        self._token: Token[Step | None] | None = None
        trace = self.trace
        self.trace_id = trace.trace_id if trace else None
        """Which trace the log tells it under; who has none may set one."""

    @property
    def trace(self) -> TraceContext | None:
        """Where others go on from; without tracing that is where this was asked for.

        What is done for many has no place before it is over, and none if nobody of them records.
        """
        return self._span.trace if self._span else self._under

    def came(self, **fields: object) -> None:
        """Something came of it, so that it is told."""
        self._came = {**(self._came or {}), **fields}

    def link(self, traces: Iterable[TraceContext | None]) -> None:
        """It is done for these, too."""
        if self._span is not None:
            self._span.link(traces)

    def part(self, name: str, fields: Mapping[str, object]) -> "Part":
        """A part of it, for the traces alone."""
        if self._span is None or not self._span.records or self._token is None:
            return _SILENT
        return _TracedPart(self._span, name, fields)

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None
        fields = {**self._fields, **(self._came or {})}
        if self._span is not None:
            self._span.end(fields, error)
        if self._came is not None:
            self._telemetry.emit(self._name, **fields)
        _CURRENT.reset(self._token)
        self._token = None


_CURRENT: ContextVar[Step | None] = ContextVar("lqs_step", default=None)


class Part:
    """A part of a step that is under way."""

    def came(self, **fields: object) -> None:
        """What is known of it now."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


class _TracedPart(Part):
    def __init__(self, span: Span, name: str, fields: Mapping[str, object]) -> None:
        self._span = span
        self._name = name
        self._fields = dict(fields)
        self._began_ns = span.now_ns()

    def came(self, **fields: object) -> None:
        self._fields.update(fields)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._span.part(self._name, self._began_ns, self._fields, error)


_SILENT = Part()
_NO_FIELDS: Mapping[str, object] = MappingProxyType({})


def part(name: str, fields: Mapping[str, object] = _NO_FIELDS) -> Part:
    """A part of the step under way, such as a statement; for the traces alone, and nothing where nobody records."""
    step = _CURRENT.get()
    return _SILENT if step is None else step.part(name, fields)


def add_to_step(**fields: object) -> None:
    """Something came of the step under way, if there is one."""
    step = _CURRENT.get()
    if step is not None:
        step.came(**fields)
