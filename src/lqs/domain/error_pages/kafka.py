"""What is told about the errors of commands and workers that use Kafka, each under its code, with its title."""

from collections.abc import Mapping
from types import MappingProxyType

from lqs.domain.error_pages.page import Told

KAFKA: Mapping[str, tuple[str, Told]] = MappingProxyType(
    {
        "kafka_not_configured": (
            "Kafka is not used",
            Told(
                "The command needs Kafka, and no setting names its brokers. The service itself works without it.",
                ("LQS_KAFKA_BOOTSTRAP_SERVERS is not set here",),
                "name the brokers: `LQS_KAFKA_BOOTSTRAP_SERVERS=localhost:9092 lqs kafka topics show`",
            ),
        ),
        "kafka_settings_refused": (
            "The Kafka client refuses a setting",
            Told(
                "A setting that begins with LQS_KAFKA_ has a value that the Kafka client does not take.",
                ("a name or a value in LQS_KAFKA_EXTRA is misspelt", "a file that is named cannot be read"),
                "correct it, and then `lqs kafka topics show`",
            ),
        ),
        "kafka_login_refused": (
            "Kafka refuses the login",
            Told(
                "The brokers do not know the user, or refuse the password or the certificate.",
                (
                    "user or password are wrong",
                    "the mechanism is another than the brokers expect",
                    "the issuer of tokens is not at LQS_KAFKA_SASL_TOKEN_URL, or the brokers do not take its tokens",
                ),
                "correct the login in the settings, and then `lqs kafka topics show`",
            ),
        ),
        "kafka_certificate_refused": (
            "A certificate is refused on the way to Kafka",
            Told(
                "The client does not trust the brokers' certificate, or the brokers do not trust the client's.",
                (
                    "LQS_KAFKA_SSL_CA does not name the authority that signed the brokers' certificate",
                    "the certificate is for another host name, or has expired",
                    "the brokers want a certificate of the client, or another than LQS_KAFKA_SSL_CERT",
                    "the brokers speak without TLS where LQS_KAFKA_SECURITY_PROTOCOL asks for it",
                ),
                "correct the certificates in the settings, and then `lqs kafka topics show`",
            ),
        ),
        "kafka_not_allowed": (
            "This Kafka user may not do this",
            Told(
                "The login is good, but lacks a right on the topic.",
                ("the access lists of the brokers do not name this user for this topic",),
                "whoever runs the brokers grants the right; `lqs kafka topics show` then works",
            ),
        ),
        "kafka_unreachable": (
            "No Kafka broker answers",
            Told(
                "None of the brokers that are named could be reached. Work goes on through the database.",
                ("the brokers are down", "LQS_KAFKA_BOOTSTRAP_SERVERS or LQS_KAFKA_SECURITY_PROTOCOL is wrong"),
                "correct the settings or start the brokers, and then `lqs kafka topics show`",
            ),
        ),
        "kafka_topic_missing": (
            "Kafka does not have the topic",
            Told(
                "A topic that lqs uses was never made, or was deleted.",
                ("lqs is new on these brokers",),
                "`lqs kafka topics ensure` makes every topic that is missing",
            ),
        ),
        "kafka_failed": (
            "Kafka refused",
            Told(
                "The brokers answered with an error that has no sentence of its own here.",
                ("the log of the brokers says more",),
                "the same again later; `lqs kafka topics show` tells how the topics are",
            ),
        ),
    }
)
