"""Work by messages beside work by notices of the database: the same work, the same run, one, two and four workers."""

import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from confluent_kafka import ConsumerGroupState, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.children import worker
from benchmarks.ground import Ground, opened, submit
from benchmarks.neighbour import waits_beside_a_big_owner
from benchmarks.pickup import waits_for
from benchmarks.report import Figure, Series
from broker.cluster import cluster
from broker.jars import why_not
from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_admin, open_consumer, silent
from lqs.dispatch.kafka.topic_plans import TopicName, topic
from lqs.dispatch.kafka.topics import Topics
from lqs.storage.database import Database

_WORKERS = (1, 2, 4)
_SLOTS = 10
_PATIENCE_SECONDS = 120
_POSTGRESQL: Mapping[str, object] = {}


async def measure(ground: Ground) -> list[Figure]:
    """From the first submit to the last settle, and from a submit to the start of its attempt, on both transports."""
    if why := why_not():
        print(f"kafka: not measured; {why}", file=sys.stderr)
        return []
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="lqs-bench-kafka-") as folder, cluster(Path(folder)) as running:
        for workers in _WORKERS if ground.scale.rounds > 1 else _WORKERS[:1]:
            rates: dict[str, list[float]] = {"PostgreSQL": [], "Kafka": []}
            told = []
            for _ in range(ground.scale.rounds):
                rates["PostgreSQL"].append(await _rate(ground, workers, None))
                access = await _topics(running.servers)
                rates["Kafka"].append(await _rate(ground, workers, access))
                told.append(await asyncio.to_thread(_messages, access) / ground.scale.entities)
            name = f"submit to terminal, {workers} worker{'s' if workers > 1 else ''}"
            for transport, found in rates.items():
                series = Series(tuple(found))
                figures.append(Figure("kafka", f"{name}, by {transport}", series.median, "entities/s", series.spread))
            figures.append(Figure("kafka", f"{name}, messages an entity", statistics.median(told), ""))
        for transport, access in (("PostgreSQL", None), ("Kafka", await _topics(running.servers))):
            waits = await _waits(ground, access)
            shown = {"median": statistics.median(waits), "95th percentile": waits[int(0.95 * len(waits))]}
            for what, wait in shown.items():
                figures.append(Figure("kafka", f"insert to attempt by {transport}, {what}", wait, "ms"))
        noisy = _settings(await _topics(running.servers))
        figures += await waits_beside_a_big_owner(ground, "kafka", noisy)
    return figures


async def _topics(servers: str) -> Access:
    name = f"bench-{secrets.token_hex(4)}"
    access = Access(servers, topic_prefix=name, group_id=name)
    await asyncio.to_thread(Topics(access).ensure)
    return access


def _settings(access: Access | None) -> Mapping[str, object]:
    if access is None:
        return _POSTGRESQL
    return {
        "kafka_bootstrap_servers": access.bootstrap_servers,
        "kafka_topic_prefix": access.topic_prefix,
        "kafka_group_id": access.group_id,
    }


async def _rate(ground: Ground, workers: int, access: Access | None) -> float:
    entities = ground.scale.entities
    async with ground.database() as url, opened(url) as database, _working(url, workers, access):
        await _until(database, f"SELECT count(*) = {workers} FROM workers")
        if access:
            await _until_shared(access, workers)
        started = time.perf_counter()
        await submit(database, entities // _SLOTS, _SLOTS)
        await _until(database, f"SELECT count(*) = {entities} FROM entities")
        return entities / (time.perf_counter() - started)


@asynccontextmanager
async def _working(url: str, workers: int, access: Access | None) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for _ in range(workers):
            await stack.enter_async_context(worker(url, capacity=1000, settings=_settings(access)))
        yield


async def _waits(ground: Ground, access: Access | None) -> list[float]:
    async def ready() -> None:
        if access:
            await _until_shared(access, 1)

    async with ground.database() as url:
        waits, _ = await waits_for(ground, url, worker(url, capacity=1000, settings=_settings(access)), ready)
    return waits


async def _until(database: Database, question: str) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with database.acquire() as connection:
                if await connection.fetchval(question):
                    return
            await asyncio.sleep(0.01)


async def _until_shared(access: Access, workers: int) -> None:
    """Wait until so many workers have shared the partitions: before that they find their work in the database."""
    admin = open_admin(access, Complaints(access, silent))
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if await asyncio.to_thread(_is_shared, admin, access.group_id, workers):
                return
            await asyncio.sleep(0.2)


def _is_shared(admin: AdminClient, group_id: str, workers: int) -> bool:
    [asked] = admin.describe_consumer_groups([group_id]).values()
    try:
        group = asked.result(20)
    except KafkaException:
        return False  # such as a coordinator that is not ready yet
    shares = [len(member.assignment.topic_partitions) for member in group.members if member.assignment]
    return group.state is ConsumerGroupState.STABLE and len(shares) == workers and all(shares)


def _messages(access: Access) -> int:
    """How many messages the work topic has got."""
    consumer = open_consumer(access, Complaints(access, silent), {"group.id": f"{access.group_id}-counts"})
    try:
        work = topic(access.topic_prefix, TopicName.WORK)
        partitions = consumer.list_topics(work, timeout=20).topics[work].partitions
        return sum(consumer.get_watermark_offsets(TopicPartition(work, n), timeout=20)[1] for n in partitions)
    finally:
        consumer.close()
