"""What processes of both kinds make from their settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lqs.domain.slot_errors import SlotErrorCode
from lqs.generators.catalog import Simulation, call_price_for
from lqs.lifecycle.bulk_work import BulkRules
from lqs.lifecycle.submission import Defaults
from lqs.lifecycle.tidy import Kept
from lqs.observability.logs import log_listener
from lqs.observability.telemetry import Listener, Telemetry
from lqs.settings import Settings, SettingsInvalid
from lqs.wiring.parts import EntityTypes
from lqs.wiring.traces import tracer


@asynccontextmanager
async def open_telemetry(settings: Settings, process: str, *listeners: Listener) -> AsyncIterator[Telemetry]:
    """The listeners of this process: its log, and these; and its traces, where they are wanted.

    Raises `SettingsInvalid`.
    """
    log = log_listener(process, level=settings.log_level, form=settings.log_format)
    async with tracer(process, Telemetry(log, *listeners)) as tracer_:
        yield Telemetry(log, *listeners, tracer=tracer_)


def kept(settings: Settings) -> Kept:
    return Kept(
        tombstone_seconds=settings.tombstone_seconds,
        dead_letter_seconds=settings.dead_letter_seconds,
        unpublished_seconds=settings.kafka_unpublished_seconds,
    )


def defaults(settings: Settings, types: EntityTypes) -> Defaults:
    simulated = simulation(settings)
    return Defaults(
        slot_timeout_seconds=settings.slot_timeout_seconds,
        overhead_seconds=settings.request_overhead_seconds,
        max_attempts=settings.max_attempts,
        retention_seconds=settings.retention_seconds,
        call_prices={
            name: call_price_for(kind, settings.generator, simulated=simulated) for name, kind in types.items()
        },
    )


def bulk_rules(settings: Settings, types: EntityTypes) -> BulkRules:
    return BulkRules(settings.tombstone_seconds, defaults(settings, types))


def simulation(settings: Settings) -> Simulation:
    known = {code.value: code for code in SlotErrorCode}
    unknown = [code for code in settings.simulated_failures if code not in known]
    if unknown:
        raise SettingsInvalid(
            f"LQS_SIMULATED_FAILURES is wrong: {unknown[0]!r} is no error code of a slot; those are {', '.join(known)}."
        )
    failures = {known[code]: share for code, share in settings.simulated_failures.items()}
    return Simulation(
        seed=settings.simulated_seed,
        latency_median_seconds=settings.simulated_latency_seconds,
        latency_sigma=settings.simulated_latency_sigma,
        failures=failures,
        price_microusd=settings.simulated_price_microusd,
    )
