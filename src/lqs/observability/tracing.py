"""Spans of the steps for OpenTelemetry. To import this is to import its SDK; wiring does where traces are wanted."""

import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)
from opentelemetry.util.types import Attributes, AttributeValue

from lqs.observability.logs import redacted
from lqs.observability.span_names import ERROR_TYPE, PARTS, SQLSTATE, STEPS, Kind, Shape
from lqs.observability.telemetry import Span
from lqs.observability.trace_context import TraceContext

_MOST_CHARACTERS = 256
_MOST_NUMBER = 2**63 - 1
_FAULT = 500
"""The least HTTP status that tells a fault of the service."""
_NOWHERE = Context()
_KINDS: Mapping[Kind, SpanKind] = MappingProxyType({kind: SpanKind[kind.name] for kind in Kind})


class Tracing:
    """A tracer of telemetry that makes spans with an OpenTelemetry tracer."""

    def __init__(self, tracer: otel.Tracer) -> None:
        self._tracer = tracer

    def begin(
        self,
        name: str,
        under: TraceContext | None,
        links: Iterable[TraceContext | None],
        fields: Mapping[str, object],
    ) -> Span | None:
        """The span of a step; one of a batch is made when the step is over."""
        shape = STEPS.get(name)
        if shape is None:
            return None
        if shape.batch:
            return _Batch(self._tracer, shape, links)
        parent = _NOWHERE if under is None else _context(_span_context(under))
        span = self._tracer.start_span(
            _name(shape, fields),
            context=parent,
            kind=_KINDS[shape.kind],
            links=_links(links),
        )
        return _Live(self._tracer, shape, span)


class _Live:
    """The span of a step that is under way."""

    def __init__(self, tracer: otel.Tracer, shape: Shape, span: otel.Span) -> None:
        self._tracer = tracer
        self._shape = shape
        self._span = span
        self.records = span.is_recording()
        self.trace: TraceContext | None = _trace_context(span.get_span_context())

    def link(self, traces: Iterable[TraceContext | None]) -> None:
        for link in _links(traces):
            self._span.add_link(link.context)

    def now_ns(self) -> int:
        return time.time_ns()

    def part(self, name: str, began_ns: int, fields: Mapping[str, object], error: BaseException | None) -> None:
        _end_part(self._tracer, self._span, _Ended(PARTS[name], began_ns, time.time_ns(), fields, error))

    def end(self, fields: Mapping[str, object], error: BaseException | None) -> None:
        if self.records:
            if self._shape.otherwise:
                self._span.update_name(_name(self._shape, fields))
            self._span.set_attributes(_attributes(self._shape, fields))
            _mark_failed(self._span, fields, error)
        self._span.end()


class _Ended:
    """A part that is over."""

    __slots__ = ("began_ns", "ended_ns", "error", "fields", "shape")

    def __init__(
        self, shape: Shape, began_ns: int, ended_ns: int, fields: Mapping[str, object], error: BaseException | None
    ) -> None:
        self.shape = shape
        self.began_ns = began_ns
        self.ended_ns = ended_ns
        self.fields = fields
        self.error = error


class _Batch:
    """What is done for many: who they are may be known late, and only then whether it is recorded at all."""

    records = True

    def __init__(self, tracer: otel.Tracer, shape: Shape, links: Iterable[TraceContext | None]) -> None:
        self._tracer = tracer
        self._shape = shape
        self._links = dict.fromkeys(links)
        self._parts: list[_Ended] = []
        self._began_ns = time.time_ns()
        self.trace: TraceContext | None = None

    def link(self, traces: Iterable[TraceContext | None]) -> None:
        self._links.update(dict.fromkeys(traces))

    def now_ns(self) -> int:
        return time.time_ns()

    def part(self, name: str, began_ns: int, fields: Mapping[str, object], error: BaseException | None) -> None:
        self._parts.append(_Ended(PARTS[name], began_ns, time.time_ns(), fields, error))

    def end(self, fields: Mapping[str, object], error: BaseException | None) -> None:
        recorded = [one for one in self._links if one is not None and one.sampled]
        if not recorded:
            return
        first = recorded.pop(0) if self._shape.adopted else None
        span = self._tracer.start_span(
            _name(self._shape, fields),
            context=_context(_span_context(first)) if first else _NOWHERE,
            kind=_KINDS[self._shape.kind],
            attributes=_attributes(self._shape, fields),
            links=_links(recorded),
            start_time=self._began_ns,
        )
        for part in self._parts:
            _end_part(self._tracer, span, part)
        _mark_failed(span, fields, error)
        span.end()
        self.trace = _trace_context(span.get_span_context())


class LinkedSampler(Sampler):
    """Records what begins a trace of its own for others if it was linked to one that is recorded; else as chosen."""

    def __init__(self, chosen: Sampler) -> None:
        self._chosen = chosen

    def should_sample(  # noqa: PLR0913, PLR0917  # as the base class has it
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide; see the base class."""
        begins = not otel.get_current_span(parent_context).get_span_context().is_valid
        if begins and any(link.context.trace_flags.sampled for link in links or ()):
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)
        return self._chosen.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """How it is called."""
        return f"Linked({self._chosen.get_description()})"


def _end_part(tracer: otel.Tracer, parent: otel.Span, part: _Ended) -> None:
    if part.ended_ns - part.began_ns < part.shape.least_ns:
        return
    span = tracer.start_span(
        _name(part.shape, part.fields),
        context=otel.set_span_in_context(parent, _NOWHERE),
        kind=_KINDS[part.shape.kind],
        attributes=_attributes(part.shape, part.fields),
        start_time=part.began_ns,
    )
    _mark_failed(span, part.fields, part.error)
    span.end(part.ended_ns)


def _mark_failed(span: otel.Span, fields: Mapping[str, object], error: BaseException | None) -> None:
    """Say that it failed, and by which word; never with the words of an error, which may repeat what was sent."""
    status = fields.get("status")
    fault = status if isinstance(status, int) and status >= _FAULT else None
    reason = fields.get("code") or fault or (type(error).__qualname__ if error is not None else None)
    if reason is None:
        return
    span.set_status(Status(StatusCode.ERROR))
    span.set_attribute(ERROR_TYPE, str(reason))
    if sqlstate := getattr(error, "sqlstate", None):
        span.set_attribute(SQLSTATE, str(sqlstate))


def _name(shape: Shape, fields: Mapping[str, object]) -> str:
    if "{" not in shape.name:
        return shape.name
    known = _Known(fields)
    try:
        return shape.name.format_map(known)
    except KeyError:
        return shape.otherwise.format_map(known)


class _Known(dict[str, object]):
    """Fields as they are told; one that is None is unknown."""

    def __getitem__(self, name: str) -> AttributeValue:
        if (value := super().__getitem__(name)) is None:
            raise KeyError(name)
        return _value(value)


def _attributes(shape: Shape, fields: Mapping[str, object]) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = dict(shape.always)
    for name, attribute in shape.attributes.items():
        if (value := fields.get(name)) is not None:
            attributes[attribute] = _value(value)
    return attributes


def _value(value: object) -> AttributeValue:
    """What can be sent of it: one value that cannot would take the spans of others with it."""
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) <= _MOST_NUMBER):
        return value
    text = redacted(str(value))[:_MOST_CHARACTERS]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _links(traces: Iterable[TraceContext | None]) -> list[Link]:
    return [Link(_span_context(one)) for one in dict.fromkeys(traces) if one is not None]


def _context(parent: SpanContext) -> Context:
    return otel.set_span_in_context(NonRecordingSpan(parent), _NOWHERE)


def _span_context(trace: TraceContext) -> SpanContext:
    _, trace_id, span_id, flags = trace.traceparent.split("-")
    return SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16)),
        trace_state=TraceState.from_header([trace.tracestate] if trace.tracestate else []),
    )


def _trace_context(context: SpanContext) -> TraceContext:
    traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    return TraceContext(traceparent, context.trace_state.to_header() or None)
