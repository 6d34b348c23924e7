"""What the service itself is told: its database, its API, its workers, its generation requests, its limits."""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, PostgresDsn, TypeAdapter, field_validator, model_validator
from pydantic_core import from_json
from pydantic_settings import BaseSettings, NoDecode

from lqs.settings.takes import TAKES


def default_data_dir() -> Path:
    """Where the embedded PostgreSQL keeps its data: `/var/lib/lqs` for root, `~/.local/share/lqs` otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/lqs")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "lqs"


class ServiceSettings(BaseSettings):
    """All of the service itself. Durations are seconds, sizes are rows, slots or bytes as the name says."""

    database_url: str | None = Field(
        None,
        json_schema_extra={TAKES: "`postgresql://user:password@host:port/database`"},
        description="A PostgreSQL server (15 or newer); unset: the embedded one.",
    )
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
        default_factory=dict,
        json_schema_extra={TAKES: "a JSON object of error codes and shares"},
        description='Share of attempts that fail, by code, such as {"provider_timeout": 0.1}.',
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

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.lease_seconds < 2 * self.heartbeat_seconds:
            raise ValueError(
                "LQS_LEASE_SECONDS must be at least twice LQS_HEARTBEAT_SECONDS, or live workers are robbed"
            )
        if sum(self.simulated_failures.values()) > 1:
            raise ValueError("LQS_SIMULATED_FAILURES: the shares must add up to at most 1")
        return self
