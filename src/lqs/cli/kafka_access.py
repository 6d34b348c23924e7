"""How commands reach the brokers that the settings name."""

from lqs.dispatch.kafka.access import Access
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble
from lqs.settings import load
from lqs.wiring.kafka import kafka_access


def kafka_of_the_settings() -> Access:
    """How Kafka is reached. Raises `SettingsInvalid`, and `KafkaTrouble` when it is not used at all."""
    access = kafka_access(load())
    if access is None:
        step = "name the brokers, such as LQS_KAFKA_BOOTSTRAP_SERVERS=localhost:9092"
        raise KafkaTrouble(KafkaCode.NOT_CONFIGURED, "LQS_KAFKA_BOOTSTRAP_SERVERS is not set: Kafka is not used", step)
    return access
