"""Every setting of the service: typed, validated at start, its unit in its name.

Read from environment variables with the prefix `LQS_`. Only `wiring` and the commands that operate the service read
settings; everything else receives plain arguments.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import (
    Field,
    PostgresDsn,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import from_json, to_json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lqs.crash_points import CrashPoint

PREFIX = "LQS_"
CLIENT_VARIABLES = MappingProxyType(
    {
        "LQS_API_URL": "Address of the API.",
        "LQS_API_KEY": "The key to call it with.",
        "LQS_PROFILE": "Name of the profile in the credentials file that has both.",
    }
)
"""Read by the client library and the commands that use it, never by the service."""


class SettingsInvalid(Exception):
    """A setting is wrong; the message names it and says what would be right."""


def default_data_dir() -> Path:
    """Where the embedded PostgreSQL keeps its data: `/var/lib/lqs` for root, `~/.local/share/lqs` otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/lqs")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "lqs"


class Settings(BaseSettings):
    """All settings with their defaults. Durations are seconds, sizes are rows, slots or bytes as the name says."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, allow_inf_nan=False)

    database_url: str | None = Field(None, description="A PostgreSQL server (15 or newer); unset: the embedded one.")
    data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of the embedded PostgreSQL; it creates it."
    )
    database_pool_size: int = Field(8, ge=2, le=100, description="Connections one process keeps at most.")
    statement_timeout_seconds: float = Field(
        30.0, ge=0.1, le=86_400, description="A statement that takes longer is ended."
    )
    lock_timeout_seconds: float = Field(
        5.0, ge=0.1, le=3600, description="A wait for a lock that takes longer is ended."
    )

    api_host: str = Field("127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(8421, ge=0, le=65535, description="Port the API listens on; 0 takes a free one.")

    header_timeout_seconds: float = Field(
        10.0, ge=0.1, le=600, description="A call whose headers take longer to arrive is closed."
    )
    body_timeout_seconds: float = Field(
        10.0, ge=0.1, le=600, description="A call whose body takes longer to arrive is refused and closed."
    )

    generator: str = Field("offline", description="Which generator makes entities: offline, or simulated (for load).")
    simulated_seed: int = Field(0, description="Seed of the simulated latency and failures.")
    simulated_latency_seconds: float = Field(8.0, ge=0, le=86_400, description="Median of the simulated latency.")
    simulated_latency_sigma: float = Field(0.4, ge=0, le=3, description="Spread: sigma of its log-normal distribution.")
    simulated_failures: Annotated[dict[str, float], NoDecode] = Field(
        default_factory=dict, description='Share of attempts that fail, by code, such as {"provider_timeout": 0.1}.'
    )
    simulated_price_microusd: int = Field(
        2000,
        ge=0,
        le=1_000_000_000,
        description="What a simulated call is told to cost, in millionths of a US dollar; nobody is billed.",
    )

    worker_metrics_port: int | None = Field(
        None, ge=0, le=65535, description="Port where a worker tells its metrics; 0 takes a free one, unset: nowhere."
    )
    worker_metrics_host: str = Field("127.0.0.1", description="Address where it does; the API tells them at /metrics.")
    worker_capacity: int = Field(1000, ge=1, le=50_000, description="Model calls one worker holds in flight at most.")
    claim_batch_slots: int = Field(500, ge=1, le=2000, description="Slots one claim takes at most.")
    settle_batch_slots: int = Field(500, ge=1, le=2000, description="Slots one settle commits at most.")
    settle_buffer_seconds: float = Field(0.02, ge=0, le=1, description="How long a result waits for company.")
    poll_seconds: float = Field(1.0, gt=0, le=60, description="How often a worker looks for work unasked, with jitter.")
    heartbeat_seconds: float = Field(2.0, gt=0, le=3600, description="How often a worker says that it lives.")
    lease_seconds: float = Field(10.0, gt=0, le=86_400, description="A worker silent for longer is taken for dead.")
    housekeeping_seconds: float = Field(
        2.0, gt=0, le=3600, description="How often rescue and deadlines are looked after."
    )
    graceful_stop_seconds: float = Field(
        30.0,
        ge=0,
        le=86_400,
        description="How long a stopping worker lets calls finish; under `lqs up` 3 unless it is set.",
    )

    slot_timeout_seconds: float = Field(90.0, gt=0, le=86_400, description="Longest time one attempt may take.")
    request_overhead_seconds: float = Field(
        120.0, ge=0, le=604_800, description="Deadline of a request: its count times the attempt time, plus this."
    )
    retention_seconds: int = Field(
        7 * 86_400,
        ge=3600,
        le=30 * 86_400,
        description="How long the record of a request is kept after its end; its entities stay.",
    )
    tombstone_seconds: int = Field(
        30 * 86_400,
        ge=86_400,
        le=3650 * 86_400,
        description="How long a purged request, and a bulk operation that has ended, is remembered.",
    )
    dead_letter_seconds: int = Field(
        30 * 86_400,
        ge=3600,
        le=3650 * 86_400,
        description="How long a dead letter outlives its failure; never shorter than its request.",
    )
    max_attempts: int = Field(3, ge=1, le=20, description="Attempts one slot gets before it fails.")
    max_crashes: int = Field(3, ge=1, le=20, description="Workers one slot may lose before it fails.")
    retry_base_seconds: float = Field(
        1.0, gt=0, le=86_400, description="Ceiling of the first retry's delay; it doubles."
    )
    retry_cap_seconds: float = Field(60.0, gt=0, le=86_400, description="Highest ceiling of a retry's delay.")
    statistics_timeout_seconds: float = Field(
        5.0, ge=0.01, le=600, description="Statistics that take longer to count are refused."
    )

    rate_create_per_minute: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Calls that make work, an owner and API process; unset: any number.",
    )
    rate_read_per_minute: int | None = Field(
        None, ge=1, le=1_000_000, description="All other calls, an owner and API process; unset: any number."
    )
    active_requests_per_owner: int | None = Field(
        None, ge=1, le=1_000_000, description="Requests of one owner that are not done at a time; unset: any number."
    )
    queue_limit_slots: int | None = Field(
        None,
        ge=1,
        le=10_000_000,
        description="As many waiting slots, and nothing new is accepted; unset: any number.",
    )

    kafka_bootstrap_servers: str | None = Field(
        None,
        pattern=r"^(\[[0-9a-fA-F:.]+\]|[^\s,:/]+):\d+(,(\[[0-9a-fA-F:.]+\]|[^\s,:/]+):\d+)*$",
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
        description="Where OAUTHBEARER gets tokens for client id and secret; unset: as LQS_KAFKA_EXTRA says.",
    )
    kafka_sasl_scope: str | None = Field(None, description="What rights are asked for there, if the issuer wants that.")
    kafka_ssl_ca: str | None = Field(
        None, description="Whom to trust: a PEM file, or the PEM text itself; unset: the system's authorities."
    )
    kafka_ssl_cert: str | None = Field(None, description="The client's certificate: a PEM file, or the PEM text.")
    kafka_ssl_key: SecretStr | None = Field(None, description="Its private key: a PEM file, or the PEM text.")
    kafka_ssl_key_password: SecretStr | None = Field(None, description="What the private key is encrypted with.")
    kafka_client_id: str = Field("lqs", min_length=1, description="How brokers name the clients in logs and quotas.")
    kafka_client_rack: str | None = Field(None, description="The rack or zone that consumers read in, if brokers can.")
    kafka_group_id: str = Field("lqs-workers", min_length=1, description="The consumer group of all workers.")
    kafka_group_protocol: Literal["classic", "consumer"] = Field(
        "classic", description="How the group shares partitions; consumer (KIP-848) needs brokers of 4.0 or newer."
    )
    kafka_topic_prefix: str = Field(
        "lqs",
        pattern=r"^[a-zA-Z0-9._-]{1,200}$",
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
        description='Further properties of librdkafka as JSON, such as {"socket.timeout.ms": 30000}.',
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: console on a terminal, else json."
    )

    crash_at: CrashPoint | None = Field(
        None, description="For tests of faults: the place where this process ends, once; never set it otherwise."
    )
    crash_by: Literal["kill", "freeze"] = Field("kill", description="For tests of faults: how it ends there.")

    @field_validator("database_url")
    @classmethod
    def _is_a_postgres_url(cls, value: str | None) -> str | None:
        if value is not None:
            TypeAdapter(PostgresDsn).validate_python(value)
        return value

    @field_validator("simulated_failures", mode="before")
    @classmethod
    def _is_json(cls, value: object) -> object:
        return from_json(value) if isinstance(value, str) else value

    @field_validator("kafka_extra", mode="before")
    @classmethod
    def _is_properties(cls, value: object) -> object:
        value = from_json(value) if isinstance(value, str) else value
        if not isinstance(value, dict):
            return value
        return {name: one if isinstance(one, str | SecretStr) else to_json(one).decode() for name, one in value.items()}

    @model_validator(mode="after")
    def _fit_together(self) -> "Settings":
        if self.lease_seconds < 2 * self.heartbeat_seconds:
            raise ValueError(
                "LQS_LEASE_SECONDS must be at least twice LQS_HEARTBEAT_SECONDS, or live workers are robbed"
            )
        if sum(self.simulated_failures.values()) > 1:
            raise ValueError("LQS_SIMULATED_FAILURES: the shares must add up to at most 1")
        self._kafka_fits_together()
        return self

    def _kafka_fits_together(self) -> None:
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


def load() -> Settings:
    """Read and check all settings from the environment.

    Raises `SettingsInvalid` with one sentence per wrong setting, each naming its environment variable.
    """
    refuse_unknown_variables()
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsInvalid("\n".join(_sentence(detail) for detail in error.errors())) from None


def refuse_unknown_variables() -> None:
    """Raise `SettingsInvalid` for a variable that looks like one of lqs and is none, with the one that was meant."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | CLIENT_VARIABLES.keys()
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            begun = [one for one in known if one.startswith(name)]
            near = difflib.get_close_matches(name, sorted(begun or known), n=1, cutoff=0 if begun else 0.6)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SettingsInvalid(f"{name} is not a setting of lqs.{hint}")


def _sentence(detail: Mapping[str, object]) -> str:
    place = detail["loc"]
    assert isinstance(place, tuple)
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{PREFIX}{str(place[0]).upper()} is wrong: {message}." if place else f"{message}."
