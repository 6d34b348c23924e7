"""How Kafka is reached: one place that makes the properties of every client.

Names and meanings are those of librdkafka's CONFIGURATION.md.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble


class Client(StrEnum):
    """What a client is for."""

    PRODUCER = "producer"
    CONSUMER = "consumer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in, by which mechanism.

    For OAUTHBEARER name and password are those that `token_url` wants for a token with this `scope`; without a
    `token_url` further properties have to say where tokens come from.
    """

    mechanism: str
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    token_url: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Certificates:
    """Whom to trust and who we are; each is the path of a PEM file, or the PEM text itself."""

    ca: str | None = None
    cert: str | None = None
    key: SecretStr | None = None
    key_password: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Where the brokers are and how they let us in. `extra` are further properties, which may be secret."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    login: Login | None = None
    certificates: Certificates = Certificates()
    client_id: str = "lqs"
    client_rack: str | None = None
    group_id: str = "lqs-workers"
    group_protocol: str = "classic"
    topic_prefix: str = "lqs"
    extra: Mapping[str, SecretStr] = field(default_factory=dict)

    @property
    def certificates_are_checked(self) -> bool:
        """False when somebody has turned off what makes encryption worth its name."""
        told = self.extra.get("enable.ssl.certificate.verification")
        return told is None or told.get_secret_value().lower() != "false"


_COMMON = MappingProxyType({"socket.keepalive.enable": True})
_PRODUCER = MappingProxyType(
    {
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": 1,
        "compression.type": "zstd",
        "delivery.timeout.ms": 30_000,
    }
)
_CONSUMER = MappingProxyType(
    {
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": False,
    }
)
_CLASSIC = MappingProxyType(
    {
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 3_000,
    }
)
"""With the newer protocol these three belong to the broker, and a client that names them is refused."""

NOT_EXTRA = frozenset(
    {
        *("acks", "request.required.acks", "enable.idempotence"),
        *("enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store"),
        *("bootstrap.servers", "metadata.broker.list", "security.protocol"),
        *("sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password"),
        *("group.id", "group.protocol", "client.id"),
    }
)
"""What nothing may be lost or doubled by, and what has a setting of its own."""


def client_properties(
    access: Access, client: Client, more: Mapping[str, object] = MappingProxyType({})
) -> dict[str, object]:
    """The properties of a client, secrets included: hand them to the client and to nobody else.

    `more` is what the caller wants beside them; `extra` of the access wins over both. Raises `KafkaTrouble`.
    """
    properties: dict[str, object] = {
        **_COMMON,
        "bootstrap.servers": access.bootstrap_servers,
        "client.id": access.client_id,
        "security.protocol": access.security_protocol,
        **_login(access.login),
        **_certificates(access.certificates),
    }
    match client:
        case Client.PRODUCER:
            properties |= _PRODUCER
        case Client.CONSUMER:
            properties |= {**_CONSUMER, **_group(access)}
        case Client.ADMIN:
            pass
    return {**properties, **more, **_extra(access)}


def _group(access: Access) -> Mapping[str, object]:
    rack = {"client.rack": access.client_rack} if access.client_rack else {}
    protocol = _CLASSIC if access.group_protocol == "classic" else {}
    return {"group.id": access.group_id, "group.protocol": access.group_protocol, **protocol, **rack}


def _login(login: Login | None) -> Mapping[str, object]:
    if login is None:
        return {}
    password = _password(login)
    named = {"sasl.username": login.username, "sasl.password": password}
    if login.token_url is not None:
        named = {
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.token.endpoint.url": login.token_url,
            "sasl.oauthbearer.client.id": login.username,
            "sasl.oauthbearer.client.secret": password,
            "sasl.oauthbearer.scope": login.scope,
        }
    return {"sasl.mechanism": login.mechanism, **{name: value for name, value in named.items() if value is not None}}


def _password(login: Login) -> str | None:
    if login.password_file is not None:
        return _read(login.password_file, "LQS_KAFKA_SASL_PASSWORD_FILE").rstrip("\r\n")
    return login.password.get_secret_value() if login.password else None


def secrets(access: Access) -> list[str]:
    """Every value that nobody may read in a log; of a password in a file, what the file says now, if it can be read."""
    certificates = access.certificates
    told = [certificates.key, certificates.key_password, *access.extra.values()]
    values = [secret.get_secret_value() for secret in told if secret is not None]
    if access.login is not None:
        with suppress(KafkaTrouble):
            values.append(_password(access.login) or "")
    return [value for value in values if value]


def _certificates(certificates: Certificates) -> Mapping[str, object]:
    key = certificates.key.get_secret_value() if certificates.key else None
    named = {
        **_pem("ssl.ca", certificates.ca, "LQS_KAFKA_SSL_CA"),
        **_pem("ssl.certificate", certificates.cert, "LQS_KAFKA_SSL_CERT"),
        **_pem("ssl.key", key, "LQS_KAFKA_SSL_KEY"),
    }
    if certificates.key_password:
        named["ssl.key.password"] = certificates.key_password.get_secret_value()
    return named


def _pem(name: str, value: str | None, setting: str) -> dict[str, object]:
    if value is None:
        return {}
    if "-----BEGIN" in value:
        return {f"{name}.pem": value}
    _read(Path(value), setting)
    return {f"{name}.location": value}


def _read(file: Path, setting: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        # Not the value: it may be the secret itself, set in the place of a file.
        what = f"{setting} names a file that cannot be read: {reason}"
        raise KafkaTrouble(
            KafkaCode.SETTINGS_REFUSED, what, f"name a file that this user can read in {setting}"
        ) from None


def _extra(access: Access) -> Mapping[str, str]:
    if taken := sorted(NOT_EXTRA & access.extra.keys()):
        what = f"LQS_KAFKA_EXTRA may not set {', '.join(taken)}"
        step = "take it out: it has a setting of its own, or must be as it is for nothing to be lost"
        raise KafkaTrouble(KafkaCode.SETTINGS_REFUSED, what, step)
    return {name: value.get_secret_value() for name, value in access.extra.items()}
