"""What no worker could read is kept as it came, can be looked at, and can be sent again."""

import base64
import random
import time
from pathlib import Path

import pytest
from confluent_kafka import Message, TopicPartition
from tests.cli.calling import Caller

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_consumer, open_producer, silent
from lqs.dispatch.kafka.dead_letter_topic import DeadLetterTopic
from lqs.dispatch.kafka.dead_letters import UnreadMessages
from lqs.dispatch.kafka.topic_plans import DEAD_LETTER_BYTES, TopicName, TopicPlan, topic
from lqs.dispatch.kafka.topics import Topics
from lqs.observability.telemetry import Happening, Telemetry

RANDOM_BYTES = random.Random(7).randbytes(300)


@pytest.fixture
def topics(access: Access) -> Access:
    """The access, with its topics made; all that is read has one partition."""
    plans = {name: TopicPlan(name, 1, 3_600_000) for name in (TopicName.WORK, TopicName.EVENTS)}
    largest = TopicPlan(TopicName.DEAD_LETTERS, 1, 3_600_000, DEAD_LETTER_BYTES)
    Topics(access, plans | {TopicName.DEAD_LETTERS: largest}).ensure()
    return access


def put(
    access: Access, *values: bytes, key: bytes = b"\xffkey", headers: list[tuple[str, bytes]] | None = None
) -> None:
    """Whoever it was, these now stand in the work topic."""
    producer = open_producer(access, Complaints(access, silent), {"message.max.bytes": 2 * DEAD_LETTER_BYTES})
    for value in values:
        producer.produce(topic(access.topic_prefix, TopicName.WORK), value, key=key, headers=headers or [])
    assert producer.flush(30) == 0


def read(access: Access, count: int, name: TopicName = TopicName.WORK) -> list[Message]:
    consumer = open_consumer(access, Complaints(access, silent))
    consumer.assign([TopicPartition(topic(access.topic_prefix, name), 0, 0)])
    messages: list[Message] = []
    deadline = time.monotonic() + 60
    while len(messages) < count and time.monotonic() < deadline:
        messages += consumer.consume(count, timeout=0.5)
    consumer.close()
    assert len(messages) == count
    return messages


def refuse(access: Access, message: Message, reason: str = "it is not JSON") -> None:
    assert DeadLetterTopic(access, Telemetry()).refuse(message, reason)


def cli(access: Access, home: Path) -> Caller:
    caller = Caller(home)
    caller.environment |= {
        "LQS_KAFKA_BOOTSTRAP_SERVERS": access.bootstrap_servers,
        "LQS_KAFKA_TOPIC_PREFIX": access.topic_prefix,
    }
    return caller


def test_an_unreadable_message_is_kept_as_it_came_with_where_from_and_why(topics: Access) -> None:
    put(topics, RANDOM_BYTES, headers=[("traceparent", b"00-1"), ("twice", b"1"), ("twice", b"2")])
    [message] = read(topics, 1)
    refuse(topics, message)
    [kept] = UnreadMessages(topics).newest(10)
    assert (kept.key, kept.value, kept.cut_bytes) == (b"\xffkey", RANDOM_BYTES, None)
    assert kept.headers == [("traceparent", b"00-1"), ("twice", b"1"), ("twice", b"2")]
    assert kept.source == (topic(topics.topic_prefix, TopicName.WORK), 0, 0)
    assert kept.reason == "it is not JSON"
    assert kept.worker.rpartition(":")[2].isdigit()


def test_the_newest_come_first_and_no_more_than_asked_for(topics: Access) -> None:
    put(topics, b"1", b"2", b"3")
    for number, message in enumerate(read(topics, 3)):
        refuse(topics, message, f"reason {number}")
    assert [one.reason for one in UnreadMessages(topics).newest(2)] == ["reason 2", "reason 1"]


def test_without_a_place_to_keep_it_nothing_is_said_to_be_kept(access: Access) -> None:
    Topics(access, {TopicName.WORK: TopicPlan(TopicName.WORK, 1, 3_600_000)}).ensure()
    put(access, b"x")
    [message] = read(access, 1)
    heard: list[Happening] = []
    assert DeadLetterTopic(access, Telemetry(heard.append), patience_seconds=3).refuse(message, "?") is False
    [told] = [it for it in heard if it.name == "message.not_kept"]
    assert told.fields["offset"] == 0


def test_what_is_too_large_even_for_this_topic_is_kept_by_its_size_and_not_sent_again(topics: Access, tmp_path) -> None:
    put(topics, b"x")
    [message] = read(topics, 1)
    message.set_value(b"x" * (DEAD_LETTER_BYTES + 1))
    refuse(topics, message)
    [kept] = UnreadMessages(topics).newest(10)
    assert (kept.value, kept.cut_bytes) == (None, DEAD_LETTER_BYTES + 1)
    ended = cli(topics, tmp_path).piped("kafka", "dead-letters", "replay", "--all", "--json")
    assert (ended.code, ended.last_object["left"]) == (
        1,
        [{"id": "0:0", "reason": "its value was too large to be kept"}],
    )


def test_operators_look_at_them_try_dry_and_send_them_again(topics: Access, tmp_path: Path) -> None:
    put(topics, RANDOM_BYTES, b"other", headers=[("traceparent", b"00-1")])
    for message in read(topics, 2):
        refuse(topics, message)
    caller = cli(topics, tmp_path)

    [newest, oldest] = caller.piped("kafka", "dead-letters", "list", "--json").last_object["results"]
    assert base64.b64decode(oldest["value_base64"]) == RANDOM_BYTES
    assert [newest["id"], oldest["id"]] == ["0:1", "0:0"]

    dry = caller.piped("kafka", "dead-letters", "replay", "0:0", "--dry-run", "--json")
    assert (dry.code, dry.last_object) == (0, {"dry_run": True, "replayed": ["0:0"], "left": []})
    sent = caller.piped("kafka", "dead-letters", "replay", "0:0", "0:7", "--json")
    assert sent.code == 1
    assert sent.last_object == {
        "dry_run": False,
        "replayed": ["0:0"],
        "left": [{"id": "0:7", "reason": "there is no such message"}],
    }

    *_, again = read(topics, 3)
    assert (again.key(), again.value(), again.headers()) == (b"\xffkey", RANDOM_BYTES, [("traceparent", b"00-1")])


def test_what_others_put_there_is_shown_and_left_alone(topics: Access, tmp_path: Path) -> None:
    producer = open_producer(topics, Complaints(topics, silent))
    producer.produce(
        topic(topics.topic_prefix, TopicName.DEAD_LETTERS), b"\x1b[2J", headers=[("dlq.source.topic", b"payroll")]
    )
    assert producer.flush(30) == 0
    shown = cli(topics, tmp_path).piped("kafka", "dead-letters", "list")
    assert (shown.code, shown.out.splitlines()[1].split()[0]) == (0, "0:0")
    left = cli(topics, tmp_path).piped("kafka", "dead-letters", "replay", "0:0")
    assert (left.code, left.err) == (1, "0:0: not sent, it does not come from a topic of this service\n")
