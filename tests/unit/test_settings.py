"""Settings: a wrong one stops the start with a sentence that names it."""

import pytest

from lqs.settings import Settings, SettingsInvalid, load
from lqs.wiring.common import simulation
from lqs.wiring.kafka import kafka_access

WRONG = {
    "LQS_DATABASE_URL": ["mysql://host/db", "nonsense", ""],
    "LQS_DATABASE_POOL_SIZE": ["1", "101", "many", "1.5", ""],
    "LQS_STATEMENT_TIMEOUT_SECONDS": ["0", "-1", "nan", "inf", "soon"],
    "LQS_LOCK_TIMEOUT_SECONDS": ["0", "nan", "inf"],
    "LQS_API_PORT": ["-1", "65536", "http"],
    "LQS_SIMULATED_SEED": ["x", "1.5"],
    "LQS_SIMULATED_LATENCY_SECONDS": ["-0.1", "inf"],
    "LQS_SIMULATED_LATENCY_SIGMA": ["-1", "3.1"],
    "LQS_SIMULATED_FAILURES": ["not json", "[]", '{"internal": "often"}', '{"internal": 0.6, "slot_timeout": 0.5}'],
    "LQS_SIMULATED_PRICE_MICROUSD": ["-1", "0.5", "1000000001"],
    "LQS_STATISTICS_TIMEOUT_SECONDS": ["0", "601", "nan"],
    "LQS_WORKER_CAPACITY": ["0", "50001"],
    "LQS_CLAIM_BATCH_SLOTS": ["0", "2001"],
    "LQS_SETTLE_BATCH_SLOTS": ["0", "2001"],
    "LQS_SETTLE_BUFFER_SECONDS": ["-1", "1.1"],
    "LQS_POLL_SECONDS": ["0", "61"],
    "LQS_HEARTBEAT_SECONDS": ["0", "inf"],
    "LQS_LEASE_SECONDS": ["0", "3.9", "inf"],
    "LQS_HOUSEKEEPING_SECONDS": ["0", "inf"],
    "LQS_GRACEFUL_STOP_SECONDS": ["-1", "inf"],
    "LQS_SLOT_TIMEOUT_SECONDS": ["0", "inf"],
    "LQS_REQUEST_OVERHEAD_SECONDS": ["-1", "inf"],
    "LQS_TOMBSTONE_SECONDS": ["86399", "315360001", "soon"],
    "LQS_DEAD_LETTER_SECONDS": ["3599", "315360001", "soon"],
    "LQS_MAX_ATTEMPTS": ["0", "21"],
    "LQS_MAX_CRASHES": ["0", "21"],
    "LQS_RETRY_BASE_SECONDS": ["0", "inf"],
    "LQS_RETRY_CAP_SECONDS": ["0", "inf"],
    "LQS_KAFKA_BOOTSTRAP_SERVERS": ["", "localhost", "localhost:9092,", "a b:1", "kafka://localhost:9092"],
    "LQS_KAFKA_SECURITY_PROTOCOL": ["TLS", "ssl"],
    "LQS_KAFKA_SASL_MECHANISM": ["GSSAPI", "scram"],
    "LQS_KAFKA_SASL_TOKEN_URL": ["issuer.test/token", "https://me:secret@issuer.test/token", ""],
    "LQS_KAFKA_CLIENT_ID": [""],
    "LQS_KAFKA_GROUP_ID": [""],
    "LQS_KAFKA_GROUP_PROTOCOL": ["share", "KIP-848"],
    "LQS_KAFKA_TOPIC_PREFIX": ["", "lqs/work", "a b", "x" * 201],
    "LQS_KAFKA_UNPUBLISHED_SECONDS": ["3599", "31536001"],
    "LQS_KAFKA_EXTRA": ["not json", "[]", "1"],
    "LQS_LOG_LEVEL": ["loud", "INFO "],
    "LQS_LOG_FORMAT": ["xml"],
    "LQS_CRASH_AT": ["nowhere", "worker"],
    "LQS_CRASH_BY": ["hugging"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_is_named_in_a_sentence(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    [sentence] = str(refusal.value).splitlines()
    assert sentence.startswith(name)
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    fit_together = ("LQS_LEASE_SECONDS must be", "LQS_SIMULATED_FAILURES: the shares")
    assert sentence.startswith((f"{name} is wrong: it takes ", *fit_together)), "these are words of a library"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("API_PORT", "http", "a whole number from 0 to 65535, not 'http'"),
        ("POLL_SECONDS", "0", "a number above 0 to 60, not '0'"),
        ("LOG_LEVEL", "loud", "debug, info, warning, error, not 'loud'"),
        ("DATABASE_URL", "mysql://me:hunter2@host/db", "postgresql://user:password@host:port/database"),
        ("SIMULATED_FAILURES", "not json", "a JSON object of error codes and shares"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost", "host:port, more of them behind commas"),
        ("WORKER_CAPACITY", "9" * 60, f"a whole number from 1 to 50000, not '{'9' * 39}..."),
    ],
)
def test_a_wrong_setting_is_told_with_what_it_takes(monkeypatch, name, value, told):
    monkeypatch.setenv(f"LQS_{name}", value)
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    assert str(refusal.value) == f"LQS_{name} is wrong: it takes {told}."


def test_a_failure_that_is_to_be_simulated_must_be_one_that_there_is(monkeypatch):
    monkeypatch.setenv("LQS_SIMULATED_FAILURES", '{"provider_timout": 0.1}')
    with pytest.raises(
        SettingsInvalid, match=r"'provider_timout' is no error code of a slot; those are .*provider_timeout"
    ):
        simulation(load())


def test_all_wrong_settings_are_named_at_once(monkeypatch):
    for name, values in WRONG.items():
        if name not in ("LQS_SIMULATED_FAILURES", "LQS_LEASE_SECONDS"):
            monkeypatch.setenv(name, values[0])
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    named = {line.split(" ")[0] for line in str(refusal.value).splitlines()}
    assert named == set(WRONG) - {"LQS_SIMULATED_FAILURES", "LQS_LEASE_SECONDS"}


@pytest.mark.parametrize(
    ("unknown", "meant"),
    [
        ("LQS_WORKER_CAPACTY", "LQS_WORKER_CAPACITY"),
        ("LQS_DATABASE", "LQS_DATABASE_URL"),
        ("LQS_POLL", "LQS_POLL_SECONDS"),
    ],
)
def test_an_unknown_setting_is_refused_and_the_near_one_suggested(monkeypatch, unknown, meant):
    monkeypatch.setenv(unknown, "1")
    with pytest.raises(SettingsInvalid, match=rf"^{unknown} is not a setting of lqs\. Did you mean {meant}\?$"):
        load()


def test_an_unknown_setting_like_no_other_is_refused_without_a_guess(monkeypatch):
    monkeypatch.setenv("LQS_XYZZY_PLUGH", "1")
    with pytest.raises(SettingsInvalid, match=r"^LQS_XYZZY_PLUGH is not a setting of lqs\.$"):
        load()


def test_a_password_is_never_repeated(monkeypatch):
    monkeypatch.setenv("LQS_DATABASE_URL", "mysql://me:hunter2@host/db")
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    assert "hunter2" not in str(refusal.value)


def test_what_clients_read_and_what_others_set_is_no_concern_of_the_service(monkeypatch):
    monkeypatch.setenv("LQS_API_URL", "http://localhost")
    monkeypatch.setenv("LQS_API_KEY", "lqs_live_x")
    monkeypatch.setenv("OTHER_LQS_THING", "1")
    assert load() == Settings()


def test_a_lease_must_outlast_two_heartbeats(monkeypatch):
    monkeypatch.setenv("LQS_HEARTBEAT_SECONDS", "6")
    with pytest.raises(SettingsInvalid, match=r"^LQS_LEASE_SECONDS must be at least twice LQS_HEARTBEAT_SECONDS"):
        load()


def test_every_setting_can_be_set_and_says_what_it_is(monkeypatch):
    monkeypatch.setenv("LQS_SIMULATED_FAILURES", '{"internal": 0.25}')
    monkeypatch.setenv("LQS_POLL_SECONDS", "0.5")
    settings = load()
    assert (settings.simulated_failures, settings.poll_seconds) == ({"internal": 0.25}, 0.5)
    assert all(field.description for field in Settings.model_fields.values())


def test_the_data_folder_follows_the_user(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert str(load().data_dir) == "/somewhere/lqs"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert str(load().data_dir) == "/var/lib/lqs"


SECRET = "hunter2 and more"
KEY = "-----BEGIN PRIVATE KEY-----\nhunter2 and more\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "LQS_KAFKA_SASL_MECHANISM"),
        ({"SASL_MECHANISM": "PLAIN"}, "LQS_KAFKA_SECURITY_PROTOCOL"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "SCRAM-SHA-512"}, "LQS_KAFKA_SASL_USERNAME"),
        (
            {"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "PLAIN", "SASL_USERNAME": "me"},
            "LQS_KAFKA_SASL_PASSWORD_FILE",
        ),
        (
            {
                "SECURITY_PROTOCOL": "SASL_SSL",
                "SASL_MECHANISM": "OAUTHBEARER",
                "SASL_TOKEN_URL": "https://i.test/token",
            },
            "LQS_KAFKA_SASL_PASSWORD",
        ),
        ({"SASL_TOKEN_URL": "https://i.test/token"}, "LQS_KAFKA_SASL_MECHANISM=OAUTHBEARER"),
        (
            {"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "OAUTHBEARER", "SASL_SCOPE": "kafka"},
            "LQS_KAFKA_SASL_TOKEN_URL",
        ),
        ({"SASL_PASSWORD": SECRET, "SASL_PASSWORD_FILE": "/run/secret"}, "unset one"),
        ({"SSL_KEY": KEY}, "LQS_KAFKA_SSL_CERT"),
        ({"SSL_CERT": "/some/cert.pem"}, "LQS_KAFKA_SSL_KEY"),
    ],
)
def test_settings_of_kafka_that_do_not_fit_together_are_told_in_a_sentence(monkeypatch, given, named):
    for name, value in given.items():
        monkeypatch.setenv(f"LQS_KAFKA_{name}", value)
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    [sentence] = str(refusal.value).splitlines()
    assert named in sentence
    assert SECRET not in sentence


def test_oauthbearer_needs_no_user_and_no_password(monkeypatch):
    monkeypatch.setenv("LQS_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("LQS_KAFKA_SASL_MECHANISM", "OAUTHBEARER")
    assert load().kafka_sasl_mechanism == "OAUTHBEARER"


def test_no_secret_of_kafka_is_in_what_settings_show_of_themselves(monkeypatch):
    monkeypatch.setenv("LQS_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
    monkeypatch.setenv("LQS_KAFKA_SASL_PASSWORD", SECRET)
    monkeypatch.setenv("LQS_KAFKA_SSL_CERT", "/some/cert.pem")
    monkeypatch.setenv("LQS_KAFKA_SSL_KEY", KEY)
    monkeypatch.setenv("LQS_KAFKA_SSL_KEY_PASSWORD", SECRET)
    monkeypatch.setenv("LQS_KAFKA_EXTRA", f'{{"sasl.oauthbearer.client.secret": "{SECRET}"}}')
    settings = load()
    assert SECRET not in repr(settings) + str(settings) + repr(kafka_access(settings)) + settings.model_dump_json()


def test_properties_of_kafka_may_be_words_numbers_and_truths(monkeypatch):
    monkeypatch.setenv("LQS_KAFKA_EXTRA", '{"a": "words", "b": 30000, "c": true}')
    assert {name: value.get_secret_value() for name, value in load().kafka_extra.items()} == {
        "a": "words",
        "b": "30000",
        "c": "true",
    }


def test_without_brokers_kafka_is_not_used():
    assert kafka_access(load()) is None
