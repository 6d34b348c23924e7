"""One POST in one trace: from its caller through the API, the database and the worker, as a collector gets it."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from collector import Collector, Span, collecting
from conftest import opened, sibling
from lqs import __version__
from running import Service, first_key, running_service

pytestmark = pytest.mark.timeout(240)

SETTINGS = {
    "OTEL_BSP_SCHEDULE_DELAY": "50",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "600",
    "LQS_LOG_LEVEL": "debug",
    "LQS_LOG_FORMAT": "json",
    "LQS_GENERATOR": "simulated",
    "LQS_SIMULATED_LATENCY_SECONDS": "0",
    "LQS_SIMULATED_FAILURES": '{"provider_timeout": 0.5}',
    "LQS_RETRY_BASE_SECONDS": "0.01",
    "LQS_MAX_ATTEMPTS": "20",
    "LQS_POLL_SECONDS": "0.1",
}
BATCHES = {"claim", "settle"}
"""What is done for many begins a trace of its own."""
CALLER = "b7ad6b7169203331"
Eventually = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Traced:
    """A service whose traces are collected; `folder` has its logs."""

    service: Service
    collector: Collector
    folder: Path
    running: ExitStack

    def call(
        self, method: str, path: str, trace_id: str | None = None, flags: str = "01", **how: Any
    ) -> httpx.Response:
        """A call in this trace, by whoever has the key."""
        headers = {"Authorization": f"Bearer {self.service.key}", **how.pop("headers", {})}
        if trace_id is not None:
            headers |= {"traceparent": f"00-{trace_id}-{CALLER}-{flags}", "tracestate": "vendor=kept"}
        return httpx.request(method, f"{self.service.url}{path}", headers=headers, **how)

    def generate(self, trace_id: str | None, **how: Any) -> str:
        """Three problems asked for in this trace; the id of the generation request."""
        body = {"count": 3, **how.pop("body", {})}
        answer = self.call("POST", "/problems/generate", trace_id, json=body, **how)
        assert answer.status_code == 202, answer.text
        assert trace_id in (None, answer.headers["X-Trace-Id"])
        return str(answer.json()["request_id"])

    async def done(self, request_id: str) -> bool:
        database = await asyncpg.connect(self.service.database_url)
        try:
            status = await database.fetchval("SELECT status FROM generation_requests WHERE id = $1", request_id)
        finally:
            await database.close()
        return status == "completed"

    async def whole(self, trace_id: str) -> bool:
        """Whether all of its attempts arrived, and that they were booked."""
        attempts = {one.place for one in self.collector.of(trace_id, "attempt")}
        booked = {link for one in self.collector.linked_to(trace_id, "settle") for link in one.links}
        made = [a for a in self.collector.of(trace_id, "attempt") if a.attributes["lqs.attempt.outcome"] == "generated"]
        return bool(self.collector.of(trace_id, "POST /problems/generate")) and attempts <= booked and len(made) == 3

    def said(self, process: str) -> list[dict[str, object]]:
        """The lines of a log."""
        lines = (self.folder / f"{process}.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
async def traced(
    collector: Collector,
    postgres_url: str,
    creating: asyncpg.Connection,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Traced]:
    name = f"lqs_traced_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url, folder = sibling(postgres_url, name), tmp_path_factory.mktemp("traced")
    database = await opened(url)
    key, owner_id = await first_key(database)
    await database.close()
    with ExitStack() as running:
        settings = {**SETTINGS, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        service = running.enter_context(running_service(url, key, owner_id, folder, settings))
        yield Traced(service, collector, folder, running)
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


def new_trace() -> str:
    return secrets.token_hex(16)


def the(spans: list[Span]) -> Span:
    [span] = spans
    return span


async def test_a_post_and_all_that_comes_of_it_is_one_trace(traced: Traced, eventually: Eventually) -> None:
    trace = new_trace()
    request_id = traced.generate(trace)
    await eventually(lambda: traced.whole(trace))
    collector = traced.collector

    server = the(collector.of(trace, "POST /problems/generate"))
    assert (server.parent_id, server.kind, server.service, server.failed) == (CALLER, "server", "lqs-api", False)
    assert server.attributes == {
        "http.request.method": "POST",
        "http.route": "/problems/generate",
        "http.response.status_code": 202,
        "url.scheme": "http",
        "lqs.request.id": request_id,
        "lqs.request.replayed": False,
    }
    assert server.process["service.version"] == __version__

    submit = the(collector.of(trace, "submit"))
    assert submit.parent_id == server.span_id
    insert = the(collector.of(trace, "generation_requests.insert"))
    assert (insert.parent_id, insert.kind, insert.service) == (submit.span_id, "client", "lqs-api")
    assert insert.attributes == {"db.system.name": "postgresql", "db.query.summary": "generation_requests.insert"}
    assert the(collector.of(trace, "commit")).parent_id == submit.span_id

    attempts = collector.of(trace, "attempt")
    assert {(one.parent_id, one.kind, one.service) for one in attempts} == {(server.span_id, "consumer", "lqs-worker")}
    assert {one.attributes["lqs.request.id"] for one in attempts} == {request_id}
    for index in range(3):
        tries = [one for one in attempts if one.attributes["lqs.slot.index"] == index]
        assert [one.attributes["lqs.attempt.number"] for one in tries] == list(range(1, len(tries) + 1))
        assert [one.failed for one in tries] == [True] * (len(tries) - 1) + [False]
        assert {one.attributes.get("error.type") for one in tries[:-1]} <= {"provider_timeout"}

    calls = collector.of(trace, "chat simulated")
    assert {one.parent_id for one in calls} == {one.span_id for one in attempts}
    assert {one.attributes["gen_ai.response.model"] for one in calls} == {"simulated"}
    assert all(isinstance(one.attributes["gen_ai.usage.output_tokens"], int) for one in calls)

    claims = collector.linked_to(trace, "claim")
    assert {link for one in claims for link in one.links} == {server.place}
    assert {link for one in attempts for link in one.links} == {one.place for one in claims}
    for batch in [*claims, *collector.linked_to(trace, "settle")]:
        assert (batch.parent_id, batch.service) == ("", "lqs-worker")
        assert batch.trace_id != trace
        statements = {one.name for one in collector.of(batch.trace_id) if one.parent_id == batch.span_id}
        assert statements >= {"commit", "claims.claim" if batch.name == "claim" else "claims.settle"}

    assert {one.tracestate for one in collector.of(trace)} == {"vendor=kept"}
    instances = {one.process["service.instance.id"] for one in collector.of(trace)}
    assert len(instances) == 2


async def test_nothing_is_told_of_a_trace_that_its_caller_does_not_record(
    traced: Traced, eventually: Eventually
) -> None:
    unsampled, sampled = new_trace(), new_trace()
    request_id = traced.generate(unsampled, flags="00")
    await eventually(lambda: traced.done(request_id))
    traced.generate(sampled)
    await eventually(lambda: traced.whole(sampled))  # what was told of the former would have arrived before

    assert traced.collector.of(unsampled) == []
    assert not any(unsampled in dict(one.links) for one in traced.collector.spans)
    last = [line for line in traced.said("worker") if line.get("request_id") == request_id]
    assert {line["trace_id"] for line in last} == {unsampled}


async def test_without_a_caller_that_traces_a_trace_begins_with_the_call(
    traced: Traced, eventually: Eventually
) -> None:
    answer = traced.call("POST", "/problems/generate", json={"count": 3})
    trace = answer.headers["X-Trace-Id"]
    await eventually(lambda: traced.whole(trace))
    assert the(traced.collector.of(trace, "POST /problems/generate")).parent_id == ""


async def test_lines_of_the_logs_name_the_trace(traced: Traced, eventually: Eventually) -> None:
    trace = new_trace()
    traced.generate(trace)
    await eventually(lambda: traced.whole(trace))
    for process, happening in (("serve", "api.answered"), ("worker", "attempt.ended")):
        named = [line.get("trace_id") for line in traced.said(process) if line["event"] == happening]
        assert named.count(trace) >= 1


async def test_a_refused_call_is_no_fault_and_names_no_id_in_its_name(traced: Traced, eventually: Eventually) -> None:
    trace = new_trace()
    traced.call("GET", "/generation-requests/01a20739-0099-7e3a-a0cd-e93834ef7501", trace)
    traced.call("GET", "/health/ready", trace)
    traced.call("BREW", "/coffee", trace)

    async def arrived() -> list[str]:
        return [one.name for one in traced.collector.of(trace) if one.kind == "server"]

    await eventually(arrived, equals=["GET /generation-requests/{request_id}", "_OTHER"])
    missing, unknown = [one for one in traced.collector.of(trace) if one.kind == "server"]
    assert (missing.failed, missing.attributes["http.response.status_code"]) == (False, 404)
    assert unknown.attributes["http.request.method"] == "_OTHER"


async def test_no_planted_secret_and_nothing_that_was_written_is_in_any_span(
    traced: Traced, eventually: Eventually
) -> None:
    trace, planted = new_trace(), f"planted{secrets.token_hex(8)}"
    key = traced.service.key
    traced.call("GET", f"/generation-requests?idempotency_key={planted}")
    traced.call("GET", f"/{key}/{planted}", headers={"User-Agent": planted, "Cookie": planted})
    traced.call("POST", "/problems/generate", headers={"Authorization": f"Bearer {planted}"}, json={"no": planted})
    traced.generate(
        trace,
        headers={"Idempotency-Key": planted, "baggage": f"secret={planted}"},
        body={"metadata": {"note": planted}, "constraints": {"verbs": ["chanter"]}},
    )
    await eventually(lambda: traced.whole(trace))

    exported = b"".join(traced.collector.raw)
    assert b"attempt" in exported
    password = urlsplit(traced.service.database_url).password
    words = {planted, key.rpartition("_")[2], password, "chanter", "SELECT"}
    assert [word for word in words if word and word.encode() in exported] == []


async def test_a_collector_that_answers_nobody_keeps_neither_callers_nor_the_end_waiting(
    traced: Traced, eventually: Eventually
) -> None:
    traced.collector.answering.clear()
    traced.collector.asked.clear()
    traced.generate(new_trace())
    assert traced.collector.asked.wait(60)  # from here on the exporter stands still, for ten minutes
    request_id = traced.generate(new_trace())
    await eventually(lambda: traced.done(request_id))
    begun = time.monotonic()
    traced.running.close()  # both processes must end with 0
    assert time.monotonic() - begun < 25  # a second or two each; the SDK's own patience is half a minute
    assert not traced.collector.answering.is_set()
