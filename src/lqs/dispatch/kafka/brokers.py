"""Clients of Kafka, opened with their errors in our words. Importing this module imports the client library."""

import logging
import re
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, TopicMetadata

from lqs.dispatch.kafka.access import Access, Client, client_properties, secrets
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble
from lqs.observability.telemetry import Telemetry

_LOOK_SECONDS = 2.0

Opened = TypeVar("Opened", AdminClient, Producer, Consumer)

_NOTHING: Mapping[str, object] = MappingProxyType({})

_CODES = MappingProxyType(
    {
        KafkaError._AUTHENTICATION: KafkaCode.LOGIN_REFUSED,
        KafkaError.SASL_AUTHENTICATION_FAILED: KafkaCode.LOGIN_REFUSED,
        KafkaError.ILLEGAL_SASL_STATE: KafkaCode.LOGIN_REFUSED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM: KafkaCode.LOGIN_REFUSED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED: KafkaCode.NOT_ALLOWED,
        KafkaError.GROUP_AUTHORIZATION_FAILED: KafkaCode.NOT_ALLOWED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED: KafkaCode.NOT_ALLOWED,
        KafkaError._TRANSPORT: KafkaCode.UNREACHABLE,
        KafkaError._ALL_BROKERS_DOWN: KafkaCode.UNREACHABLE,
        KafkaError._TIMED_OUT: KafkaCode.UNREACHABLE,
        KafkaError._RESOLVE: KafkaCode.UNREACHABLE,
        KafkaError._SSL: KafkaCode.CERTIFICATE_REFUSED,
        KafkaError._MSG_TIMED_OUT: KafkaCode.UNREACHABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART: KafkaCode.TOPIC_MISSING,
        KafkaError._UNKNOWN_TOPIC: KafkaCode.TOPIC_MISSING,
        KafkaError._UNKNOWN_PARTITION: KafkaCode.TOPIC_MISSING,
        KafkaError._INVALID_ARG: KafkaCode.SETTINGS_REFUSED,
    }
)

_HOPELESS = frozenset({KafkaCode.LOGIN_REFUSED, KafkaCode.CERTIFICATE_REFUSED})
_SENTENCES = MappingProxyType(
    {
        KafkaCode.LOGIN_REFUSED: (
            "Kafka refuses the login",
            "check LQS_KAFKA_SASL_USERNAME, the password, LQS_KAFKA_SASL_MECHANISM and, for tokens, "
            "LQS_KAFKA_SASL_TOKEN_URL",
        ),
        KafkaCode.CERTIFICATE_REFUSED: (
            "the encrypted connection to Kafka cannot be made",
            "check LQS_KAFKA_SSL_CA, LQS_KAFKA_SSL_CERT, LQS_KAFKA_SSL_KEY and LQS_KAFKA_SECURITY_PROTOCOL",
        ),
        KafkaCode.NOT_ALLOWED: (
            "this user may not do that on Kafka",
            "give it the rights that docs/how-to/run-on-kafka.md lists",
        ),
        KafkaCode.UNREACHABLE: (
            "no Kafka broker answers",
            "check LQS_KAFKA_BOOTSTRAP_SERVERS and LQS_KAFKA_SECURITY_PROTOCOL, and that the brokers run",
        ),
        KafkaCode.TOPIC_MISSING: ("Kafka does not have the topic", "lqs kafka topics ensure"),
        KafkaCode.SETTINGS_REFUSED: (
            "the Kafka client refuses a setting",
            "correct it in LQS_KAFKA_EXTRA, or in the setting that it belongs to",
        ),
        KafkaCode.FAILED: ("Kafka refused", "the same again later; if it stays, look into the log of the brokers"),
    }
)


def trouble(error: KafkaError, access: Access, *, cause: KafkaError | None = None) -> KafkaTrouble:
    """The error in our words. `cause` is what the client complained of before, where that says more."""
    if cause is not None and _CODES.get(error.code()) is KafkaCode.UNREACHABLE and cause.code() in _CODES:
        error = cause
    code = _code_of(error)
    what, step = _SENTENCES[code]
    return KafkaTrouble(code, f"{what}: {without_secrets(error.str(), access)}", step)


def _code_of(error: KafkaError) -> KafkaCode:
    if _REFUSED_BY_THE_OTHER_SIDE.search(error.str()):
        return KafkaCode.CERTIFICATE_REFUSED
    return _CODES.get(error.code(), KafkaCode.FAILED)


_REFUSED_BY_THE_OTHER_SIDE = re.compile(r"SSL routines::[^:]*alert")
"""In TLS 1.3 a broker that wants another certificate says so when the client takes the connection for made."""


def without_secrets(text: str, access: Access) -> str:
    """The text with every secret of the access blotted out, should a broker or the client repeat one."""
    for value in secrets(access):
        if not _NO_SECRET.fullmatch(value):
            text = text.replace(value, "***")
    return text


_NO_SECRET = re.compile(r"true|false|\d{1,6}")
"""What is added as a property may be as plain as this; blotting that out would make nonsense of much else."""


class Complaints(logging.Handler):
    """Remembers the last error of a client, and hands on what its library logs.

    `told` gets the level in lower case and the line, without secrets.
    """

    def __init__(self, access: Access, told: Callable[[str, str], None]) -> None:
        super().__init__()
        self.last: KafkaError | None = None
        self._access = access
        self._told = told
        # Of no tree of loggers: nobody else's configuration makes it louder or sends it elsewhere.
        self.logger = logging.Logger("lqs.kafka")
        self.logger.addHandler(self)

    def hear(self, error: KafkaError) -> None:
        """The client's error callback; called while the client is polled, on the thread that does it."""
        if self.last is None or error.code() != KafkaError._ALL_BROKERS_DOWN:  # the one before says why
            self.last = error

    @property
    def hopeless(self) -> bool:
        """Whether waiting longer is of no use, because somebody has to mend something first."""
        return self.last is not None and _code_of(self.last) in _HOPELESS

    def emit(self, record: logging.LogRecord) -> None:
        """A line of the library's log."""
        self._told(record.levelname.lower(), without_secrets(record.getMessage(), self._access))


def silent(_level: str, _line: str) -> None:
    """For a client whose log nobody reads: its errors come as answers anyway."""


def refuse_wrong(access: Access, telemetry: Telemetry) -> None:
    """Raise `KafkaTrouble` for settings that no client can be made of, whether brokers are there or not."""
    open_admin(access, Complaints(access, silent))
    if not access.certificates_are_checked:
        telemetry.emit(
            "kafka.certificates_unchecked", hint="anybody can pretend to be the brokers; see LQS_KAFKA_EXTRA"
        )


def open_admin(access: Access, complaints: Complaints) -> AdminClient:
    """A client for topics and groups. Raises `KafkaTrouble`."""
    return _opened(AdminClient, access, Client.ADMIN, complaints, _NOTHING)


def topics_seen(admin: AdminClient, complaints: Complaints, *, seconds: float) -> Mapping[str, TopicMetadata]:
    """Every topic that this user may see. Raises `KafkaException` after so long, or as soon as waiting is of no use."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            topics: Mapping[str, TopicMetadata] = admin.list_topics(timeout=_LOOK_SECONDS).topics
        except KafkaException:
            admin.poll(0)
            if complaints.hopeless or time.monotonic() > deadline:
                raise
        else:
            return topics


def open_producer(access: Access, complaints: Complaints, more: Mapping[str, object] = _NOTHING) -> Producer:
    """A client that sends; each by one thread at a time. Raises `KafkaTrouble`."""
    return _opened(Producer, access, Client.PRODUCER, complaints, more)


def open_consumer(access: Access, complaints: Complaints, more: Mapping[str, object] = _NOTHING) -> Consumer:
    """A client that receives; every call to it belongs on one thread. Raises `KafkaTrouble`."""
    return _opened(Consumer, access, Client.CONSUMER, complaints, more)


def _opened(
    kind: Callable[..., Opened], access: Access, client: Client, complaints: Complaints, more: Mapping[str, object]
) -> Opened:
    properties = client_properties(access, client, more)
    try:
        return kind({**properties, "error_cb": complaints.hear}, logger=complaints.logger)
    except KafkaException as error:
        raise trouble(error.args[0], access) from None
    except (TypeError, ValueError) as error:
        what, step = _SENTENCES[KafkaCode.SETTINGS_REFUSED]
        reason = without_secrets(str(error), access)
        raise KafkaTrouble(KafkaCode.SETTINGS_REFUSED, f"{what}: {reason}", step) from None


def reraise(error: KafkaException, access: Access, complaints: Complaints) -> NoReturn:
    """Raise a client's exception in our words."""
    raise trouble(error.args[0], access, cause=complaints.last) from None
