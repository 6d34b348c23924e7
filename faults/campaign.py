"""A run in rounds: each a fresh service, load and faults at the same time, then peace and an audit."""

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from faults.audit import QUIET_SECONDS, audit
from faults.lanes import Injected, Part, inject, inject_each
from faults.load import CALL_SECONDS, Visitor, load
from faults.planted import Bug, plant
from faults.record import Record
from faults.report import Report, commit
from faults.scenarios import SCENARIOS, Stage
from faults.server import Server, server
from faults.service import Crew, Service, service
from lqs.crash_points import CrashPoint

VISITORS_AN_OWNER = 3
_ROUND_FAULTS = 250
_ROUND_SECONDS = 240
_EACH_SECONDS = 540
"""So long at most, on a machine that has other things to do; alone it takes a fifth of that."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much a run does: so many faults, in at most so many seconds; without a number all of these parts."""

    faults: int | None
    seconds: float
    parts: Sequence[Part] = tuple(Part)


FULL = Scale(faults=1000, seconds=15 * 60)
SHORT = Scale(faults=None, seconds=110)


async def run(seed: int, scale: Scale, *, logs: Path | None = None) -> Report:
    """Rounds until there were enough faults; `logs` keeps what the processes said."""
    report = Report(seed, commit())
    began = time.monotonic()
    async with server(durable=True) as postgres:
        number = 0
        while number == 0 or (
            scale.faults is not None
            and report.kinds.total() < scale.faults
            and time.monotonic() - began < scale.seconds - 60
        ):
            number += 1
            goal = None if scale.faults is None else min(_ROUND_FAULTS, scale.faults - report.kinds.total())
            with _folder(logs, f"round-{number}") as folder:
                passed = [CrashPoint(point) for point in report.points]
                found = await play_round(
                    postgres, seed, number, goal=goal, parts=scale.parts, passed=passed, folder=folder
                )
            report.add(found)
            report.seconds = time.monotonic() - began
            print(f"round {number}: {found.line}", file=sys.stderr, flush=True)
    return report


async def play_round(
    postgres: Server,
    seed: int,
    number: int,
    *,
    goal: int | None,
    parts: Sequence[Part],
    passed: Collection[CrashPoint],
    folder: Path,
) -> Report:
    """One round with a fresh service; without a goal all of these parts. `passed` are places of earlier rounds."""
    report, record, injected = Report(seed, commit()), Record(), Injected()
    began = time.monotonic()
    watch = Watch(report.phases)
    if postgres.disk is None:
        report.not_run.append("disk_full: mounting a small file system is not permitted here")
    async with service(postgres, folder, Crew()) as running, visitors(running, record, f"{seed}:{number}") as clients:
        async with load(clients):
            watch.lap("start")
            if goal is None:
                await inject_each(running, f"{seed}:{number}", injected, parts=parts, until=began + _EACH_SECONDS)
            else:
                await inject(
                    running,
                    f"{seed}:{number}",
                    injected,
                    goal=goal,
                    until=began + _ROUND_SECONDS,
                    done=lambda: record.done,
                    passed=passed,
                )
        watch.lap("faults")
        report.indeterminate, report.recovered = await audit(running, record, clients, quiet_seconds=QUIET_SECONDS)
        watch.lap("audit")
    watch.lap("end")
    _sum_up(report, record, injected)
    report.seconds = time.monotonic() - began
    return report


class Watch:
    """How many seconds each phase took."""

    def __init__(self, phases: Counter[str]) -> None:
        self._phases = phases
        self._since = time.monotonic()

    def lap(self, phase: str) -> None:
        """This phase ends now."""
        now = time.monotonic()
        self._phases[phase] += round(now - self._since)
        self._since = now


@asynccontextmanager
async def visitors(running: Service, record: Record, seed: str) -> AsyncIterator[list[Visitor]]:
    """Clients of every owner; the first ones are one of each owner, in their order."""
    limits = httpx.Limits(max_keepalive_connections=100)
    async with httpx.AsyncClient(timeout=CALL_SECONDS, limits=limits, trust_env=False) as http:
        yield [
            Visitor(record, http, running.addresses, owner, running.keys, random.Random(f"{seed}:visitor {n} {owner}"))
            for n in range(VISITORS_AN_OWNER)
            for owner in range(len(running.keys))
        ]


def _sum_up(report: Report, record: Record, injected: Injected) -> None:
    report.kinds.update(kind for kind, _ in injected.faults)
    report.points.update({str(point): times for point, times in injected.points.items()})
    report.missed.update(injected.missed)
    report.answers = record.answers
    report.acknowledged = len(record.seen)
    report.words.update(fault.kind for fault in record.faults)
    report.findings += [f"{fault.kind}: {fault.sentence}" for fault in record.faults]
    settled = [(wish.asked_at, wish.done_at) for wish in record.wishes if wish.done_at is not None]
    for kind, at in injected.faults:
        after = [done_at for asked_at, done_at in settled if asked_at >= at]
        if after:
            report.recoveries.setdefault(kind, []).append(min(after) - at)


@contextmanager
def _folder(logs: Path | None, name: str) -> Iterator[Path]:
    """A folder for what the processes of a round say; kept if one to keep them in is named."""
    if logs is not None:
        kept = logs / name
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="lqs-faults-logs-") as folder:
        yield Path(folder)


async def play(postgres: Server, name: str, *, source: Path | None = None, logs: Path | None = None) -> Report:
    """One scenario, of the product's own code or of another copy, and its audit."""
    scenario, report, record = SCENARIOS[name], Report(0, commit()), Record()
    with _folder(logs, name) as folder:
        crew = replace(scenario.crew, source=source)
        async with service(postgres, folder, crew) as running, visitors(running, record, name) as clients:
            await scenario.act(Stage(running, record, clients))
            report.indeterminate, report.recovered = await audit(
                running, record, clients, quiet_seconds=scenario.quiet_seconds
            )
    _sum_up(report, record, Injected())
    return report


async def find(bugs: Sequence[Bug], *, logs: Path | None = None) -> list[str]:
    """Play the scenarios of these bugs, on sound code and with each bug planted; returns what went wrong with that."""
    wrong: list[str] = []
    async with server(durable=True) as postgres:
        for name in dict.fromkeys(bug.scenario for bug in bugs):
            report = await play(postgres, name, logs=logs / "sound" if logs else None)
            print(f"sound: {name}: {_words(report)}", file=sys.stderr, flush=True)
            wrong += [f"{name}, on sound code: {finding}" for finding in report.findings]
        for bug in bugs:
            with tempfile.TemporaryDirectory(prefix="lqs-faults-planted-") as folder:
                source = plant(bug, Path(folder))
                report = await play(postgres, bug.scenario, source=source, logs=logs / bug.name if logs else None)
            caught = bool(bug.found_as.intersection(+report.words))
            print(f"{'caught' if caught else 'MISSED'}: {bug.name}: {_words(report)}", file=sys.stderr, flush=True)
            wrong += [] if caught else [f"not caught: {bug.name}"]
    return wrong


def _words(report: Report) -> str:
    return " ".join(f"{word}={number}" for word, number in report.words.items() if number) or "nothing found"
