"""Makes what traces, if the standard variables of OpenTelemetry ask for it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import urlsplit

from lqs import __version__
from lqs.observability.telemetry import Telemetry, Tracer
from lqs.settings import SettingsInvalid

_TRACES_ENDPOINT, _ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_PROTOCOL, _PROTOCOL = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"
_EXPORTER = "OTEL_TRACES_EXPORTER"
_SPOKEN = "http/protobuf"
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class Hindrance(NamedTuple):
    """Why nothing traces though it was asked for, and what to do about it."""

    reason: str
    hint: str


def refuse_wrong_traces(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process traces: an endpoint is named, nothing switches traces off, and nothing hinders.

    Raises `SettingsInvalid` when the endpoint is no address.
    """
    if not _asked_for(environment) or hindrance(environment):
        return False
    name = _endpoint_name(environment)
    if not _is_web_address(environment[name]):
        raise SettingsInvalid(f"{name} is wrong: write the address of a collector, such as http://localhost:4318.")
    return True


def hindrance(environment: Mapping[str, str] = os.environ) -> Hindrance | None:
    """Why traces that are asked for cannot be made; the service runs without them.

    The variables are often set for all programs of a cluster, by somebody who does not know this one.
    """
    if not _asked_for(environment):
        return None
    if environment.get(_EXPORTER, "").strip().lower() not in ("", "otlp"):
        return Hindrance(f"{_EXPORTER} names another exporter", "lqs knows otlp; set none to be silent about it")
    name = _TRACES_PROTOCOL if environment.get(_TRACES_PROTOCOL) else _PROTOCOL
    if environment.get(name, "").strip().lower() not in ("", _SPOKEN):
        return Hindrance(
            f"{name} names another protocol",
            f"set it to {_SPOKEN} and name the port of the collector that takes it, mostly 4318,"
            f" or set {_EXPORTER}=none to be silent about it",
        )
    if not _installed():
        return Hindrance(
            "what sends traces is not installed",
            f"install lqs[otel], or set {_EXPORTER}=none to be silent about it",
        )
    return None


def _asked_for(environment: Mapping[str, str]) -> bool:
    off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    none = environment.get(_EXPORTER, "").strip().lower() == "none"
    return bool(environment.get(_endpoint_name(environment))) and not off and not none


def _endpoint_name(environment: Mapping[str, str]) -> str:
    return _TRACES_ENDPOINT if environment.get(_TRACES_ENDPOINT) else _ENDPOINT


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
    """What makes spans in this process and sends them, or None where nobody wants them or something hinders.

    `telemetry` hears of hindrances and of trouble. Raises `SettingsInvalid`.
    """
    if found := hindrance():
        telemetry.emit("traces.off", reason=found.reason, hint=found.hint)
    if not refuse_wrong_traces():
        yield None
        return
    # The SDK takes a tenth of a second to import and 10 MB, which nobody pays who does not use it.
    from lqs.observability.trace_export import TraceExport  # noqa: PLC0415

    try:
        export = TraceExport(process, __version__, telemetry)
    except ValueError as error:
        hint = "correct the variable of OpenTelemetry (OTEL_...) that it complains about"
        telemetry.emit("traces.off", reason=str(error), hint=hint)
        yield None
        return
    try:
        yield export.tracer()
    finally:
        await asyncio.to_thread(export.close)
