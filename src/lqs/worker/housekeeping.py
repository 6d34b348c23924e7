"""The duties every worker does for all: each is bounded, guarded and never waits for a lock, so none needs a leader."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial

from lqs.crash_points import CrashPoint, crash_point
from lqs.lifecycle.duties import Booked, do_duty
from lqs.lifecycle.expire import deadline_duties
from lqs.lifecycle.promote import promote
from lqs.lifecycle.rescue import rescue, time_out
from lqs.observability.telemetry import Telemetry
from lqs.storage.database import Database
from lqs.wiring import Rules

_BATCH = 500


async def keep_house(
    database: Database, telemetry: Telemetry, rules: Rules, *, every_seconds: float, on_ready: Callable[[], None]
) -> None:
    """Do every duty, then wait about `every_seconds`, until cancelled. `on_ready` hears that slots became ready."""
    while True:
        await asyncio.sleep(every_seconds * random.uniform(0.5, 1.5))
        if await look_after_all(database, telemetry, rules, every_seconds=every_seconds):
            on_ready()


async def look_after_all(database: Database, telemetry: Telemetry, rules: Rules, *, every_seconds: float) -> int:
    """Do every duty once, each until nothing is left of it; returns how many slots moved. The next time is
    `every_seconds` away.
    """
    duties: dict[str, Callable[[], Awaitable[Booked]]] = {
        "slots.rescued": partial(
            rescue, database, lease_seconds=rules.lease_seconds, max_crashes=rules.max_crashes, batch=_BATCH
        ),
        "slots.timed_out": partial(time_out, database, policy=rules.policy, batch=_BATCH),
        **deadline_duties(database, batch=_BATCH, every_seconds=every_seconds),
        "slots.promoted": partial(promote, database, policy=rules.policy, batch=_BATCH),
    }
    moved = 0
    for name, duty in duties.items():
        moved += await do_duty(telemetry, name, duty)
        crash_point(CrashPoint.HOUSEKEEPING_BETWEEN)
    return moved
