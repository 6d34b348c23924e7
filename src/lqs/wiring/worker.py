"""Opens what a worker process needs, and closes it in reverse."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lqs.domain.retry_policy import RetryPolicy
from lqs.generators.catalog import entity_types, generator_for
from lqs.lifecycle.run import Workshop
from lqs.observability.metrics import Metrics
from lqs.observability.telemetry import Telemetry
from lqs.settings import Settings, SettingsInvalid, load
from lqs.wiring.common import bulk_rules, kept, open_telemetry, simulation
from lqs.wiring.database import WORKER_SESSIONS, open_migrated
from lqs.wiring.kafka import kafka_ways, want_events
from lqs.wiring.parts import EntityTypes, Pace, Rules, WorkerParts


@asynccontextmanager
async def open_worker_parts(
    settings: Settings | None = None, types: EntityTypes | None = None
) -> AsyncIterator[WorkerParts]:
    """Everything a worker process needs, for the registered entity types or these.

    Raises `SettingsInvalid`, `DatabaseUnavailable`, `MigrationRefused`, `KafkaTrouble`.
    """
    settings = settings or load()
    metrics = Metrics()
    policy = RetryPolicy(settings.retry_base_seconds, settings.retry_cap_seconds)
    async with (
        open_telemetry(settings, "worker", metrics.listen) as telemetry,
        open_migrated(settings, WORKER_SESSIONS, types) as database,
    ):
        workshop = _workshop(settings, types or entity_types(), policy, telemetry)
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
                    kept=kept(settings),
                    bulk=bulk_rules(settings, workshop.entity_types),
                ),
                open_transport=ways.open_transport,
                open_relay=ways.open_relay,
                open_publishing=ways.open_publishing,
            )
        finally:
            await asyncio.to_thread(stop_telling)


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


def _workshop(settings: Settings, types: EntityTypes, policy: RetryPolicy, telemetry: Telemetry) -> Workshop:
    simulated = simulation(settings)
    try:
        generators = {
            name: generator_for(kind, settings.generator, simulated=simulated) for name, kind in types.items()
        }
    except ValueError as error:
        raise SettingsInvalid(f"LQS_GENERATOR is wrong: {error}.") from None
    return Workshop(
        entity_types=types,
        generators=generators,
        policy=policy,
        telemetry=telemetry,
    )
