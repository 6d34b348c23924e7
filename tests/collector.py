"""A collector for traces: a real HTTP server that takes OTLP as protobuf and keeps the spans."""

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class Span:
    """A span as it arrived; ids are hexadecimal, `parent_id` is empty for one that began its trace."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    tracestate: str
    failed: bool
    attributes: Mapping[str, object]
    links: Sequence[tuple[str, str]]
    began_ns: int
    ended_ns: int
    process: Mapping[str, object]

    @property
    def place(self) -> tuple[str, str]:
        """What a link to it says."""
        return self.trace_id, self.span_id

    @property
    def service(self) -> object:
        """Which service it is from."""
        return self.process["service.name"]


@dataclass
class Collector:
    """What arrived. It answers with `status`, and only while `answering` is set."""

    url: str = ""
    raw: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    status: int = 200
    answering: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)

    def of(self, trace_id: str, name: str | None = None) -> list[Span]:
        """The spans of a trace, of this name or all, in the order in which they began."""
        found = [one for one in tuple(self.spans) if one.trace_id == trace_id and name in (None, one.name)]
        return sorted(found, key=lambda one: one.began_ns)

    def linked_to(self, trace_id: str, name: str) -> list[Span]:
        """Spans of this name with a link to that trace."""
        return [one for one in tuple(self.spans) if one.name == name and trace_id in dict(one.links)]

    def take(self, body: bytes) -> None:
        """Keep what was exported."""
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            process = _attributes(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans.extend(_read(one, process) for one in scope.spans)
        self.arrived.set()


@contextmanager
def collecting(*, port: int = 0, answering: bool = True) -> Iterator[Collector]:
    """A collector, until the context is left."""
    collector = Collector()
    if answering:
        collector.answering.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            collector.asked.set()
            collector.answering.wait()
            if collector.status == 200:
                collector.take(body)
            try:
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                return  # whoever asked is gone

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        collector.answering.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _read(span: WireSpan, process: Mapping[str, object]) -> Span:
    return Span(
        name=span.name,
        kind=WireSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        tracestate=span.trace_state,
        failed=span.status.code == Status.StatusCode.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        process=process,
    )


def _attributes(pairs: Sequence[KeyValue]) -> dict[str, object]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)


def main() -> None:
    """Print what arrives on the usual port, until Ctrl-C."""
    told = 0
    with collecting(port=4318) as collector:
        sys.stdout.write(f"Waiting for traces: OTEL_EXPORTER_OTLP_ENDPOINT={collector.url}\n")
        while True:
            collector.arrived.wait()
            collector.arrived.clear()
            for span in collector.spans[told:]:
                seconds = (span.ended_ns - span.began_ns) / 1e9
                place = f"{span.trace_id} {span.parent_id or '-' * 16} > {span.span_id}"
                sys.stdout.write(f"{place}  {seconds:8.3f} s  {span.service}  {span.name}  {dict(span.attributes)}\n")
                told += 1
            sys.stdout.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
