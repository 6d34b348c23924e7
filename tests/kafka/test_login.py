"""Logging in to a real broker: the right password opens, a wrong one is told, and neither is ever repeated."""

import pytest
from pydantic import SecretStr
from tests.kafka.users import PASSWORD, USER

from broker.node import CERTIFICATE
from broker.shared import Address
from lqs.dispatch.kafka.access import Access, Certificates, Login
from lqs.dispatch.kafka.topics import Topics
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble

WRONG = "wrong-and-never-told"


def logging_in(broker: Address, mechanism: str, password: str = PASSWORD, user: str = USER) -> Access:
    login = Login(mechanism, user, SecretStr(password))
    return Access(broker.login_servers, security_protocol="SASL_PLAINTEXT", login=login)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_the_right_password_opens(broker: Address, mechanism: str) -> None:
    assert len(Topics(logging_in(broker, mechanism)).show()) == 3


@pytest.mark.parametrize(
    ("mechanism", "user", "password"),
    [("SCRAM-SHA-256", USER, WRONG), ("SCRAM-SHA-512", "nobody", WRONG), ("PLAIN", USER, WRONG)],
    ids=["password", "user", "plain password"],
)
def test_what_does_not_open_is_told_at_once_and_without_the_password(
    broker: Address, mechanism: str, user: str, password: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KafkaTrouble) as refusal:
        Topics(logging_in(broker, mechanism, password, user)).show()
    assert refusal.value.code is KafkaCode.LOGIN_REFUSED
    assert "LQS_KAFKA_SASL_USERNAME" in refusal.value.next_step
    said = capfd.readouterr()
    assert WRONG not in str(refusal.value) + refusal.value.next_step + said.out + said.err


@pytest.mark.parametrize("ca", [str(CERTIFICATE), CERTIFICATE.read_text(encoding="ascii")], ids=["file", "text"])
def test_over_tls_a_trusted_certificate_opens(broker: Address, ca: str) -> None:
    access = Access(broker.tls_servers, security_protocol="SSL", certificates=Certificates(ca=ca))
    assert len(Topics(access).show()) == 3


def test_over_tls_a_certificate_that_nobody_vouches_for_is_told_at_once(broker: Address) -> None:
    with pytest.raises(KafkaTrouble) as refusal:
        Topics(Access(broker.tls_servers, security_protocol="SSL")).show()
    assert refusal.value.code is KafkaCode.CERTIFICATE_REFUSED
    assert "LQS_KAFKA_SSL_CA" in refusal.value.next_step
