"""The sweep: a process is started armed at one named place of its code, and comes to it."""

import asyncio
import signal
import time
from types import MappingProxyType

from faults.kinds import LEASE_SECONDS, Target
from faults.members import START_SECONDS
from lqs.crash_points import CrashPoint

_PASSED_SECONDS = 20.0
"""On a machine that has other things to do a process takes half of it to start."""
_BEYOND_EVERY_HOLD = "25 seconds"
"""Longer than a worker with the harness's settings may hold a slot: its attempt time, and 15 s for a wedged one."""
_ALONE = frozenset(
    {CrashPoint.RESCUE_BURIED, CrashPoint.RESCUE_MOVED, CrashPoint.EXPIRE_MOVED, CrashPoint.GIVE_UP_MOVED}
)
"""Come to while no other worker is there: to do it first, or at all. What the others held is left behind."""
_AHEAD = frozenset({CrashPoint.TIME_OUT_MOVED, CrashPoint.CANCEL_SWEEP_MOVED})
"""Come to by a process whose clock is so far ahead that what it looks for is there."""
_BULK = frozenset({CrashPoint.BULK_BATCH_DONE, CrashPoint.BULK_BATCH_COMMITTING})
_DUTIES = _ALONE | _AHEAD | _BULK | {CrashPoint.PROMOTE_MOVED}
_BEFORE_ALL_OTHERS = MappingProxyType({"housekeeping_seconds": "0.05"})
_STOPS = frozenset({CrashPoint.HAND_BACK_MOVED, CrashPoint.HANDED_BACK})


def points_of(kind: str) -> list[CrashPoint]:
    """Every place that this kind of process passes."""
    return [point for point in CrashPoint if point.value.startswith(f"{kind}.")]


def needs_peace(point: CrashPoint) -> bool:
    """Whether a process comes to this place only while the other processes of its kind are in a certain way."""
    return point in _ALONE or point in _AHEAD


async def swept(target: Target, point: CrashPoint, *, freeze: bool = False) -> bool:
    """Start the target's process armed at this place and see it die there, or freeze and go on; whether it did."""
    member = target.process
    clock_moved = point in _AHEAD
    if clock_moved:
        await _move_clock_for_newcomers(target, _BEYOND_EVERY_HOLD)
    try:
        member.arm(point, freeze=freeze, **_settings(point))
        starts = member.starts
        member.signal(signal.SIGKILL)
        member.resting = False
        await member.until_started_after(starts)
        bringing = asyncio.ensure_future(_bring_about(target, point))
        try:
            passed = await member.until_passed(point, seconds=_PASSED_SECONDS)
        finally:
            bringing.cancel()
            await asyncio.gather(bringing, return_exceptions=True)
    finally:
        member.arm(None)
        if clock_moved:
            await target.service.move_clock(None)
    member.resting = passed and not freeze  # so that its next start is already armed; the lane wakes it otherwise
    if freeze and passed:
        await asyncio.sleep(LEASE_SECONDS * target.rng.choice([0.3, 1.4]))
        member.signal(signal.SIGCONT)
        await asyncio.sleep(0.5)
    elif not passed:
        member.signal(signal.SIGKILL)  # it must not die there later, unseen
    return passed


def _settings(point: CrashPoint) -> dict[str, str]:
    if point in _STOPS:
        return {"graceful_stop_seconds": "0", "simulated_latency_seconds": "1.5"}
    if point is CrashPoint.TIME_OUT_MOVED:
        # With a clock that is ahead it would take everybody else for dead, and rescue instead.
        return {"lease_seconds": "60", **_BEFORE_ALL_OTHERS}
    if point is CrashPoint.EXPIRE_MOVED:
        return {"simulated_latency_seconds": "20", **_BEFORE_ALL_OTHERS}
    return dict(_BEFORE_ALL_OTHERS) if point in _DUTIES else {}


async def _bring_about(target: Target, point: CrashPoint) -> None:
    """What must happen so that the process comes to this place; most come by themselves under load."""
    member = target.process
    if point in _ALONE:
        others = [other for other in target.service.workers if other is not member]
        for other in others:
            if await other.until("works", seconds=START_SECONDS) and other.process is not None:
                await _until_holding(target, other.process.pid)
            other.resting = True  # or it would be back in time to rescue itself
            other.signal(signal.SIGKILL)
        try:
            await member.until_passed(point, seconds=_PASSED_SECONDS)
        finally:
            for other in others:
                other.resting = False
    if point in _STOPS and await member.until("works", seconds=START_SECONDS) and member.process is not None:
        await _until_holding(target, member.process.pid)
        member.process.send_signal(signal.SIGTERM)


async def _until_holding(target: Target, pid: int, seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    held = "SELECT count(*) AS n FROM slots s JOIN workers w ON w.id = s.worker_id WHERE w.pid = $1"
    while time.monotonic() < until:
        [row] = await target.service.server.ask_patiently(target.service.database, held, pid)
        if row["n"]:
            return
        await asyncio.sleep(0.03)


async def _move_clock_for_newcomers(target: Target, offset: str) -> None:
    database = target.service.database
    await target.service.server.ask_patiently(database, f"ALTER DATABASE {database} SET lqs.clock_offset = '{offset}'")
