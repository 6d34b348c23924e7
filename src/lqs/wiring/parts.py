"""What processes are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from lqs.dispatch.postgres import Announcer
from lqs.dispatch.publishing import OpenPublishing
from lqs.dispatch.relay import OpenRelay
from lqs.dispatch.transport import OpenTransport
from lqs.domain.entity_type import EntityType
from lqs.domain.rates import Rates
from lqs.domain.retry_policy import RetryPolicy
from lqs.lifecycle.bulk_work import BulkRules
from lqs.lifecycle.foresee import Foresight
from lqs.lifecycle.quotas import Quotas
from lqs.lifecycle.run import Workshop
from lqs.lifecycle.submission import Defaults
from lqs.lifecycle.submit import Submitter
from lqs.lifecycle.tidy import Kept
from lqs.lifecycle.watch import Watch
from lqs.observability.metrics import Metrics
from lqs.observability.telemetry import Telemetry
from lqs.storage.database import Database

EntityTypes = Mapping[str, EntityType]
"""Entity types by their names."""


@dataclass(frozen=True, slots=True)
class ApiParts:
    """The open resources of one API process.

    `call_prices`: by entity type, the most that one call of the configured generator can cost, in millionths of a US
    dollar; None when that is unknown.
    """

    database: Database
    submitter: Submitter
    announcer: Announcer
    watch: Watch
    foresight: Foresight
    rates: Rates
    quotas: Quotas
    metrics: Metrics
    telemetry: Telemetry
    entity_types: EntityTypes
    defaults: Defaults
    lease_seconds: float
    kept: Kept
    statistics_timeout_seconds: float
    body_timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a worker takes at once, and how often it does what. Durations are seconds."""

    capacity: int
    claim_batch: int
    settle_batch: int
    settle_buffer_seconds: float
    poll_seconds: float
    heartbeat_seconds: float
    housekeeping_seconds: float
    graceful_stop_seconds: float


@dataclass(frozen=True, slots=True)
class Rules:
    """How long a silent worker is trusted, how often a slot may lose its worker, what is tried again, what is kept."""

    lease_seconds: float
    max_crashes: int
    policy: RetryPolicy
    kept: Kept
    bulk: BulkRules


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """The open resources of one worker process.

    `open_relay` and `open_publishing` make what announces work and what publishes events, where there is a Kafka.
    """

    database: Database
    workshop: Workshop
    telemetry: Telemetry
    pace: Pace
    rules: Rules
    open_transport: OpenTransport
    open_relay: OpenRelay | None = None
    open_publishing: OpenPublishing | None = None
