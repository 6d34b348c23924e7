"""One POST in one trace on Kafka: the relay's message carries it to the worker, the events topic to others."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from tests.kafka.work import environment_for, make_topics, messages

from collector import collecting
from conftest import opened
from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.messages import decode
from lqs.dispatch.kafka.topic_plans import TopicName
from running import first_key, running_service, wait_until

CALLER = "b7ad6b7169203331"


@pytest.mark.timeout(240)
async def test_a_post_and_all_that_comes_of_it_is_one_trace_on_kafka(
    database_url: str, access: Access, tmp_path: Path, eventually: Callable[..., Awaitable[None]]
) -> None:
    make_topics(access)
    database = await opened(database_url)
    key, owner_id = await first_key(database)
    await database.close()
    trace, unsampled = secrets.token_hex(16), secrets.token_hex(16)
    with collecting() as collector:
        settings = {
            **{f"LQS_{name.upper()}": value for name, value in environment_for(access).items()},
            "LQS_POLL_SECONDS": "60",  # what is not announced would be found after a minute and a half
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        }
        with running_service(database_url, key, owner_id, tmp_path, settings) as service:
            log = tmp_path / "worker.log"
            said = ('"intake.assigned"', '"intake.well"', '"relay.leads"', '"publishing.leads"')
            await asyncio.to_thread(wait_until, lambda: all(word in log.read_text("utf-8") for word in said), tmp_path)

            def post(trace_id: str, flags: str) -> None:
                headers = {"Authorization": f"Bearer {key}", "traceparent": f"00-{trace_id}-{CALLER}-{flags}"}
                headers["tracestate"] = "vendor=kept"
                answer = httpx.post(f"{service.url}/problems/generate", headers=headers, json={"count": 2})
                assert answer.status_code == 202

            async def booked() -> int:
                return len({link for one in collector.linked_to(trace, "settle") for link in one.links})

            await asyncio.to_thread(post, unsampled, "00")
            await asyncio.to_thread(post, trace, "01")
            await eventually(booked, equals=2)

            events = f"send {access.topic_prefix}.events"

            async def told() -> bool:
                return bool(collector.linked_to(trace, events))

            await eventually(told)

    [server] = collector.of(trace, "POST /problems/generate")
    assert server.parent_id == CALLER
    work = f"{access.topic_prefix}.work"
    created = collector.of(trace, f"create {work}")
    assert {(one.parent_id, one.kind, one.service) for one in created} == {(server.span_id, "producer", "lqs-worker")}
    assert [one.attributes["lqs.slot.index"] for one in created] == [0, 1]
    assert {one.attributes["messaging.destination.name"] for one in created} == {work}

    sends = collector.linked_to(trace, f"send {work}")
    assert {link for one in sends for link in one.links if link[0] == trace} == {one.place for one in created}
    carried = {}
    for message in messages(access):
        headers = dict(message.headers() or [])
        carried[decode(message.value()).slot] = (headers["traceparent"], headers["tracestate"])
    names = {one.place: (one.attributes["lqs.request.id"], one.attributes["lqs.slot.index"]) for one in created}
    for place, (request_id, index) in names.items():
        [found] = [value for (id_, at), value in carried.items() if (str(id_), at) == (request_id, index)]
        assert found == (f"00-{place[0]}-{place[1]}-01".encode(), b"vendor=kept")

    claims = collector.linked_to(trace, "claim")
    assert {one.attributes["lqs.claim.named"] for one in claims} == {True}
    assert {link for one in claims for link in one.links if link[0] == trace} == {one.place for one in created}
    attempts = collector.of(trace, "attempt")
    assert {(one.parent_id, one.service) for one in attempts} == {(server.span_id, "lqs-worker")}
    assert {one.parent_id for one in collector.of(trace, "generate problem")} == {one.span_id for one in attempts}
    assert {one.tracestate for one in collector.of(trace)} == {"vendor=kept"}

    told_in = {dict(message.headers() or [])["traceparent"] for message in messages(access, TopicName.EVENTS)}
    assert f"00-{trace}-{server.span_id}-01".encode() in told_in
    assert collector.of(unsampled) == []
    assert any(
        value[0].startswith(f"00-{unsampled}-".encode()) and value[0].endswith(b"-00") for value in carried.values()
    )
