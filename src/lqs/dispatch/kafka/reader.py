"""The thread that owns a consumer: every call to it is made here, because two threads would starve each other.

It passes on no more than the worker has places for, and commits an offset only when the claim of everything up to it is
committed in the database. What comes while no place is free stays in its hand, and when the hand is full it pauses: a
resumed consumer of librdkafka fetches nothing for up to a second, so to pause whenever no place is free would leave
places empty for that long, again and again.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_consumer, trouble
from lqs.dispatch.kafka.dead_letter_topic import headers_of
from lqs.dispatch.kafka.hand import Hand, Held, Offsets
from lqs.dispatch.kafka.messages import trace_in
from lqs.dispatch.transport import Notice, Places
from lqs.observability.telemetry import Telemetry
from lqs.observability.trace_context import TraceContext
from lqs.storage.slots import SlotName

_POLL_SECONDS = 0.05
_POLL_IN_HAND_SECONDS = 0.005
"""How soon it sees that a place became free for what is in hand."""
_BATCH = 500
_LEAST_HAND, _HANDS_A_PLACE = 100, 4
"""How much may be in hand: twice what a relay ever announces for one worker, for it may have more than its share. So
only a flood makes it pause, and a newcomer is read while others wait; a message takes a kilobyte."""
_RESUME_SHARE = 0.2
_PROBE_SECONDS = 5.0
_PROBE_IN_TROUBLE_SECONDS = 1.0
_ANSWER_SECONDS = 2.0
_AGAIN_SECONDS = 1.0
_MOST_REFUSALS = 3
_PREFETCH_KBYTES = 2048
_FETCH_WAIT_MS = 100
_QUEUE_BACKOFF_MS = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, and who is told. `hear` and `refuse` are called by the reader's thread.

    `refuse` keeps a message that cannot be read, with the reason; it returns whether it could.
    """

    access: Access
    topic: str
    places: Places
    hear: Callable[[Notice], None]
    refuse: Callable[[Message, str], bool]
    telemetry: Telemetry


class Reader:
    """Reads until it is stopped, with a new consumer whenever one breaks."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._stopping = threading.Event()
        self._in_hand = Hand()
        self._confirmed: Offsets = {}
        self._confirming = threading.Lock()
        self._paused = False
        self._refused_in_vain = 0
        self._hand_size = max(_HANDS_A_PLACE * reading.places.capacity, _LEAST_HAND)
        self._probe_at = 0.0
        self._complaints = Complaints(reading.access, self._said)
        self.trouble: str | None = "Kafka has not been reached yet."

    @property
    def in_hand(self) -> int:
        """How many messages wait here for a place."""
        return len(self._in_hand)

    def confirm(self, offsets: Offsets) -> None:
        """Everything before these was claimed; they are committed soon. From any thread."""
        with self._confirming:
            for partition, offset in offsets.items():
                self._confirmed[partition] = max(offset, self._confirmed.get(partition, 0))

    def stop(self) -> None:
        """Read nothing more, and leave the group. From any thread."""
        self._stopping.set()

    def run(self) -> None:
        """Read until stopped, whatever happens."""
        while not self._stopping.is_set():
            try:
                consumer = open_consumer(
                    self._reading.access,
                    self._complaints,
                    {
                        "queued.min.messages": max(1, self._reading.places.capacity),
                        "queued.max.messages.kbytes": _PREFETCH_KBYTES,
                        # Defaults of half a second and a second: so long a resumed consumer would fetch nothing.
                        "fetch.wait.max.ms": _FETCH_WAIT_MS,
                        "fetch.queue.backoff.ms": _QUEUE_BACKOFF_MS,
                        "on_commit": self._committed,
                    },
                )
                self._read(consumer)
            except Exception as error:
                self.trouble = f"The Kafka consumer broke and is made anew: {error}"
                self._reading.telemetry.fault("intake.broke", error)
                self._stopping.wait(_AGAIN_SECONDS)

    def _read(self, consumer: Consumer) -> None:
        try:
            consumer.subscribe(
                [self._reading.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
            )
            while not self._stopping.is_set():
                self._commit(consumer)
                self._mind_the_flow(consumer)
                self._fetch(consumer)
                self._hand_over()
                self._probe(consumer)
            self._commit(consumer, wait=self.trouble is None)  # brokers that are gone would be waited for in vain
        finally:
            self._in_hand.clear()
            self._paused = False
            consumer.close()

    def _fetch(self, consumer: Consumer) -> None:
        first = consumer.poll(_POLL_IN_HAND_SECONDS if self._in_hand else _POLL_SECONDS)
        if first is None:
            return
        self._take(first)
        more = min(self._hand_size - len(self._in_hand), _BATCH)
        if more > 0 and not self._paused:
            for message in consumer.consume(more, 0):
                self._take(message)

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._in_hand.put(message)
            if self.trouble is None:
                self._probe_at = time.monotonic() + _PROBE_SECONDS  # who delivers, answers
        elif error.fatal():
            raise KafkaException(error)
        else:
            self._complaints.hear(error)
            self._probe_at = 0.0

    def _mind_the_flow(self, consumer: Consumer) -> None:
        """Pause with a full hand. Still polled, a paused consumer keeps its partitions."""
        if not self._paused and len(self._in_hand) >= self._hand_size:
            consumer.pause(consumer.assignment())
            self._paused = True
            self._reading.telemetry.emit("intake.paused", in_hand=len(self._in_hand))
        elif self._paused and len(self._in_hand) <= _RESUME_SHARE * self._hand_size:
            consumer.resume(consumer.assignment())
            self._paused = False
            self._reading.telemetry.emit("intake.resumed", in_hand=len(self._in_hand))

    def _hand_over(self) -> None:
        """Pass on what a place could be reserved for, and keep what cannot be read where somebody can look at it."""
        names: list[SlotName] = []
        traces: list[TraceContext] = []
        touched: set[int] = set()
        while self._in_hand:
            first = self._in_hand.first
            if first.name is None:
                if not self._refuse(first):
                    break
            elif self._reading.places.reserve(1):
                names.append(first.name)
                if (trace := trace_in(headers_of(first.message))) is not None:
                    traces.append(trace)
            else:
                break
            touched.add(self._in_hand.remove_first())
        if touched:
            # Also when it names nothing: what was passed on before it may not be claimed yet.
            self._reading.hear(Notice(names, self._in_hand.offsets(touched), traces))

    def _refuse(self, held: Held) -> bool:
        """Have it kept; after some tries it is dropped, for nobody is harmed by that, and a standstill harms."""
        if self._reading.refuse(held.message, held.unreadable):
            self._refused_in_vain = 0
            return True
        self._refused_in_vain += 1
        if self._refused_in_vain < _MOST_REFUSALS:
            return False
        self._refused_in_vain = 0
        self._reading.telemetry.emit(
            "message.dropped", partition=held.partition, offset=held.offset, reason=held.unreadable
        )
        return True

    def _commit(self, consumer: Consumer, *, wait: bool = False) -> None:
        with self._confirming:
            confirmed, self._confirmed = self._confirmed, {}
        mine = {partition.partition for partition in consumer.assignment()} if confirmed else set()
        offsets = [
            TopicPartition(self._reading.topic, partition, offset)
            for partition, offset in confirmed.items()
            if partition in mine
        ]
        if not offsets:
            return
        try:
            if wait:
                consumer.commit(offsets=offsets, asynchronous=False)
            else:
                consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self._committed(error.args[0], offsets)

    def _committed(self, error: KafkaError | None, _offsets: Sequence[TopicPartition]) -> None:
        # What was not committed is read again by somebody, and found to be claimed already.
        if error is not None:
            self._reading.telemetry.emit("intake.commit_refused", reason=error.str(), code=error.name())

    def _assigned(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        consumer.incremental_assign(list(partitions))
        if self._paused:
            consumer.pause(list(partitions))  # what is new comes unpaused
        self._reading.telemetry.emit("intake.assigned", partitions=len(partitions))

    def _revoked(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._commit(consumer)
        self._lost(consumer, partitions)

    def _lost(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._in_hand.drop({partition.partition for partition in partitions})
        consumer.incremental_unassign(list(partitions))
        self._reading.telemetry.emit("intake.revoked", partitions=len(partitions))

    def _probe(self, consumer: Consumer) -> None:
        """See now and then that the brokers answer and have the topic; a client does not tell when they are silent.

        Nothing is fetched meanwhile, and the answer may come as late as that of a fetch which found nothing; so only
        while there is nothing to be read.
        """
        now = time.monotonic()
        if now < self._probe_at:
            return
        try:
            found = consumer.list_topics(self._reading.topic, timeout=_ANSWER_SECONDS).topics[self._reading.topic].error
        except KafkaException as error:
            found = error.args[0]
        said = None if found is None else trouble(found, self._reading.access, cause=self._complaints.last)
        if said is None:
            self._complaints.last = None
        self._tell(None if said is None else f"{said}. Next step: {said.next_step}.")
        self._probe_at = time.monotonic() + (_PROBE_SECONDS if said is None else _PROBE_IN_TROUBLE_SECONDS)

    def _tell(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            told = {"reason": trouble} if trouble else {}
            self._reading.telemetry.emit("intake.in_trouble" if trouble else "intake.well", **told)

    def _said(self, level: str, line: str) -> None:
        self._probe_at = 0.0
        self._reading.telemetry.emit("kafka.said", level=level, line=line)
