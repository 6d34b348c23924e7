"""Every kind of fault that concerns Kafka: each is done to a stage under load, and returns how often it hit."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Message, Producer, TopicPartition

from faults.kafka.stage import PARTITIONS, Stage
from faults.members import START_SECONDS, Member
from lqs.crash_points import CrashPoint
from lqs.dispatch.kafka.brokers import Complaints, open_admin, open_consumer, open_producer, silent
from lqs.dispatch.kafka.topic_plans import TopicName, topic

LEASE_SECONDS = 2.0
_AWAY_SECONDS = 3.0
_OVERSIZED_BYTES = 1_000_000
"""A little less than a broker takes with its defaults."""

Kind = Callable[[Stage, float], Awaitable[int]]
"""Does it for about so many seconds."""


async def worker_killed(on: Stage, seconds: float) -> int:
    """SIGKILL to one worker after the other, while they are at work."""
    hits, until = 0, time.monotonic() + seconds
    while hits == 0 or time.monotonic() < until:
        victim = on.rng.choice(on.workers)
        if await victim.until("works", seconds=START_SECONDS):
            await on.until_settled(30)
            await on.until_holding(victim)
            hits += victim.signal(signal.SIGKILL) > 0
    return hits


async def relay_killed(on: Stage, seconds: float) -> int:
    """SIGKILL to whoever announces: at some moment, between marking and sending, after sending, after the claim."""
    hits, until = 0, time.monotonic() + seconds
    places = [None, CrashPoint.RELAY_MARKED, CrashPoint.RELAY_SENT, CrashPoint.NOTICE_CLAIMED]
    while hits < len(places) or time.monotonic() < until:
        place = places[hits % len(places)]
        leader = await _leader(on)
        if place is None:
            hits += leader.signal(signal.SIGKILL) > 0
        else:
            hits += await _die_at(on, leader, place)
        await on.until_settled(20)
    return hits


async def _leader(on: Stage) -> Member:
    async def so() -> bool:
        return on.leader() is not None

    await on.until(so, 60)
    leader = on.leader()
    assert leader is not None
    return leader


async def _die_at(on: Stage, leader: Member, place: CrashPoint) -> bool:
    """Everybody starts anew, armed at this place; whoever comes there dies. The others start once more, unarmed."""
    starts = {member.name: member.starts for member in on.workers}
    for member in on.workers:
        member.arm(place)
        member.signal(signal.SIGKILL)
    for member in on.workers:
        await member.until_started_after(starts[member.name])

    async def died() -> bool:
        return any(b"crash point" in log.read_bytes() for log in _logs_since(on, starts))

    await on.until(died, 60)
    for member in on.workers:
        if member.starts == starts[member.name] + 1:
            member.signal(signal.SIGKILL)
    return True


def _logs_since(on: Stage, starts: Mapping[str, int]) -> list[Path]:
    return [
        on.running.folder / f"{member.name}.{number}.log"
        for member in on.workers
        for number in range(starts[member.name] + 1, member.starts + 1)
    ]


async def worker_frozen(on: Stage, seconds: float) -> int:
    """SIGSTOP to a worker for longer than its lease, so that its slots go to others; then it thaws."""
    hits, until = 0, time.monotonic() + seconds
    while hits == 0 or time.monotonic() < until:
        victim = on.rng.choice(on.workers)
        if await victim.until("works", seconds=START_SECONDS):
            await on.until_holding(victim)
            hits += victim.signal(signal.SIGSTOP) > 0
            await asyncio.sleep(2.2 * LEASE_SECONDS)
            victim.signal(signal.SIGCONT)
            await on.until_settled(20)
    return hits


async def broker_killed(on: Stage, seconds: float) -> int:
    """SIGKILL to the broker; it comes back after a while, and work went on meanwhile."""
    hits, until = 0, time.monotonic() + seconds
    [node] = on.cluster.nodes
    while hits == 0 or time.monotonic() < until:
        await on.until_settled(30)
        node.kill()
        hits += 1
        began = time.monotonic()
        await on.until_settled(30)
        await asyncio.sleep(max(0.0, _AWAY_SECONDS - (time.monotonic() - began)))
        node.start()
        await asyncio.to_thread(on.cluster.wait_until_ready)
    return hits


async def one_of_three_lost(on: Stage, seconds: float) -> int:
    """SIGKILL to one of three brokers, which does not come back before the end."""
    await on.until_settled(30)
    on.rng.choice(list(on.cluster.nodes)).kill()
    await on.until_settled(200)
    await asyncio.sleep(seconds / 2)
    return 1


async def rebalance_storm(on: Stage, seconds: float) -> int:
    """Every two seconds a worker leaves in order, or joins; one always stays."""
    hits, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        victim = on.workers[1 + hits % (len(on.workers) - 1)]
        if victim.resting:
            victim.resting = False
        else:
            victim.resting = True
            victim.signal(signal.SIGTERM)
        hits += 1
        await asyncio.sleep(2)
    return hits


async def tripled_and_shuffled(on: Stage, seconds: float) -> int:
    """Everything that was announced is announced three times more, in any order, while the first is worked on."""

    def pump() -> int:
        consumer = open_consumer(
            on.access,
            Complaints(on.access, silent),
            {"group.id": f"{on.access.group_id}-pump", "queued.min.messages": 1},
        )
        producer = open_producer(on.access, Complaints(on.access, silent))
        work, hits, until = topic(on.access.topic_prefix, TopicName.WORK), 0, time.monotonic() + seconds
        consumer.subscribe([work])
        rng = random.Random(on.rng.random())
        try:
            while time.monotonic() < until:
                heard = [message for message in consumer.consume(200, 0.5) if _first(message)]
                again = heard * 3
                rng.shuffle(again)
                for message in again:
                    producer.produce(work, value=message.value(), headers={"again": "yes"})
                hits += len(again)
                producer.flush(20)
        finally:
            consumer.close()
        return hits

    return await asyncio.to_thread(pump)


def _first(message: Message) -> bool:
    return message.error() is None and ("again", b"yes") not in (message.headers() or [])


async def offsets_reset(on: Stage, seconds: float) -> int:
    """The group loses its place: all workers end, their offsets go back to the start, and they read all of it again."""
    await asyncio.sleep(seconds / 2)
    for member in on.workers:
        member.resting = True
        member.signal(signal.SIGKILL)
    admin = open_admin(on.access, Complaints(on.access, silent))
    work = topic(on.access.topic_prefix, TopicName.WORK)
    start = ConsumerGroupTopicPartitions(on.access.group_id, [TopicPartition(work, n, 0) for n in range(PARTITIONS)])
    deadline = time.monotonic() + 60
    while True:
        try:
            # A group that still waits for its dead members refuses.
            for future in admin.alter_consumer_group_offsets([start]).values():
                await asyncio.to_thread(future.result, 20)
            break
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)
    for member in on.workers:
        member.resting = False
    await on.until_settled(100)
    return 1


async def rubbish(on: Stage, seconds: float) -> int:
    """Random bytes of all sizes and oversized messages between the announcements."""
    producer = open_producer(on.access, Complaints(on.access, silent), {"message.max.bytes": 2 * _OVERSIZED_BYTES})
    work, hits, until = topic(on.access.topic_prefix, TopicName.WORK), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        _throw(producer, work, on.rng)
        hits += 10
        await asyncio.to_thread(producer.flush, 20)
        await asyncio.sleep(0.2)
    return hits


def _throw(producer: Producer, work: str, rng: random.Random) -> None:
    for size in (0, 1, 7, 40, 300, 3000, 30_000):
        producer.produce(work, value=rng.randbytes(size))
    producer.produce(work, value=b'{"v":1,"generation_request_id":"none","slot_index":0}')
    producer.produce(work, value=b'{"v":999}')
    producer.produce(work, value=rng.randbytes(_OVERSIZED_BYTES))


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "worker_killed": worker_killed,
        "relay_killed": relay_killed,
        "worker_frozen": worker_frozen,
        "rebalance_storm": rebalance_storm,
        "tripled_and_shuffled": tripled_and_shuffled,
        "offsets_reset": offsets_reset,
        "rubbish": rubbish,
        "broker_killed": broker_killed,
        "one_of_three_lost": one_of_three_lost,
    }
)
"""Every kind by its name."""
NEEDS_THREE = frozenset({"one_of_three_lost"})
ON_BOTH_PROTOCOLS = frozenset({"worker_killed", "rebalance_storm", "broker_killed", "one_of_three_lost"})
"""Where the protocol of the group matters: these are done with the new one, too."""
