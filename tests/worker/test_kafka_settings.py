"""A worker whose settings of Kafka are wrong says so at its start, and says what it thinks of careless ones."""

import pytest
from confluent_kafka import KafkaError
from pydantic import SecretStr

from house import House
from lqs.dispatch.kafka.access import Access, Login
from lqs.dispatch.kafka.brokers import refuse_wrong, trouble
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble
from lqs.observability.telemetry import Telemetry
from shift import Hand, at_work

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
