"""Opens what a process needs from its settings and closes it in reverse; everything below receives plain arguments."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from lqs.dispatch.postgres import Announcer
from lqs.dispatch.publishing import OpenPublishing
from lqs.dispatch.relay import OpenRelay
from lqs.dispatch.transport import OpenTransport
from lqs.domain.entity_type import EntityType
from lqs.domain.rates import Rate, Rates
from lqs.domain.retry_policy import RetryPolicy
from lqs.domain.slot_errors import SlotErrorCode
from lqs.generators.catalog import Simulation, call_price_for, entity_types, generator_for
from lqs.lifecycle.bulk_work import BulkRules, keep_bulk_going
from lqs.lifecycle.expire import keep_deadlines
from lqs.lifecycle.foresee import Foresight
from lqs.lifecycle.quotas import Gate, Quotas
from lqs.lifecycle.run import Workshop
from lqs.lifecycle.submit import Defaults, Submitter
from lqs.lifecycle.tidy import Kept
from lqs.lifecycle.watch import Watch
from lqs.observability.logs import log_listener
from lqs.observability.metrics import Metrics
from lqs.observability.telemetry import Listener, Telemetry
from lqs.settings import Settings, SettingsInvalid, load
from lqs.storage import entities, pool
from lqs.storage.database import Connection, Database
from lqs.storage.embedded import EmbeddedPostgres
from lqs.storage.migrate import MigrationRefused, migrate, pending
from lqs.wiring_kafka import kafka_ways, want_events

EntityTypes = Mapping[str, EntityType]
"""Entity types by their names."""

API_SESSIONS = "lqs api"
WORKER_SESSIONS = "lqs worker"
"""How the server's own views name the connections of the two processes that serve."""


class MigrationNeeded(MigrationRefused):
    """The database lacks what this version needs, and `lqs migrate` makes it."""


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


@asynccontextmanager
async def open_api_parts(settings: Settings | None = None, types: EntityTypes | None = None) -> AsyncIterator[ApiParts]:
    """Everything an API process needs, for the registered entity types or these.

    Raises `SettingsInvalid`, `DatabaseUnavailable`, `MigrationRefused`.
    """
    settings = settings or load()
    types = types or entity_types()
    simulated = _simulation(settings)
    metrics = Metrics()
    telemetry = open_telemetry(settings, "api", metrics.listen)
    async with open_database(settings, API_SESSIONS) as database:
        await refuse_unmigrated(database, types)
        await want_events(settings, database)
        defaults = Defaults(
            slot_timeout_seconds=settings.slot_timeout_seconds,
            overhead_seconds=settings.request_overhead_seconds,
            max_attempts=settings.max_attempts,
            retention_seconds=settings.retention_seconds,
            call_prices={
                name: call_price_for(kind, settings.generator, simulated=simulated) for name, kind in types.items()
            },
        )
        quotas = Quotas(active=settings.active_requests_per_owner, queued=settings.queue_limit_slots)
        submitter = Submitter(
            database,
            telemetry,
            defaults,
            Gate(quotas),
        )
        announcer = Announcer(database, telemetry)
        watch = Watch(database, telemetry)
        async with asyncio.TaskGroup() as background:
            tasks = [
                background.create_task(submitter.run(), name="submit"),
                background.create_task(announcer.run(), name="announce"),
                background.create_task(watch.run(), name="watch"),
                background.create_task(
                    keep_deadlines(database, telemetry, every_seconds=settings.housekeeping_seconds), name="deadlines"
                ),
                background.create_task(
                    keep_bulk_going(
                        database,
                        telemetry,
                        _bulk_rules(settings),
                        every_seconds=settings.housekeeping_seconds,
                        on_ready=announcer.announce,
                    ),
                    name="bulk",
                ),
            ]
            telemetry.emit("api.started")
            try:
                yield ApiParts(
                    database=database,
                    submitter=submitter,
                    announcer=announcer,
                    watch=watch,
                    foresight=Foresight(lease_seconds=settings.lease_seconds),
                    rates=Rates(
                        {Rate.CREATE: settings.rate_create_per_minute, Rate.READ: settings.rate_read_per_minute},
                        time.monotonic,
                    ),
                    quotas=quotas,
                    metrics=metrics,
                    telemetry=telemetry,
                    entity_types=types,
                    defaults=defaults,
                    kept=_kept(settings),
                    lease_seconds=settings.lease_seconds,
                    statistics_timeout_seconds=settings.statistics_timeout_seconds,
                    body_timeout_seconds=settings.body_timeout_seconds,
                )
            finally:
                for task in tasks:
                    task.cancel()
                telemetry.emit("api.stopped")


@asynccontextmanager
async def open_worker_parts(
    settings: Settings | None = None, types: EntityTypes | None = None
) -> AsyncIterator[WorkerParts]:
    """Everything a worker process needs, for the registered entity types or these.

    Raises `SettingsInvalid`, `DatabaseUnavailable`, `MigrationRefused`, `KafkaTrouble`.
    """
    settings = settings or load()
    metrics = Metrics()
    telemetry = open_telemetry(settings, "worker", metrics.listen)
    policy = RetryPolicy(settings.retry_base_seconds, settings.retry_cap_seconds)
    workshop = _workshop(settings, types or entity_types(), policy, telemetry)
    async with open_database(settings, WORKER_SESSIONS) as database:
        await refuse_unmigrated(database, types)
        stop_telling = _tell(metrics, settings, telemetry)
        await want_events(settings, database)
        ways = kafka_ways(settings, database, workshop)
        try:
            yield WorkerParts(
                database=database,
                workshop=workshop,
                telemetry=telemetry,
                pace=Pace(
                    capacity=settings.worker_capacity,
                    claim_batch=settings.claim_batch_slots,
                    settle_batch=settings.settle_batch_slots,
                    settle_buffer_seconds=settings.settle_buffer_seconds,
                    poll_seconds=settings.poll_seconds,
                    heartbeat_seconds=settings.heartbeat_seconds,
                    housekeeping_seconds=settings.housekeeping_seconds,
                    graceful_stop_seconds=settings.graceful_stop_seconds,
                ),
                rules=Rules(
                    lease_seconds=settings.lease_seconds,
                    max_crashes=settings.max_crashes,
                    policy=policy,
                    kept=_kept(settings),
                    bulk=_bulk_rules(settings),
                ),
                open_transport=ways.open_transport,
                open_relay=ways.open_relay,
                open_publishing=ways.open_publishing,
            )
        finally:
            await asyncio.to_thread(stop_telling)


@asynccontextmanager
async def open_database(settings: Settings, process: str) -> AsyncIterator[Database]:
    """A pool to the configured server, or to the embedded one, which is started if it does not run yet.

    `process` is how the server's own views name the connections.
    """
    async with _server(settings) as url:
        database = await Database.open(
            url,
            application_name=process,
            pool_size=settings.database_pool_size,
            statement_timeout_seconds=settings.statement_timeout_seconds,
            lock_timeout_seconds=settings.lock_timeout_seconds,
        )
        try:
            yield database
        finally:
            await database.close()


@asynccontextmanager
async def _server(settings: Settings) -> AsyncIterator[str]:
    if settings.database_url is not None:
        yield settings.database_url
        return
    embedded = EmbeddedPostgres(settings.data_dir)
    try:
        yield await embedded.start()
    finally:
        await embedded.stop()


def _tell(metrics: Metrics, settings: Settings, telemetry: Telemetry) -> Callable[[], None]:
    """Have a worker tell its metrics where the settings say; returns how to end that. Raises `SettingsInvalid`."""
    if settings.worker_metrics_port is None:
        return lambda: None
    host, port = settings.worker_metrics_host, settings.worker_metrics_port
    try:
        port, stop = metrics.serve(host, port)
    except OSError as error:
        raise SettingsInvalid(
            f"LQS_WORKER_METRICS_PORT: nothing can listen on {host}:{port} ({error.strerror}). Choose another port."
        ) from None
    telemetry.emit("metrics.served", address=f"http://{host}:{port}/metrics")
    return stop


def open_telemetry(settings: Settings, process: str, *listeners: Listener) -> Telemetry:
    """The listeners of this process: its log, and these."""
    return Telemetry(log_listener(process, level=settings.log_level, form=settings.log_format), *listeners)


async def migrate_all(database: Database, types: EntityTypes | None = None) -> list[str]:
    """Bring the database to what this code and its entity types expect; returns the migrations it applied."""
    return await migrate(
        database, finish=partial(_ensure, types=types or entity_types()), never_beside=(API_SESSIONS, WORKER_SESSIONS)
    )


async def _ensure(connection: Connection, types: EntityTypes) -> None:
    await entities.ensure_tables(connection, [(kind.name, kind.plural) for kind in types.values()])
    for kind in types.values():
        await pool.fill(connection, kind)


async def refuse_unmigrated(database: Database, types: EntityTypes | None = None) -> None:
    """Raise `MigrationNeeded` when the database is not what this code and these entity types expect."""
    missing = await pending(database)
    if not missing:
        async with database.acquire() as connection:
            there = await entities.tables(connection)
        missing = [
            f"the table of {kind.plural}" for name, kind in (types or entity_types()).items() if name not in there
        ]
    if missing:
        raise MigrationNeeded(f"The database lacks {', '.join(missing)}. Run `lqs migrate` first.")


def _kept(settings: Settings) -> Kept:
    return Kept(
        tombstone_seconds=settings.tombstone_seconds,
        dead_letter_seconds=settings.dead_letter_seconds,
        unpublished_seconds=settings.kafka_unpublished_seconds,
    )


def _bulk_rules(settings: Settings) -> BulkRules:
    return BulkRules(settings.tombstone_seconds, settings.request_overhead_seconds)


def _simulation(settings: Settings) -> Simulation:
    try:
        failures = {SlotErrorCode(code): share for code, share in settings.simulated_failures.items()}
    except ValueError as error:
        raise SettingsInvalid(f"LQS_SIMULATED_FAILURES is wrong: {error}.") from None
    return Simulation(
        seed=settings.simulated_seed,
        latency_median_seconds=settings.simulated_latency_seconds,
        latency_sigma=settings.simulated_latency_sigma,
        failures=failures,
        price_microusd=settings.simulated_price_microusd,
    )


def _workshop(settings: Settings, types: EntityTypes, policy: RetryPolicy, telemetry: Telemetry) -> Workshop:
    simulation = _simulation(settings)
    try:
        generators = {
            name: generator_for(kind, settings.generator, simulated=simulation) for name, kind in types.items()
        }
    except ValueError as error:
        raise SettingsInvalid(f"LQS_GENERATOR is wrong: {error}.") from None
    return Workshop(
        entity_types=types,
        generators=generators,
        policy=policy,
        telemetry=telemetry,
    )
