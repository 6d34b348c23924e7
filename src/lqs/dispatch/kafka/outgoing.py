"""Sends records: one producer, owned by one thread, and every delivery awaited."""

import asyncio
import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from confluent_kafka import KafkaError, KafkaException, Producer

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_producer, trouble
from lqs.dispatch.kafka.records import Outgoing, Sent
from lqs.dispatch.kafka.trouble import KafkaTrouble
from lqs.observability.telemetry import Telemetry

PATIENCE_SECONDS = 15.0
"""How long the records of one call may take together."""
_POLL_SECONDS = 0.1
_CLOSE_SECONDS = 5.0
_PURGE_SECONDS = 1.0
_PROPERTIES = MappingProxyType({"delivery.timeout.ms": 0, "topic.metadata.propagation.max.ms": 2_000})
"""A record never expires by itself: a younger one of its partition could then arrive without it. That a topic is
missing is believed after two seconds and not after half a minute.
"""
_CALLED_BACK = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})


@dataclass
class _Batch:
    records: Sequence[Outgoing]
    answer: "asyncio.Future[Sent]"
    arrived: set[int] = field(default_factory=set)
    reports: int = 0
    error: KafkaError | None = None

    def sum(self, reason: str | None) -> Sent:
        unsent = frozenset(range(len(self.records))) - self.arrived
        return Sent(unsent, (reason or "they did not arrive in time") if unsent else None)


class Sender:
    """Sends on Kafka. The thread is a daemon: one that hangs in the client library holds up no exit."""

    def __init__(self, access: Access, telemetry: Telemetry, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._access = access
        self._telemetry = telemetry
        self._patience_seconds = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lqs-kafka-sender", daemon=True)
        self._thread.start()

    async def send(self, records: Sequence[Outgoing]) -> Sent:
        """Send these in order, and wait until it is known of each whether the brokers have it, or for long enough."""
        batch = _Batch(records, self._loop.create_future())
        topic = records[0].topic if records else None
        with self._telemetry.step("records.sent", links=[one.trace for one in records], topic=topic) as step:
            self._batches.put(batch)
            sent = await batch.answer
            if records:
                step.came(records=len(records), unsent=len(sent.unsent))
        return sent

    async def close(self) -> None:
        """End the thread; what is on its way then may arrive or not."""
        self._stop.set()
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)
        if self._thread.is_alive():
            self._telemetry.emit("sender.left_hanging")

    def _run(self) -> None:
        complaints = Complaints(
            self._access, lambda level, line: self._telemetry.emit("kafka.said", level=level, line=line)
        )
        producer: Producer | None = None
        while (batch := self._batches.get()) is not None:
            reason = None
            try:
                producer = producer or open_producer(self._access, complaints, _PROPERTIES)
                self._produce(producer, batch)
                error = batch.error or complaints.last
                reason = str(trouble(error, self._access, cause=complaints.last)) if error else None
            except KafkaTrouble as refusal:
                reason = str(refusal)
            except KafkaException as fatal:
                reason = str(trouble(fatal.args[0], self._access))
            except Exception as broken:
                self._telemetry.fault("sender.broke", broken)
            sent = batch.sum(reason)
            if sent.unsent:
                producer = None  # its memory of what it sent no longer fits what arrived
            with suppress(RuntimeError):  # whoever waited for it is gone, and their loop with them
                self._loop.call_soon_threadsafe(_tell, batch.answer, sent)

    def _produce(self, producer: Producer, batch: _Batch) -> None:
        """Produce all, or up to the first that is refused, and wait for the reports. What is late is called back."""
        deadline = time.monotonic() + self._patience_seconds
        produced = 0
        while produced < len(batch.records) and batch.error is None and self._goes_on(deadline):
            produced += self._hand_over(producer, batch, produced)
        while batch.reports < produced and self._goes_on(deadline):
            producer.poll(_POLL_SECONDS)
        if batch.reports < produced:
            producer.purge(in_queue=True, in_flight=True)
            producer.flush(_PURGE_SECONDS)

    def _goes_on(self, deadline: float) -> bool:
        return not self._stop.is_set() and time.monotonic() < deadline

    def _hand_over(self, producer: Producer, batch: _Batch, place: int) -> int:
        """Give one record to the client; returns how many it took."""
        record = batch.records[place]

        def reported(error: KafkaError | None, _message: object) -> None:
            batch.reports += 1
            if error is None:
                batch.arrived.add(place)
            elif batch.error is None and error.code() not in _CALLED_BACK:
                batch.error = error

        try:
            producer.produce(
                record.topic, key=record.key, value=record.value, headers=record.all_headers(), on_delivery=reported
            )
        except BufferError:
            producer.poll(_POLL_SECONDS)  # its queue is full: reports make room
            return 0
        except KafkaException as error:
            batch.error = error.args[0]
            return 0
        return 1


def _tell(answer: "asyncio.Future[Sent]", sent: Sent) -> None:
    if not answer.done():
        answer.set_result(sent)
