"""What the service is told about Kafka: where it is, how to log in, how topics and groups are called."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import from_json, to_json
from pydantic_settings import BaseSettings, NoDecode

from lqs.settings.takes import TAKES


class KafkaSettings(BaseSettings):
    """All about Kafka; without `kafka_bootstrap_servers` it is not used."""

    kafka_bootstrap_servers: str | None = Field(
        None,
        pattern=r"^(\[[0-9a-fA-F:.]+\]|[^\s,:/]+):\d+(,(\[[0-9a-fA-F:.]+\]|[^\s,:/]+):\d+)*$",
        json_schema_extra={TAKES: "`host:port`, more of them behind commas"},
        description="Kafka brokers as host:port, separated by commas; unset: Kafka is not used.",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Whether connections to Kafka are encrypted (SSL) and logged in (SASL)."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        None, description="How clients log in to Kafka; OAUTHBEARER needs LQS_KAFKA_SASL_TOKEN_URL as well."
    )
    kafka_sasl_username: str | None = Field(None, description="Who logs in to Kafka; for OAUTHBEARER the client id.")
    kafka_sasl_password: SecretStr | None = Field(
        None, description="The password of that user; for OAUTHBEARER the client's secret."
    )
    kafka_sasl_password_file: Path | None = Field(None, description="A file that holds the password and nothing else.")
    kafka_sasl_token_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s@]+$",
        json_schema_extra={TAKES: "an address with `http://` or `https://`, without a user"},
        description="Where OAUTHBEARER gets tokens for client id and secret; unset: as LQS_KAFKA_EXTRA says.",
    )
    kafka_sasl_scope: str | None = Field(None, description="What rights are asked for there, if the issuer wants that.")
    kafka_ssl_ca: str | None = Field(
        None, description="Whom to trust: a PEM file, or the PEM text itself; unset: the system's authorities."
    )
    kafka_ssl_cert: str | None = Field(None, description="The client's certificate: a PEM file, or the PEM text.")
    kafka_ssl_key: SecretStr | None = Field(None, description="Its private key: a PEM file, or the PEM text.")
    kafka_ssl_key_password: SecretStr | None = Field(None, description="What the private key is encrypted with.")
    kafka_client_id: str = Field(
        "lqs",
        min_length=1,
        json_schema_extra={TAKES: "text, at least one character"},
        description="How brokers name the clients in logs and quotas.",
    )
    kafka_client_rack: str | None = Field(None, description="The rack or zone that consumers read in, if brokers can.")
    kafka_group_id: str = Field(
        "lqs-workers",
        min_length=1,
        json_schema_extra={TAKES: "text, at least one character"},
        description="The consumer group of all workers.",
    )
    kafka_group_protocol: Literal["classic", "consumer"] = Field(
        "classic", description="How the group shares partitions; consumer (KIP-848) needs brokers of 4.0 or newer."
    )
    kafka_topic_prefix: str = Field(
        "lqs",
        pattern=r"^[a-zA-Z0-9._-]{1,200}$",
        json_schema_extra={TAKES: "1 to 200 letters, digits, dots, underscores and hyphens"},
        description="The topics are this with .work, .events and .dlq behind it.",
    )
    kafka_unpublished_seconds: int = Field(
        7 * 86_400,
        ge=3600,
        le=365 * 86_400,
        description="How long an event waits for Kafka before it is given up; a purge waits for its events as long.",
    )
    kafka_again_seconds: float = Field(
        10.0, ge=0.1, le=3600, description="Work that was announced and not claimed for so long is announced again."
    )
    kafka_extra: Annotated[dict[str, SecretStr], NoDecode] = Field(
        default_factory=dict,
        json_schema_extra={TAKES: "a JSON object"},
        description='Further properties of librdkafka as JSON, such as {"socket.timeout.ms": 30000}.',
    )

    @field_validator("kafka_extra", mode="before")
    @classmethod
    def _is_properties(cls, value: object) -> object:
        value = from_json(value) if isinstance(value, str) else value
        if not isinstance(value, dict):
            return value
        return {name: one if isinstance(one, str | SecretStr) else to_json(one).decode() for name, one in value.items()}

    @model_validator(mode="after")
    def _login_fits_together(self) -> Self:
        named = self.kafka_sasl_username is not None
        passwords = [self.kafka_sasl_password, self.kafka_sasl_password_file]
        if self.kafka_security_protocol.startswith("SASL") != (self.kafka_sasl_mechanism is not None):
            raise ValueError(
                "LQS_KAFKA_SASL_MECHANISM goes with the two values of LQS_KAFKA_SECURITY_PROTOCOL that begin with SASL"
            )
        if None not in passwords:
            raise ValueError("LQS_KAFKA_SASL_PASSWORD and LQS_KAFKA_SASL_PASSWORD_FILE are two passwords: unset one")
        by_token = self.kafka_sasl_mechanism == "OAUTHBEARER"
        for_tokens = [self.kafka_sasl_token_url, self.kafka_sasl_scope]
        if for_tokens != [None, None] and not (by_token and self.kafka_sasl_token_url is not None):
            raise ValueError(
                "LQS_KAFKA_SASL_TOKEN_URL is for LQS_KAFKA_SASL_MECHANISM=OAUTHBEARER, and LQS_KAFKA_SASL_SCOPE for "
                "that URL"
            )
        wants_both = self.kafka_sasl_token_url is not None if by_token else self.kafka_sasl_mechanism is not None
        if wants_both and not (named and passwords != [None, None]):
            raise ValueError(
                f"LQS_KAFKA_SASL_USERNAME and LQS_KAFKA_SASL_PASSWORD (or LQS_KAFKA_SASL_PASSWORD_FILE) are needed for "
                f"{self.kafka_sasl_mechanism}"
            )
        if (self.kafka_ssl_cert is None) != (self.kafka_ssl_key is None):
            raise ValueError("LQS_KAFKA_SSL_CERT and LQS_KAFKA_SSL_KEY belong together: set both or neither")
        return self
