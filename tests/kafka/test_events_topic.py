"""The event log on a real topic, as another team reads it."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from confluent_kafka import Message, TopicPartition
from tests.kafka.work import messages, settings_for

from house import House
from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_consumer, silent
from lqs.dispatch.kafka.cloud_events import open_events_topic
from lqs.dispatch.kafka.outgoing import Sender
from lqs.dispatch.kafka.records import Outgoing
from lqs.dispatch.kafka.topic_plans import TopicName, TopicPlan, topic
from lqs.dispatch.kafka.topics import Topics
from lqs.dispatch.publishing import Publishing, PublishingRules
from lqs.observability.telemetry import Telemetry
from lqs.storage import publication
from shift import Hand, at_work

PARTITIONS = 2
PLANS = {name: TopicPlan(name, PARTITIONS, retention_ms=3_600_000) for name in TopicName}


@pytest.fixture
async def sender(access: Access) -> AsyncIterator[Sender]:
    sender = Sender(access, Telemetry())
    yield sender
    await sender.close()


@asynccontextmanager
async def telling(house: House, access: Access) -> AsyncIterator[Callable[[], Awaitable[str | None]]]:
    """Publishes what waits, and returns what is in the way."""
    way = partial(open_events_topic, access)
    publishing = Publishing(house.database, Telemetry(), way, PublishingRules(kept_seconds=3600))

    async with way(Telemetry()) as tell:

        async def publish() -> str | None:
            await publishing.publish(tell)
            return publishing.trouble

        yield publish


def read(access: Access, count: int, *, seconds: float = 60) -> list[Message]:
    """So many messages of the events topic from its beginning, each partition in its order."""
    consumer = open_consumer(access, Complaints(access, silent))
    name = topic(access.topic_prefix, TopicName.EVENTS)
    consumer.assign([TopicPartition(name, partition, 0) for partition in range(PARTITIONS)])
    messages: list[Message] = []
    deadline = time.monotonic() + seconds
    while len(messages) < count and time.monotonic() < deadline:
        messages += consumer.consume(count, timeout=0.5)
    consumer.close()
    assert len(messages) == count
    return messages


async def test_others_read_cloud_events_keyed_by_generation_request_and_in_order(house: House, access: Access) -> None:
    Topics(access, PLANS).ensure()
    async with house.database.transaction() as connection:
        await publication.want(connection, kept_seconds=3600)
    requests = [await house.ended() for _ in range(3)]
    async with telling(house, access) as publish:
        await publish()

    messages = await asyncio.to_thread(read, access, 12)
    for request_id in requests:
        own = [message for message in messages if message.key() == str(request_id).encode()]
        assert len({message.partition() for message in own}) == 1
        assert [json.loads(message.value())["seq"] for message in own] == [1, 2, 3, 4]
        headers = [{name: value.decode() for name, value in message.headers()} for message in own]
        assert [one["ce_id"] for one in headers] == [f"{request_id}.{seq}" for seq in (1, 2, 3, 4)]
        assert [one["ce_type"] for one in headers] == [
            f"generation_request.{it}" for it in await house.told(request_id)
        ]
        assert {one["content-type"] for one in headers} == {"application/json"}


async def test_while_the_topic_is_missing_nothing_is_lost(house: House, access: Access) -> None:
    async with telling(house, access) as publish:
        await publish()
        await house.submit()
        assert "Kafka does not have the topic" in (await publish() or "")

        Topics(access, PLANS).ensure()
        assert await publish() is None
    [message] = await asyncio.to_thread(read, access, 1)
    assert json.loads(message.value())["seq"] == 1


async def test_brokers_that_are_away_are_told_as_such_within_the_time_that_sending_may_take() -> None:
    access = Access("127.0.0.1:1", topic_prefix=secrets.token_hex(4))
    sender = Sender(access, Telemetry(), patience_seconds=1)
    records = [Outgoing("t", b"k", str(number).encode(), []) for number in range(3)]
    sent = await sender.send(records)
    assert sent.unsent == {0, 1, 2}
    assert sent.reason is not None
    assert sent.reason.startswith("no Kafka broker answers")
    await sender.close()


async def test_what_cannot_be_sent_does_not_shut_the_door_for_what_follows(access: Access, sender: Sender) -> None:
    Topics(access, PLANS).ensure()
    name = topic(access.topic_prefix, TopicName.EVENTS)
    too_large = Outgoing(name, b"k", b"x" * 2_000_000, [])
    fine = Outgoing(name, b"k", b"fine", [("some", b"header")])
    sent = await sender.send([fine, too_large, fine])
    assert sent.unsent == {1, 2}
    assert sent.reason is not None
    assert "Message size too large" in sent.reason
    assert (await sender.send([fine])).unsent == frozenset()
    messages = await asyncio.to_thread(read, access, 2)
    assert [(one.value(), one.headers()) for one in messages] == [(b"fine", [("some", b"header")])] * 2


async def test_a_worker_publishes_what_happened_since_somebody_publishes(
    house: House, access: Access, eventually
) -> None:
    Topics(access, PLANS).ensure()
    before = await house.submit()
    async with at_work(house.url, Hand.opened(), **settings_for(access)):
        after = await house.submit()

        async def all_done() -> bool:
            return all([(await house.read(id_)).status.done for id_ in (before, after)])

        async def nothing_waits() -> bool:
            return await house.rows("SELECT 1 FROM unpublished_events LIMIT 1") == []

        await eventually(all_done)
        await eventually(nothing_waits)
    told = [(m.key(), json.loads(m.value() or b"")["seq"]) for m in messages(access, TopicName.EVENTS)]
    assert [seq for key, seq in told if key == str(after).encode()] == [1, 2, 3, 4]
    assert [seq for key, seq in told if key == str(before).encode()] == [2, 3, 4]
