"""Opens what an API process needs, and closes it in reverse."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lqs.dispatch.postgres import Announcer
from lqs.domain.rates import Rate, Rates
from lqs.generators.catalog import entity_types
from lqs.lifecycle.bulk_work import keep_bulk_going
from lqs.lifecycle.expire import keep_deadlines
from lqs.lifecycle.foresee import Foresight
from lqs.lifecycle.quotas import Gate, Quotas
from lqs.lifecycle.submit import Submitter
from lqs.lifecycle.watch import Watch
from lqs.observability.metrics import Metrics
from lqs.settings import Settings, load
from lqs.wiring.common import bulk_rules, defaults, kept, open_telemetry
from lqs.wiring.database import API_SESSIONS, open_migrated
from lqs.wiring.kafka import want_events
from lqs.wiring.parts import ApiParts, EntityTypes


@asynccontextmanager
async def open_api_parts(settings: Settings | None = None, types: EntityTypes | None = None) -> AsyncIterator[ApiParts]:
    """Everything an API process needs, for the registered entity types or these.

    Raises `SettingsInvalid`, `DatabaseUnavailable`, `MigrationRefused`.
    """
    settings = settings or load()
    types = types or entity_types()
    terms = defaults(settings, types)
    metrics = Metrics()
    async with (
        open_telemetry(settings, "api", metrics.listen) as telemetry,
        open_migrated(settings, API_SESSIONS, types) as database,
    ):
        await want_events(settings, database)
        quotas = Quotas(active=settings.active_requests_per_owner, queued=settings.queue_limit_slots)
        submitter = Submitter(
            database,
            telemetry,
            terms,
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
                        bulk_rules(settings, types),
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
                    defaults=terms,
                    kept=kept(settings),
                    lease_seconds=settings.lease_seconds,
                    statistics_timeout_seconds=settings.statistics_timeout_seconds,
                    body_timeout_seconds=settings.body_timeout_seconds,
                )
            finally:
                for task in tasks:
                    task.cancel()
                telemetry.emit("api.stopped")
