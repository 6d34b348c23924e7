"""Sends spans to a collector: OTLP over HTTP, in batches, from a thread of its own; what it cannot send is dropped.

A collector that is slow or gone costs the service nothing but the memory of a bounded queue. The SDK reads its own
environment variables (`OTEL_BSP_...`, `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_...`).
"""

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from urllib.parse import unquote
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from lqs.observability.span_names import SCHEMA_URL, SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION
from lqs.observability.telemetry import Telemetry
from lqs.observability.tracing import LinkedSampler, Tracing

_CLOSE_SECONDS = 1.0
"""How long the last spans may take at the end of a process."""
_MOST_REASON_CHARACTERS = 300
_WORDS_OF_THE_SDK = "opentelemetry"
_SENDING = "opentelemetry.exporter"
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
_LEAST_SECRET_CHARACTERS = 6
"""What is shorter is no secret, and to blot it out would spoil the words around it."""


class TraceExport:
    """The way to a collector, open until it is closed. Raises `ValueError` for a variable that the SDK refuses."""

    def __init__(self, process: str, version: str, telemetry: Telemetry) -> None:
        self._words = _LastWords(telemetry)
        self._words.listen()
        try:
            exporter = _TellingExporter(OTLPSpanExporter(), telemetry, self._words)
            self._provider = TracerProvider(resource=_resource(process, version), shutdown_on_exit=False)
            self._provider.sampler = LinkedSampler(self._provider.sampler)
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
        except ValueError:
            self._words.leave()
            raise
        self._telemetry = telemetry

    def tracer(self) -> Tracing:
        """What makes spans."""
        return Tracing(self._provider.get_tracer("lqs", schema_url=SCHEMA_URL))

    def close(self) -> None:
        """Send what is left, for as long as a stopping process may take; blocks for a second at most."""
        last = threading.Thread(target=self._provider.shutdown, name="lqs-traces-close", daemon=True)
        last.start()
        last.join(_CLOSE_SECONDS)
        if last.is_alive():
            self._telemetry.emit("traces.left_behind", hint="the last spans of this process were not sent")
        self._words.leave()


def _resource(process: str, version: str) -> Resource:
    """Who speaks; what the environment says of it wins."""
    own = {
        SERVICE_NAME: f"lqs-{process}",
        SERVICE_VERSION: version,
        SERVICE_INSTANCE_ID: f"{os.getpid()}-{uuid4().hex[:12]}",
    }
    return Resource.create(own).merge(OTELResourceDetector().detect())


class _TellingExporter(SpanExporter):
    """Tells once that spans cannot be sent, and once that they can again."""

    def __init__(self, inner: OTLPSpanExporter, telemetry: Telemetry, words: "_LastWords") -> None:
        self._inner = inner
        self._telemetry = telemetry
        self._words = words

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._words.in_trouble:
            self._telemetry.emit(
                "traces.in_trouble",
                endpoint=self._inner._endpoint,
                reason=self._words.last,
                hint="see that a collector takes OTLP over HTTP there, mostly on port 4318, or unset"
                " OTEL_EXPORTER_OTLP_ENDPOINT; until then spans are dropped, and nothing else is affected",
            )
        elif self._words.in_trouble and not failed:
            self._telemetry.emit("traces.well", endpoint=self._inner._endpoint)
        self._words.in_trouble = failed
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call]


class _LastWords(logging.Handler):
    """Keeps what the SDK says from the standard error, where it would say it again and again."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._telemetry = telemetry
        self._dropped = False
        self._secrets = _header_values(os.environ)
        self._logger = logging.getLogger(_WORDS_OF_THE_SDK)
        self.last: str | None = None
        self.in_trouble = False

    def listen(self) -> None:
        self._logger.addHandler(self)
        self._logger.propagate = False

    def leave(self) -> None:
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_SENDING):
            self.last = self._blotted(record.getMessage())[:_MOST_REASON_CHARACTERS]
        elif record.msg.startswith("Queue full") and not self._dropped and not self.in_trouble:
            self._dropped = True
            self._telemetry.emit(
                "traces.dropped",
                hint="more spans end than can be sent: record fewer (OTEL_TRACES_SAMPLER), or raise"
                " OTEL_BSP_MAX_QUEUE_SIZE",
            )

    def _blotted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _header_values(environment: Mapping[str, str]) -> Sequence[str]:
    """What nobody may read of the headers for the collector: each value and its words, however they are spelled.

    The longest come first, so that no piece of one stays. What sends, and what answers, may repeat them.
    """
    pairs = ",".join(environment.get(name, "") for name in _HEADERS).split(",")
    written = [pair.partition("=")[2].strip() for pair in pairs]
    values = {spelled for value in written for spelled in (value, unquote(value))}
    values |= {word for value in values for word in value.split()}
    values |= {repr(value)[1:-1] for value in values}
    return sorted((one for one in values if len(one) >= _LEAST_SECRET_CHARACTERS), key=len, reverse=True)
