"""Whether a process traces: what the standard variables ask for, what is refused, and what stops nothing."""

import logging
import subprocess
import sys

import pytest

from lqs.observability.telemetry import Telemetry
from lqs.settings import SettingsInvalid
from lqs.wiring import refuse_wrong_traces
from lqs.wiring.traces import tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def heard():
    return []


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: "http://localhost:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://otel.example/v1/traces"}, True),
        ({ENDPOINT: "http://localhost:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({ENDPOINT: "nonsense", "OTEL_SDK_DISABLED": "true"}, False),
        ({ENDPOINT: "http://localhost:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({ENDPOINT: "http://localhost:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_traces_are_wanted_where_the_standard_variables_say_so(environment, wanted):
    assert refuse_wrong_traces(environment) is wanted


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({ENDPOINT: "localhost:4318"}, ENDPOINT),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        ({ENDPOINT: "http://[nowhere"}, ENDPOINT),
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(environment, named):
    with pytest.raises(SettingsInvalid, match=rf"^{named} is wrong: .*\.$"):
        refuse_wrong_traces(environment)


@pytest.mark.parametrize(
    ("set_for_all", "reason", "hint"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL names", "set it to http/protobuf"),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL names", "4318"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER names", "lqs knows otlp"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", ENDPOINT: "collector:4317"}, "another protocol", "none"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, "max_queue_size", "correct the variable"),
    ],
)
async def test_what_was_set_for_a_whole_cluster_and_cannot_be_is_told_once_and_stops_nothing(
    monkeypatch, heard, set_for_all, reason, hint
):
    for name, value in ({ENDPOINT: "http://localhost:4318"} | set_for_all).items():
        monkeypatch.setenv(name, value)
    before = list(logging.getLogger("opentelemetry").handlers)
    async with tracer("worker", Telemetry(heard.append)) as made:
        assert made is None
    [told] = heard
    assert told.name == "traces.off"
    assert reason in told.fields["reason"]
    assert hint in told.fields["hint"]
    assert logging.getLogger("opentelemetry").handlers == before


@pytest.mark.parametrize("absent", ["opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"])
async def test_without_what_sends_traces_the_service_runs_and_says_what_to_install(monkeypatch, heard, absent):
    monkeypatch.setitem(sys.modules, absent, None)
    monkeypatch.setenv(ENDPOINT, "http://localhost:4318")
    async with tracer("worker", Telemetry(heard.append)) as made:
        assert made is None
    [told] = heard
    assert (told.name, told.fields["reason"]) == ("traces.off", "what sends traces is not installed")
    assert "install lqs[otel]" in told.fields["hint"]


OFF = """
import asyncio, sys
from lqs.api.process import create_in_server
from lqs.settings import load
from lqs.wiring import open_api_parts, open_worker_parts
from lqs.worker.worker import Worker

async def open_all():
    async with open_api_parts(load()), open_worker_parts(load()) as parts:
        Worker(parts)

asyncio.run(open_all())
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "google"))])
"""


def test_where_nobody_wants_traces_nothing_of_them_is_loaded(database_url, monkeypatch):
    monkeypatch.setenv("LQS_DATABASE_URL", database_url)
    monkeypatch.setenv("LQS_LOG_LEVEL", "error")
    done = subprocess.run([sys.executable, "-c", OFF], capture_output=True, text=True, check=False, timeout=200)
    assert (done.stdout, done.stderr) == ("[]\n", "")
