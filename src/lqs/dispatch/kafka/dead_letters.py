"""Looks through the dead-letter topic, and sends messages again to where they came from."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from lqs.dispatch.kafka import dead_letter_topic as head
from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_consumer, reraise, silent, trouble
from lqs.dispatch.kafka.records import Outgoing
from lqs.dispatch.kafka.topic_plans import TopicName, topic
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble

_ANSWER_SECONDS = 20.0
_LOOK_SECONDS = 0.2
_AT_ONCE = 500

Place = tuple[int, int]
"""Where a message stands in the dead-letter topic: partition and offset."""


@dataclass(frozen=True, slots=True)
class UnreadMessage:
    """A message that nobody could read, as it was kept.

    `headers` are those it came with. `cut_bytes` is the size of a value that was too large to be kept, else None.
    `source` is topic, partition and offset; None for a message that somebody else put there.
    """

    place: Place
    kept_at: datetime
    source: tuple[str, int, int] | None
    reason: str
    worker: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    cut_bytes: int | None

    def again(self) -> Outgoing:
        """The record as it came, for where it came from. Only with a source and a whole value."""
        assert self.source is not None
        return Outgoing(self.source[0], self.key, self.value, self.headers)


class UnreadMessages:
    """The dead-letter topic, for looking through. Every call waits for the brokers, and raises `KafkaTrouble`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._topic = topic(access.topic_prefix, TopicName.DEAD_LETTERS)
        self._complaints = Complaints(access, silent)

    def newest(self, limit: int) -> list[UnreadMessage]:
        """The newest ones, newest first."""
        with self._consumer() as consumer:
            ends = [(place, max(low, high - limit), high) for place, low, high in self._ends(consumer)]
            found = [message for messages in self._read(consumer, ends) for message in messages]
        return sorted(found, key=lambda one: (one.kept_at, one.place), reverse=True)[:limit]

    def all(self) -> Iterator[list[UnreadMessage]]:
        """All that are there now, some hundred at a time, each partition in its order."""
        with self._consumer() as consumer:
            yield from self._read(consumer, self._ends(consumer))

    def at(self, places: Sequence[Place]) -> list[UnreadMessage]:
        """Those at these places; what is not there is left out."""
        with self._consumer() as consumer:
            ends = {partition: (low, high) for partition, low, high in self._ends(consumer)}
            asked = [
                (partition, offset, offset + 1)
                for partition, offset in places
                if partition in ends and ends[partition][0] <= offset < ends[partition][1]
            ]
            # One at a time: a consumer reads a partition from one place only.
            return [one for span in asked for messages in self._read(consumer, [span]) for one in messages]

    def replayable(self, message: UnreadMessage) -> str | None:
        """Why a message cannot be sent again; None if it can."""
        if message.cut_bytes is not None:
            return "its value was too large to be kept"
        ours = {topic(self._access.topic_prefix, name) for name in (TopicName.WORK, TopicName.EVENTS)}
        if message.source is None or message.source[0] not in ours:
            return "it does not come from a topic of this service"
        return None

    def _ends(self, consumer: Consumer) -> list[tuple[int, int, int]]:
        """Each partition with its first offset and the one behind its last."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while True:
            try:
                described = consumer.list_topics(self._topic, timeout=2).topics[self._topic]
                break
            except KafkaException:
                consumer.poll(0)
                if self._complaints.hopeless or time.monotonic() > deadline:
                    raise
        if described.error is not None:
            raise trouble(described.error, self._access)
        ends = []
        for partition in sorted(described.partitions):
            low, high = consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=_ANSWER_SECONDS)
            ends.append((partition, low, high))
        return ends

    def _read(self, consumer: Consumer, spans: Sequence[tuple[int, int, int]]) -> Iterator[list[UnreadMessage]]:
        """The messages from each first offset to before each last one; offsets of markers are passed over."""
        left = {partition: end for partition, first, end in spans if first < end}
        consumer.assign(
            [TopicPartition(self._topic, partition, first) for partition, first, end in spans if first < end]
        )
        deadline = time.monotonic() + _ANSWER_SECONDS
        while left:
            messages = consumer.consume(_AT_ONCE, timeout=_LOOK_SECONDS)
            if messages:
                deadline = time.monotonic() + _ANSWER_SECONDS
                read = [_unread(message) for message in messages if not message.error()]
                yield [one for one in read if one.place[1] < left.get(one.place[0], 0)]
            for reached in consumer.position([TopicPartition(self._topic, partition) for partition in left]):
                if reached.offset >= left[reached.partition]:
                    del left[reached.partition]
            if time.monotonic() > deadline:
                what, step = "the brokers stopped sending before the end of the topic", "the same command again"
                raise KafkaTrouble(KafkaCode.UNREACHABLE, what, step)

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        """A consumer that belongs to no group: it commits nothing, so the right to read the topic is all it needs."""
        consumer = open_consumer(self._access, self._complaints, {"fetch.message.max.bytes": 1_048_576})
        try:
            yield consumer
        except KafkaException as error:
            reraise(error, self._access, self._complaints)
        finally:
            consumer.close()


def _unread(message: Message) -> UnreadMessage:
    headers = head.headers_of(message)
    added = {name: (value or b"").decode(errors="replace") for name, value in headers if name.startswith(head.PREFIX)}
    _, kept_ms = message.timestamp()
    cut = added.get(head.CUT)
    return UnreadMessage(
        place=_place(message),
        kept_at=datetime.fromtimestamp(kept_ms / 1000, UTC),
        source=_source(added),
        reason=added.get(head.REASON, ""),
        worker=added.get(head.WORKER, ""),
        key=message.key(),
        value=message.value(),
        headers=[(name, value) for name, value in headers if not name.startswith(head.PREFIX)],
        cut_bytes=int(cut) if cut is not None and cut.isdigit() else None,
    )


def _source(added: dict[str, str]) -> tuple[str, int, int] | None:
    try:
        return added[head.SOURCE_TOPIC], int(added[head.SOURCE_PARTITION]), int(added[head.SOURCE_OFFSET])
    except (KeyError, ValueError):
        return None


def _place(message: Message) -> Place:
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return partition, offset
