"""What tests of work on Kafka share: topics of their own, and what is written to and read from them by hand."""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import Message, TopicPartition

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.brokers import Complaints, open_consumer, open_producer, silent
from lqs.dispatch.kafka.topic_plans import TopicName, TopicPlan, topic
from lqs.dispatch.kafka.topics import Topics

PARTITIONS = 4
PLANS = {name: TopicPlan(name, partitions=PARTITIONS, retention_ms=3_600_000) for name in TopicName}


def make_topics(access: Access) -> None:
    Topics(access, PLANS).ensure()


def settings_for(access: Access) -> dict[str, Any]:
    """The settings of a service on these topics, as keywords."""
    return {
        "kafka_bootstrap_servers": access.bootstrap_servers,
        "kafka_topic_prefix": access.topic_prefix,
        "kafka_group_id": access.group_id,
        "kafka_group_protocol": access.group_protocol,
    }


def environment_for(access: Access) -> dict[str, str]:
    """The same for a process, by names without prefix."""
    return {name: str(value) for name, value in settings_for(access).items()}


def put(access: Access, values: Sequence[bytes], name: TopicName = TopicName.WORK, *, partition: int = -1) -> None:
    """Write these values to a topic, durably; into one partition, or into any."""
    producer = open_producer(access, Complaints(access, silent))
    for value in values:
        producer.produce(topic(access.topic_prefix, name), value=value, partition=partition)
    assert producer.flush(20) == 0


def everything(access: Access, name: TopicName = TopicName.WORK) -> list[bytes]:
    """All values that were ever written to a topic."""
    return [message.value() or b"" for message in messages(access, name)]


def messages(access: Access, name: TopicName = TopicName.WORK) -> list[Message]:
    """All messages that were ever written to a topic."""
    consumer = open_consumer(access, Complaints(access, silent), {"group.id": f"{access.group_id}-reads-all"})
    whole = topic(access.topic_prefix, name)
    found: list[Message] = []
    try:
        for partition in consumer.list_topics(whole, timeout=100).topics[whole].partitions:
            _, end = consumer.get_watermark_offsets(TopicPartition(whole, partition), timeout=100)
            consumer.assign([TopicPartition(whole, partition, 0)])
            read = 0
            while read < end:
                message = consumer.poll(20)
                assert message is not None
                assert message.error() is None
                found.append(message)
                read = (message.offset() or 0) + 1
    finally:
        consumer.close()
    return found


def committed(access: Access) -> int:
    """How many messages the workers' group has behind it, over all partitions."""
    consumer = open_consumer(access, Complaints(access, silent), {"group.protocol": "classic"})
    try:
        work = topic(access.topic_prefix, TopicName.WORK)
        found = consumer.committed([TopicPartition(work, n) for n in range(PARTITIONS)], timeout=100)
    finally:
        consumer.close()
    return sum(max(0, one.offset) for one in found)
