"""Sends announcements to the work topic: one producer, owned by one thread, and every delivery awaited."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from confluent_kafka import KafkaException, Producer

from lqs.dispatch.kafka import messages
from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_producer
from lqs.dispatch.kafka.topic_plans import TopicName, topic
from lqs.dispatch.relay import Send
from lqs.observability.telemetry import Telemetry
from lqs.storage.announcements import Announcement

_DELIVERY_MS = 10_000
"""After so long a message counts as not sent; workers have long looked for themselves by then."""
_POLL_SECONDS = 0.1
_CLOSE_SECONDS = 5.0
_NOTHING_WAITS_SECONDS = 0.2


@dataclass
class _Batch:
    """Announcements on their way. `answer` gets those that were not taken over."""

    announcements: Sequence[Announcement]
    answer: "asyncio.Future[Sequence[Announcement]]"
    unsent: list[Announcement] = field(default_factory=list)
    missing: int = 0


class WorkSender:
    """Announces slots on Kafka. The thread is a daemon: one that hangs in the client library holds up no exit."""

    def __init__(self, access: Access, telemetry: Telemetry) -> None:
        self._access = access
        self._topic = topic(access.topic_prefix, TopicName.WORK)
        self._telemetry = telemetry
        self._loop = asyncio.get_running_loop()
        self._batches: queue.SimpleQueue[_Batch] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lqs-kafka-sender", daemon=True)
        self._thread.start()

    async def send(self, announcements: Sequence[Announcement]) -> Sequence[Announcement]:
        """Send these and wait until the brokers have each, or it is known that they have not; returns the latter."""
        batch = _Batch(announcements, self._loop.create_future())
        self._batches.put(batch)
        return await batch.answer

    async def close(self) -> None:
        """End the thread; what is on its way then may arrive or not, which harms nothing."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)
        if self._thread.is_alive():
            self._telemetry.emit("sender.left_hanging")

    def _run(self) -> None:
        complaints = Complaints(
            self._access, lambda level, line: self._telemetry.emit("kafka.said", level=level, line=line)
        )
        producer: Producer | None = None
        while not self._stop.is_set():
            try:
                producer = producer or open_producer(self._access, complaints, {"delivery.timeout.ms": _DELIVERY_MS})
                producer.poll(0)
                self._produce(producer, self._batches.get(timeout=_NOTHING_WAITS_SECONDS))
            except queue.Empty:
                continue
            except Exception as error:
                # A producer that broke stays broken: the next batch gets a new one.
                self._telemetry.fault("sender.broke", error)
                producer = None
                self._stop.wait(_NOTHING_WAITS_SECONDS)
        if producer is not None:
            producer.flush(_NOTHING_WAITS_SECONDS)

    def _produce(self, producer: Producer, batch: _Batch) -> None:
        """Produce all of a batch and wait for every report. Whatever happens, the batch gets its answer."""
        reached = 0
        try:
            for announcement in batch.announcements:
                self._produce_one(producer, batch, announcement)
                reached += 1
            while batch.missing and not self._stop.is_set():
                producer.poll(_POLL_SECONDS)
        finally:
            unsent = [*batch.unsent, *batch.announcements[reached:]]
            with suppress(RuntimeError):  # whoever waited for it is gone, and their loop with them
                self._loop.call_soon_threadsafe(_tell, batch.answer, unsent)

    def _produce_one(self, producer: Producer, batch: _Batch, announcement: Announcement) -> None:
        def delivered(error: object, _message: object) -> None:
            batch.missing -= 1
            if error is not None:
                batch.unsent.append(announcement)

        while not self._stop.is_set():
            try:
                producer.produce(
                    self._topic,
                    key=messages.key(announcement),
                    value=messages.encode(announcement),
                    headers=messages.headers(announcement),
                    on_delivery=delivered,
                )
            except BufferError:
                producer.poll(_POLL_SECONDS)  # its queue is full: reports make room
            except KafkaException:
                batch.unsent.append(announcement)  # such as a topic that it already knows to be missing
                return
            else:
                batch.missing += 1
                return


def _tell(answer: "asyncio.Future[Sequence[Announcement]]", unsent: Sequence[Announcement]) -> None:
    if not answer.done():
        answer.set_result(unsent)


@asynccontextmanager
async def open_sender(access: Access, telemetry: Telemetry) -> AsyncIterator[Send]:
    """A sender for as long as this lasts."""
    sender = WorkSender(access, telemetry)
    try:
        yield sender.send
    finally:
        await sender.close()
