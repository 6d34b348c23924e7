"""A worker whose settings of Kafka are wrong says so at its start, and says what it thinks of careless ones."""

from pathlib import Path

import pytest
from confluent_kafka import KafkaError
from pydantic import SecretStr

from house import House
from lqs.dispatch.kafka.access import Access, Certificates, Login
from lqs.dispatch.kafka.brokers import refuse_wrong, trouble
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble
from lqs.observability.telemetry import Telemetry
from shift import Hand, at_work

CERTIFICATES = Path(__file__).parent / "certificates"
"""A certificate and its encrypted key, made for these tests and used nowhere else."""
NOWHERE = {"kafka_bootstrap_servers": "127.0.0.1:1"}


async def test_a_property_that_no_client_knows_stops_the_start(house: House) -> None:
    with pytest.raises(KafkaTrouble, match=r"no\.such\.property") as refusal:
        async with at_work(house.url, Hand.opened(), **NOWHERE, kafka_extra={"no.such.property": "hunter2"}):
            pass
    assert refusal.value.code is KafkaCode.SETTINGS_REFUSED
    assert "hunter2" not in str(refusal.value)


async def test_a_password_file_that_is_not_there_stops_the_start(house: House, tmp_path) -> None:
    login = {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "PLAIN", "kafka_sasl_username": "me"}
    with pytest.raises(KafkaTrouble, match="LQS_KAFKA_SASL_PASSWORD_FILE"):
        async with at_work(
            house.url, Hand.opened(), **NOWHERE, **login, kafka_sasl_password_file=tmp_path / "password"
        ):
            pass


CERT = (CERTIFICATES / "cert.pem").read_text(encoding="ascii")
KEY = SecretStr((CERTIFICATES / "key.pem").read_text(encoding="ascii"))
PASSWORD = SecretStr("for-tests")


@pytest.mark.parametrize(
    "certificates",
    [
        Certificates(ca=CERT, cert=CERT, key=KEY, key_password=PASSWORD),
        Certificates(
            ca=str(CERTIFICATES / "cert.pem"),
            cert=str(CERTIFICATES / "cert.pem"),
            key=SecretStr(str(CERTIFICATES / "key.pem")),
            key_password=PASSWORD,
        ),
    ],
    ids=["text", "files"],
)
def test_the_client_takes_certificates_as_text_and_as_files(certificates: Certificates) -> None:
    refuse_wrong(Access("127.0.0.1:1", security_protocol="SSL", certificates=certificates), Telemetry())


@pytest.mark.parametrize(
    "certificates",
    [
        Certificates(cert=CERT, key=KEY, key_password=SecretStr("not-this-one")),
        Certificates(ca="-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"),
    ],
    ids=["password", "text"],
)
def test_certificates_that_cannot_be_used_stop_the_start_without_being_repeated(certificates: Certificates) -> None:
    with pytest.raises(KafkaTrouble) as refusal:
        refuse_wrong(Access("127.0.0.1:1", security_protocol="SSL", certificates=certificates), Telemetry())
    assert refusal.value.code is KafkaCode.SETTINGS_REFUSED
    assert "not-this-one" not in str(refusal.value)
    assert "nonsense" not in str(refusal.value)


def test_the_client_takes_a_login_by_token() -> None:
    extra = {
        "sasl.oauthbearer.method": SecretStr("oidc"),
        "sasl.oauthbearer.client.id": SecretStr("lqs"),
        "sasl.oauthbearer.client.secret": SecretStr("hunter2"),
        "sasl.oauthbearer.token.endpoint.url": SecretStr("http://127.0.0.1:1/token"),
    }
    login = Login("OAUTHBEARER")
    refuse_wrong(Access("127.0.0.1:1", security_protocol="SASL_PLAINTEXT", login=login, extra=extra), Telemetry())


def test_what_the_client_repeats_of_a_secret_is_blotted_out() -> None:
    extra = {"sasl.oauthbearer.client.secret": SecretStr("hunter2"), "socket.nagle.disable": SecretStr("true")}
    access = Access("127.0.0.1:1", login=Login("PLAIN", "me", SecretStr("hunter3")), extra=extra)
    said = KafkaError(KafkaError._AUTHENTICATION, "hunter2 and hunter3 are not true for me")
    assert str(trouble(said, access)) == "Kafka refuses the login: *** and *** are not true for me"


def test_nobody_turns_off_the_check_of_certificates_without_a_word() -> None:
    heard: list[str] = []
    telemetry = Telemetry(lambda happening: heard.append(happening.name))
    refuse_wrong(Access("127.0.0.1:1"), telemetry)
    assert heard == []
    off = {"enable.ssl.certificate.verification": SecretStr("false")}
    refuse_wrong(Access("127.0.0.1:1", extra=off), telemetry)
    assert heard == ["kafka.certificates_unchecked"]
