"""What can be wrong with Kafka, in words for whoever runs the service; each kind has one stable code."""

from enum import StrEnum


class KafkaCode(StrEnum):
    """Why something that needs Kafka could not be done."""

    NOT_CONFIGURED = "kafka_not_configured"
    SETTINGS_REFUSED = "kafka_settings_refused"
    LOGIN_REFUSED = "kafka_login_refused"
    CERTIFICATE_REFUSED = "kafka_certificate_refused"
    NOT_ALLOWED = "kafka_not_allowed"
    UNREACHABLE = "kafka_unreachable"
    TOPIC_MISSING = "kafka_topic_missing"
    FAILED = "kafka_failed"


class KafkaTrouble(Exception):
    """Something that needs Kafka could not be done. `next_step` says what to do about it; neither holds a secret."""

    def __init__(self, code: KafkaCode, what: str, next_step: str) -> None:
        super().__init__(what)
        self.code = code
        self.next_step = next_step
