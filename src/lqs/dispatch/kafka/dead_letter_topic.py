"""Messages that nobody could read, kept as they came in a topic of their own, with why and where from as headers."""

import os
import socket
import time

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_producer
from lqs.dispatch.kafka.topic_plans import DEAD_LETTER_BYTES, TopicName, topic
from lqs.dispatch.kafka.trouble import KafkaTrouble
from lqs.observability.telemetry import Telemetry

PREFIX = "dlq."
SOURCE_TOPIC, SOURCE_PARTITION = "dlq.source.topic", "dlq.source.partition"
SOURCE_OFFSET, SOURCE_TIMESTAMP = "dlq.source.offset", "dlq.source.timestamp"
REASON, WORKER, CUT = "dlq.error.message", "dlq.worker", "dlq.cut.bytes"
"""The headers that are added; those that came with the message stay. `CUT` is there when the value is not: its size."""

PATIENCE_SECONDS = 10.0
"""How long keeping one message may take."""
_POLL_SECONDS = 0.1
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE})

Headers = list[tuple[str, bytes | None]]


class DeadLetterTopic:
    """Keeps messages. All calls come from one thread, that of the consumer that read them."""

    def __init__(self, access: Access, telemetry: Telemetry, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._access = access
        self._telemetry = telemetry
        self._patience_seconds = patience_seconds
        self._topic = topic(access.topic_prefix, TopicName.DEAD_LETTERS)
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._complaints = Complaints(access, lambda level, line: telemetry.emit("kafka.said", level=level, line=line))
        self._producer: Producer | None = None

    def refuse(self, message: Message, reason: str) -> bool:
        """Keep a message; returns whether the brokers are known to have it.

        One that is too large even for this topic is kept without its value.
        """
        headers = [*headers_of(message), *self._added(message, reason)]
        try:
            self._producer = self._producer or open_producer(
                self._access, self._complaints, {"message.max.bytes": DEAD_LETTER_BYTES, "linger.ms": 0}
            )
            error = self._keep(self._producer, message.key(), message.value(), headers)
            if error is not None and error.code() in _TOO_LARGE:
                cut: Headers = [*headers, (CUT, str(len(message.value() or b"")).encode())]
                error = self._keep(self._producer, None, None, cut)
            trouble = None if error is None else error.str()
        except KafkaTrouble as refusal:
            trouble = str(refusal)
        place = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        if trouble is not None:
            self._telemetry.emit("message.not_kept", **place, reason=reason, trouble=trouble)
            self._producer = None
            return False
        self._telemetry.emit("message.refused", **place, reason=reason)
        return True

    def _added(self, message: Message, reason: str) -> Headers:
        _, timestamp_ms = message.timestamp()
        told = {
            SOURCE_TOPIC: message.topic(),
            SOURCE_PARTITION: message.partition(),
            SOURCE_OFFSET: message.offset(),
            SOURCE_TIMESTAMP: timestamp_ms,
            REASON: reason,
            WORKER: self._worker,
        }
        return [(name, str(value).encode()) for name, value in told.items()]

    def _keep(self, producer: Producer, key: bytes | None, value: bytes | None, headers: Headers) -> KafkaError | None:
        """Send one record and wait for it; returns why it did not arrive."""
        reports: list[KafkaError | None] = []
        try:
            producer.produce(
                self._topic,
                key=key,
                value=value,
                headers=list(headers),
                on_delivery=lambda error, _message: reports.append(error),
            )
        except KafkaException as error:
            refused: KafkaError = error.args[0]
            return refused
        deadline = time.monotonic() + self._patience_seconds
        while not reports and time.monotonic() < deadline:
            producer.poll(_POLL_SECONDS)
        return reports[0] if reports else KafkaError(KafkaError._TIMED_OUT)


def headers_of(message: Message) -> Headers:
    """The headers of a message in their order; one name may be there several times."""
    given = message.headers() or []
    pairs = given.items() if isinstance(given, dict) else given
    return [(name, value.encode() if isinstance(value, str) else value) for name, value in pairs]
