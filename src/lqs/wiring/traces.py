"""Makes what traces, if the standard variables of OpenTelemetry ask for it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from urllib.parse import urlsplit

from lqs import __version__
from lqs.observability.telemetry import Telemetry, Tracer
from lqs.settings import SettingsInvalid

_TRACES_ENDPOINT, _ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_PROTOCOL, _PROTOCOL = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"
_EXPORTER = "OTEL_TRACES_EXPORTER"
_SPOKEN = "http/protobuf"
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def refuse_wrong_traces(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether traces are wanted: an endpoint is named, and nothing switches them off.

    Raises `SettingsInvalid` when they are wanted in a way that cannot be, or what they need is not installed.
    """
    name = _TRACES_ENDPOINT if environment.get(_TRACES_ENDPOINT) else _ENDPOINT
    endpoint = environment.get(name)
    off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporter = environment.get(_EXPORTER, "").strip().lower()
    if not endpoint or off or exporter == "none":
        return False
    if exporter not in ("", "otlp"):
        raise SettingsInvalid(f"{_EXPORTER} is wrong: lqs knows otlp, and none for no traces.")
    if not _is_web_address(endpoint):
        raise SettingsInvalid(f"{name} is wrong: write the address of a collector, such as http://localhost:4318.")
    protocol_name = _TRACES_PROTOCOL if environment.get(_TRACES_PROTOCOL) else _PROTOCOL
    if environment.get(protocol_name, _SPOKEN) not in ("", _SPOKEN):
        raise SettingsInvalid(
            f"{protocol_name} is wrong: lqs sends traces by {_SPOKEN} alone, which collectors take on port 4318."
        )
    if not _installed():
        raise SettingsInvalid(
            f"{name} asks for traces, and what sends them is not installed: install lqs[otel], or unset it."
        )
    return True


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _installed() -> bool:
    try:
        return all(find_spec(name) for name in _NEEDED)
    except ModuleNotFoundError:
        return False


@asynccontextmanager
async def tracer(process: str, telemetry: Telemetry) -> AsyncIterator[Tracer | None]:
    """What makes spans in this process and sends them, or None where nobody wants them; `telemetry` hears of trouble.

    Raises `SettingsInvalid`.
    """
    if not refuse_wrong_traces():
        yield None
        return
    # The SDK takes a tenth of a second to import and 10 MB, which nobody pays who does not use it.
    from lqs.observability.trace_export import TraceExport  # noqa: PLC0415

    try:
        export = TraceExport(process, __version__, telemetry)
    except ValueError as error:
        raise SettingsInvalid(f"A variable of OpenTelemetry (OTEL_...) is wrong: {error}") from None
    try:
        yield export.tracer()
    finally:
        await asyncio.to_thread(export.close)
