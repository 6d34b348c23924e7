"""What Kafka's clients are told: everything the settings say, and nothing by which something could be lost."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from lqs.dispatch.kafka.access import NOT_EXTRA, Access, Certificates, Client, Login, client_properties
from lqs.dispatch.kafka.brokers import without_secrets
from lqs.dispatch.kafka.trouble import KafkaCode, KafkaTrouble

PEM = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"
BARE = Access("one:9092,two:9092")


def secrets(**values: str) -> dict[str, SecretStr]:
    return {name.replace("_", "."): SecretStr(value) for name, value in values.items()}


@pytest.mark.parametrize("client", Client)
def test_every_client_knows_the_brokers_and_says_who_it_is(client: Client) -> None:
    properties = client_properties(Access("one:9092", client_id="me"), client)
    assert (properties["bootstrap.servers"], properties["client.id"]) == ("one:9092", "me")


def test_a_producer_loses_and_doubles_nothing() -> None:
    properties = client_properties(BARE, Client.PRODUCER)
    assert (properties["acks"], properties["enable.idempotence"]) == ("all", True)


def test_a_consumer_commits_nothing_by_itself() -> None:
    properties = client_properties(BARE, Client.CONSUMER)
    assert (properties["enable.auto.commit"], properties["enable.auto.offset.store"]) == (False, False)


def test_what_belongs_to_the_broker_in_the_newer_protocol_is_told_in_the_classic_one_alone() -> None:
    theirs = {"partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"}
    assert theirs <= client_properties(BARE, Client.CONSUMER).keys()
    assert not theirs & client_properties(Access("one:9092", group_protocol="consumer"), Client.CONSUMER).keys()


def test_what_the_caller_wants_wins_over_ours_and_what_the_settings_add_over_both() -> None:
    access = Access("one:9092", extra=secrets(linger_ms="20"))
    more = {"linger.ms": 1, "batch.size": 10_000}
    assert client_properties(BARE, Client.PRODUCER, more)["linger.ms"] == 1
    properties = client_properties(access, Client.PRODUCER, more)
    assert (properties["linger.ms"], properties["batch.size"]) == ("20", 10_000)


@pytest.mark.parametrize("name", sorted(NOT_EXTRA))
def test_no_added_property_may_lose_something_or_shadow_a_setting(name: str) -> None:
    access = Access("one:9092", extra={name: SecretStr("hunter2")})
    with pytest.raises(KafkaTrouble, match=f"^LQS_KAFKA_EXTRA may not set {name}$") as refusal:
        client_properties(access, Client.PRODUCER)
    assert refusal.value.code is KafkaCode.SETTINGS_REFUSED
    assert refusal.value.next_step


def test_a_login_is_told_with_its_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from the file\n", encoding="utf-8")
    told = {"sasl.mechanism": "PLAIN", "sasl.username": "me", "sasl.password": "from the file"}
    login = Login("PLAIN", "me", password_file=tmp_path / "password")
    assert told.items() <= client_properties(Access("one:9092", login=login), Client.ADMIN).items()


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER"])
def test_a_login_by_token_names_no_user(mechanism: str) -> None:
    properties = client_properties(Access("one:9092", login=Login(mechanism)), Client.ADMIN)
    assert properties["sasl.mechanism"] == mechanism
    assert not {"sasl.username", "sasl.password"} & properties.keys()


def test_certificates_are_files_or_the_text_itself(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(PEM, encoding="utf-8")
    certificates = Certificates(ca=str(file), cert=PEM, key=SecretStr(PEM), key_password=SecretStr("k"))
    properties = client_properties(Access("one:9092", certificates=certificates), Client.ADMIN)
    assert {name: value for name, value in properties.items() if name.startswith("ssl.")} == {
        "ssl.ca.location": str(file),
        "ssl.certificate.pem": PEM,
        "ssl.key.pem": PEM,
        "ssl.key.password": "k",
    }


@pytest.mark.parametrize(
    ("access", "setting"),
    [
        (Access("one:9092", certificates=Certificates(ca="/nowhere/hunter2")), "LQS_KAFKA_SSL_CA"),
        (Access("one:9092", certificates=Certificates(key=SecretStr("hunter2"))), "LQS_KAFKA_SSL_KEY"),
        (
            Access("one:9092", login=Login("PLAIN", "me", password_file=Path("/nowhere/hunter2"))),
            "LQS_KAFKA_SASL_PASSWORD_FILE",
        ),
    ],
    ids=["ca", "key", "password"],
)
def test_a_file_that_is_not_there_is_told_by_its_setting_and_without_its_name(access: Access, setting: str) -> None:
    with pytest.raises(KafkaTrouble, match=setting) as refusal:
        client_properties(access, Client.ADMIN)
    assert refusal.value.code is KafkaCode.SETTINGS_REFUSED
    assert "hunter2" not in str(refusal.value) + refusal.value.next_step


def test_checking_certificates_can_only_be_turned_off_where_it_is_seen() -> None:
    assert BARE.certificates_are_checked
    off = {"enable.ssl.certificate.verification": SecretStr("False")}
    assert not Access("one:9092", extra=off).certificates_are_checked


def test_no_secret_is_repeated_wherever_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret-of-a-file\n")
    in_a_file = Access("one:9092", login=Login("PLAIN", "anna", None, file), extra=secrets(some_password="s3cret-too"))
    in_place = replace(in_a_file, login=Login("PLAIN", "anna", SecretStr("s3cret-in-place"), None))
    said = "refused: s3cret-of-a-file, s3cret-in-place, s3cret-too"
    assert without_secrets(said, in_a_file) == "refused: ***, s3cret-in-place, ***"
    assert without_secrets(said, in_place) == "refused: s3cret-of-a-file, ***, ***"
    file.unlink()
    assert without_secrets(said, in_a_file) == "refused: s3cret-of-a-file, s3cret-in-place, ***"
