"""Logging in to a real broker without a password: by a token of an issuer, by a certificate of one's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType
from pydantic import SecretStr
from tests.kafka.issuer import CLIENT, SECRET, Issuer, issuing
from tests.kafka.work import make_topics, settings_for

from broker.node import CERTIFICATE
from broker.shared import Address
from house import House
from lqs.dispatch.kafka.access import Access, Certificates
from lqs.dispatch.kafka.brokers import Complaints, open_admin, silent
from lqs.dispatch.kafka.topics import Topics
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble
from lqs.domain.generation_request import Status
from lqs.settings import Settings
from lqs.wiring.kafka import kafka_access
from shift import Hand, at_work

FOLDER = Path(__file__).parent / "credentials"
CERT, KEY, ENCRYPTED_KEY = (FOLDER / name for name in ("client.pem", "client.key", "client.encrypted.key"))
WRONG = "wrong-and-never-told"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer whose tokens the broker takes."""
    with issuing() as one:
        yield one


def token_settings(broker: Address, issuer: Issuer) -> dict[str, Any]:
    return {
        "kafka_bootstrap_servers": broker.token_servers,
        "kafka_security_protocol": "SASL_PLAINTEXT",
        "kafka_sasl_mechanism": "OAUTHBEARER",
        "kafka_sasl_token_url": issuer.url,
        "kafka_sasl_username": CLIENT,
        "kafka_sasl_password": SECRET,
        "kafka_sasl_scope": "kafka",
    }


def certificate_settings(broker: Address) -> dict[str, Any]:
    return {
        "kafka_bootstrap_servers": broker.mutual_servers,
        "kafka_security_protocol": "SSL",
        "kafka_ssl_ca": str(CERTIFICATE),
        "kafka_ssl_cert": str(CERT),
        "kafka_ssl_key": str(KEY),
    }


def access_by(settings: dict[str, Any]) -> Access:
    access = kafka_access(Settings(**settings))
    assert access is not None
    return access


def test_a_token_of_the_issuer_opens_and_is_asked_for_with_the_scope(broker: Address, issuer: Issuer) -> None:
    assert len(Topics(access_by(token_settings(broker, issuer))).show()) == 3
    assert set(issuer.asked) == {"kafka"}


@pytest.mark.parametrize("what_is_wrong", ["the secret", "the place of the issuer", "whom the token is for"])
def test_what_does_not_open_is_told_at_once_and_without_the_secret(
    broker: Address, issuer: Issuer, what_is_wrong: str, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = token_settings(broker, issuer)
    match what_is_wrong:
        case "the secret":
            settings["kafka_sasl_password"] = WRONG
        case "the place of the issuer":
            settings["kafka_sasl_token_url"] = "http://127.0.0.1:1/token"
        case _:
            issuer.audience = "somebody-else"
    with pytest.raises(KafkaTrouble) as refusal:
        Topics(access_by(settings)).show()
    assert refusal.value.code is KafkaCode.LOGIN_REFUSED
    assert "LQS_KAFKA_SASL_TOKEN_URL" in refusal.value.next_step
    said = capfd.readouterr()
    told = str(refusal.value) + refusal.value.next_step + said.out + said.err
    assert WRONG not in told
    assert SECRET not in told


@pytest.mark.parametrize("how", ["files", "text, with a key that a password opens"])
def test_a_certificate_that_the_broker_trusts_opens(broker: Address, how: str) -> None:
    settings = certificate_settings(broker)
    if how != "files":
        settings |= {"kafka_ssl_cert": CERT.read_text(), "kafka_ssl_key": ENCRYPTED_KEY.read_text()}
        settings["kafka_ssl_key_password"] = "opens-the-key"
    assert len(Topics(access_by(settings)).show()) == 3


@pytest.mark.parametrize(
    "shown", [None, (str(CERTIFICATE), CERTIFICATE.with_name("listener.pem"))], ids=["no", "other"]
)
def test_no_certificate_or_another_one_is_told_at_once(broker: Address, shown: tuple[str, Path] | None) -> None:
    settings = certificate_settings(broker) | {"kafka_ssl_cert": None, "kafka_ssl_key": None}
    if shown is not None:
        settings |= {"kafka_ssl_cert": shown[0], "kafka_ssl_key": str(shown[1])}
    with pytest.raises(KafkaTrouble) as refusal:
        Topics(access_by(settings)).show()
    assert refusal.value.code is KafkaCode.CERTIFICATE_REFUSED
    assert "LQS_KAFKA_SSL_CERT" in refusal.value.next_step


def test_a_key_that_its_password_does_not_open_is_told_without_either(broker: Address) -> None:
    certificates = Certificates(str(CERTIFICATE), str(CERT), SecretStr(ENCRYPTED_KEY.read_text()), SecretStr(WRONG))
    with pytest.raises(KafkaTrouble) as refusal:
        Topics(Access(broker.mutual_servers, security_protocol="SSL", certificates=certificates)).show()
    assert refusal.value.code is KafkaCode.SETTINGS_REFUSED
    assert WRONG not in str(refusal.value)
    assert ENCRYPTED_KEY.read_text().splitlines()[1] not in str(refusal.value)


def give_rights(access: Access, user: str) -> None:
    """Those of a worker."""
    admin = open_admin(access, Complaints(access, silent))
    kinds = {ResourceType.TOPIC: (AclOperation.READ, AclOperation.WRITE), ResourceType.GROUP: (AclOperation.READ,)}
    bindings = [
        AclBinding(
            kind, access.topic_prefix, ResourcePatternType.PREFIXED, f"User:{user}", "*", right, AclPermissionType.ALLOW
        )
        for kind, rights in kinds.items()
        for right in rights
    ]
    for answer in admin.create_acls(bindings).values():
        answer.result(30)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("way", ["token", "certificate"])
async def test_a_worker_hears_of_work_and_tells_others_of_it(
    house: House, access: Access, broker: Address, issuer: Issuer, eventually: Any, way: str
) -> None:
    make_topics(access)
    give_rights(access, CLIENT if way == "token" else "CN=certified")
    # Kafka lets a client log in anew at most once a second; shorter tokens, renewed late, are refused for that.
    issuer.good_for_seconds = 5
    settings = token_settings(broker, issuer) if way == "token" else certificate_settings(broker)
    async with at_work(house.url, Hand.opened(), **{**settings_for(access), **settings}, poll_seconds=60) as shift:
        asked = []

        async def named() -> bool:
            if not shift.heard("slots.named"):
                asked.append(await house.submit())
            return bool(shift.heard("slots.named"))

        async def all_is_done_and_told() -> bool:
            waits = await house.rows("SELECT 1 FROM unpublished_events LIMIT 1")
            return waits == [] and {(await house.read(one)).status for one in asked} == {Status.COMPLETED}

        await eventually(named, seconds=90)
        if way == "token":
            first = len(issuer.asked)

            async def every_token_was_renewed() -> bool:
                return len(issuer.asked) >= 2 * first

            await eventually(every_token_was_renewed, seconds=90)
        asked.append(await house.submit())
        await eventually(all_is_done_and_told, seconds=90)
        assert way == "token" or shift.heard("publishing.in_trouble") == []
