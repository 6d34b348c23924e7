"""Where spans go: to a real collector, and nowhere without a word where there is none."""

import subprocess
import sys
import time

import pytest

from collector import collecting
from lqs.observability.telemetry import Telemetry, part
from lqs.observability.trace_context import TraceContext
from lqs.observability.trace_export import TraceExport
from running import free_port

SAMPLED = TraceContext(f"00-{'a' * 32}-{'b' * 16}-01", "vendor=1")
UNSAMPLED = TraceContext(f"00-{'c' * 32}-{'d' * 16}-00")
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def heard():
    return []


@pytest.fixture
def export(monkeypatch, heard):
    """Opens an export to this address; closed after the test."""
    opened = []

    def open_export(url, **settings):
        monkeypatch.setenv(ENDPOINT, url)
        for name, value in ({"OTEL_BSP_SCHEDULE_DELAY": "10"} | settings).items():
            monkeypatch.setenv(name, value)
        opened.append(TraceExport("worker", "1.2.3", Telemetry(heard.append)))
        return opened[-1], Telemetry(tracer=opened[-1].tracer())

    yield open_export
    for one in opened:
        one.close()


def attempt(telemetry, under=SAMPLED, **fields):
    with telemetry.step("attempt.ended", under=under, index=1) as step:
        step.came(**fields)
    return step


def names(heard):
    return [happening.name for happening in heard]


async def test_what_waits_is_sent_when_a_process_ends(export):
    with collecting() as collector:
        way, telemetry = export(collector.url, OTEL_BSP_SCHEDULE_DELAY="600000")
        attempt(telemetry, outcome="generated")
        assert collector.spans == []
        way.close()
        [span] = collector.spans
    assert (span.name, span.trace_id, span.parent_id, span.tracestate) == ("attempt", "a" * 32, "b" * 16, "vendor=1")


async def test_a_process_ends_though_its_collector_does_not_answer(export, heard):
    with collecting(answering=False) as collector:
        way, telemetry = export(collector.url, OTEL_EXPORTER_OTLP_TIMEOUT="600")
        attempt(telemetry)
        assert collector.asked.wait(30)
        begun = time.monotonic()
        way.close()
        assert time.monotonic() - begun < 20  # a second; the SDK's own patience is half a minute
    assert names(heard) == ["traces.left_behind"]


async def test_a_collector_that_is_gone_is_told_once_and_once_that_it_is_back(export, heard, eventually):
    port = free_port()
    _, telemetry = export(f"http://127.0.0.1:{port}", OTEL_EXPORTER_OTLP_TIMEOUT="0.7")

    async def in_trouble() -> list[str]:
        attempt(telemetry)
        return names(heard)

    await eventually(in_trouble, equals=["traces.in_trouble"])
    with collecting(port=port) as collector:
        await eventually(in_trouble, equals=["traces.in_trouble", "traces.well"])
        collector.status = 400
        await eventually(in_trouble, equals=["traces.in_trouble", "traces.well", "traces.in_trouble"])
        for _ in range(3):
            collector.asked.clear()
            attempt(telemetry)
            assert collector.asked.wait(30)
    assert names(heard).count("traces.in_trouble") == 2
    assert "400" in str(heard[-1].fields["reason"])
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in str(heard[0].fields["hint"])


async def test_more_than_can_be_sent_is_dropped_and_told_once(export, heard):
    with collecting(answering=False) as collector:
        _, telemetry = export(collector.url, OTEL_BSP_MAX_QUEUE_SIZE="20", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10")
        for _ in range(200):
            attempt(telemetry)
        assert names(heard) == ["traces.dropped"]


async def test_the_environment_says_who_speaks(export):
    with collecting() as collector:
        way, telemetry = export(
            collector.url, OTEL_SERVICE_NAME="mine", OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test"
        )
        attempt(telemetry)
        way.close()
        [span] = collector.spans
    assert span.service == "mine"
    assert (span.process["deployment.environment.name"], span.process["service.version"]) == ("test", "1.2.3")


async def test_a_batch_is_recorded_if_one_of_those_it_is_done_for_is(export):
    with collecting() as collector:
        way, telemetry = export(collector.url, OTEL_TRACES_SAMPLER="parentbased_always_off")
        for links in [(), (None,), (UNSAMPLED,), (UNSAMPLED, SAMPLED, SAMPLED, None)]:
            with (
                telemetry.step("slots.claimed", links=links, slots=len(links)),
                part("statement", {"statement": "a.b"}),
            ):
                pass
        attempt(telemetry, under=UNSAMPLED)
        attempt(telemetry, under=None)
        way.close()
        statement, claim = collector.spans
    assert (claim.links, claim.parent_id) == ([("a" * 32, "b" * 16)], "")
    assert (statement.name, statement.parent_id) == ("a.b", claim.span_id)


async def test_an_error_is_told_by_its_kind_and_never_by_its_words(export):
    class Broken(Exception):
        sqlstate = "40P01"

    with collecting() as collector:
        way, telemetry = export(collector.url)
        with (
            pytest.raises(Broken),
            telemetry.step("attempt.ended", under=SAMPLED),
            part("statement", {"statement": "x"}),
        ):
            raise Broken("planted")
        way.close()
        statement, span = collector.spans
    assert (statement.failed, span.failed) == (True, True)
    assert statement.attributes["db.response.status_code"] == "40P01"
    assert str(span.attributes["error.type"]).endswith("Broken")
    assert b"planted" not in b"".join(collector.raw)


async def test_a_secret_in_a_field_is_redacted_and_a_long_text_cut(export):
    key = "lqs_live_abc_" + "S" * 36
    with collecting() as collector:
        way, telemetry = export(collector.url)
        with telemetry.step("api.answered", method="GET", scheme=f"{key}/" + "x" * 1000) as step:
            step.came(route=None, status=500)
        way.close()
        [span] = collector.spans
    assert str(span.attributes["url.scheme"]).startswith("lqs_live_abc_***/xxx")
    assert (len(str(span.attributes["url.scheme"])), span.name) == (256, "GET")
    assert (span.failed, span.attributes["error.type"]) == (True, "500")


async def test_what_cannot_be_written_down_takes_no_other_span_with_it(export):
    with collecting() as collector:
        way, telemetry = export(collector.url)
        with telemetry.step("attempt.ended", under=SAMPLED, run=10**30, index=object()) as step:
            with part("model", {"entity_type": "problem"}) as call:
                call.came(model="half a \ud800 pair", input_tokens=-(2**70), output_tokens="many", response_id=b"\xff")
            step.came(outcome="é" * 1000, cost_microusd=float("nan"), code=None)
        way.close()
        call, span = collector.spans
    assert (call.name, call.attributes["gen_ai.response.model"]) == ("chat half a ? pair", "half a ? pair")
    assert (span.attributes["lqs.run.number"], span.attributes["lqs.attempt.outcome"]) == ("1" + "0" * 30, "é" * 256)


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"])
async def test_the_login_for_a_collector_is_not_in_the_log_though_a_library_repeats_it(
    export, heard, eventually, variable
):
    _, telemetry = export(
        f"http://127.0.0.1:{free_port()}", **{variable: "tenant=1,authorization=Bearer%20planted%0A7"}
    )

    async def told() -> list[str]:
        attempt(telemetry)
        return names(heard)

    await eventually(told, equals=["traces.in_trouble"])
    assert "header value" in heard[0].fields["reason"]
    assert "***" in heard[0].fields["reason"]
    assert "planted" not in str(heard)


AWAY = """
import threading
from lqs.observability.telemetry import Telemetry
from lqs.observability.trace_export import TraceExport

told = threading.Event()
way = TraceExport("worker", "1.2.3", Telemetry(lambda happening: (print(happening.name), told.set())))
telemetry = Telemetry(tracer=way.tracer())
for n in range(100):
    with telemetry.step("attempt.ended", index=n):
        pass
told.wait(30)
way.close()
"""


def test_the_sdk_itself_says_nothing_of_a_collector_that_is_gone(monkeypatch):
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.7")
    done = subprocess.run([sys.executable, "-c", AWAY], capture_output=True, text=True, check=False, timeout=200)
    assert done.stdout.startswith("traces.in_trouble\n")
    assert done.stderr == ""
