"""The processes of the service: started, started again when they die, killed, frozen and thawed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from faults.server import send
from lqs.crash_points import CrashPoint

_LOOK_SECONDS = 0.03
_BREATH_SECONDS = 0.25
"""How long after its end a process is started again; one that cannot start must not take all processor time."""
START_SECONDS = 30.0
"""A start takes about a second, but much longer on a machine with other things to do."""
_STARTED = {"worker": b'"worker.started"', "api": b'"api.started"'}


@dataclass
class Member:
    """One process of the service, `worker-1` or the like; it is always there, unless it is told to rest.

    `keep` starts it and starts it again; `arm` says how it starts the next time.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    resting: bool = False
    process: "subprocess.Popen[bytes] | None" = None
    starts: int = 0
    _next: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`worker` or `api`."""
        return self.name.partition("-")[0]

    @property
    def lives(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> Path:
        """What it has said since its last start."""
        return self.folder / f"{self.name}.{self.starts}.log"

    def arm(self, point: CrashPoint | None, *, freeze: bool = False, **settings: str) -> None:
        """How it starts the next time, and only then; settings by their names without prefix."""
        self._next = {f"LQS_{name.upper()}": value for name, value in settings.items()}
        if point is not None:
            self._next |= {"LQS_CRASH_AT": point.value, "LQS_CRASH_BY": "freeze" if freeze else "kill"}

    def start(self) -> None:
        """Start it now. Its standard input ends with us, and so does it."""
        self.starts += 1
        changed, self._next = self._next, {}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lqs.cli", *self.command, "--end-with-stdin"],
                env={**os.environ, **self.environment, **changed},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def keep(self) -> None:
        """Start it whenever it does not run and does not rest, until cancelled."""
        while True:
            if not self.resting and not self.lives:
                if self.process is not None:
                    await asyncio.sleep(_BREATH_SECONDS)
                self.start()
            await asyncio.sleep(_LOOK_SECONDS)

    def family(self) -> list[psutil.Process]:
        """Its process and those it started."""
        if self.process is None or self.process.poll() is not None:
            return []
        try:
            mother = psutil.Process(self.process.pid)
            return [mother, *mother.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def signal(self, sign: signal.Signals) -> int:
        """Signal all of it; returns how many processes that were."""
        family = self.family()
        for process in family:
            send(process.pid, sign)
        return len(family)

    def said(self, words: bytes) -> bool:
        """Whether it has said this since its last start."""
        return self.starts > 0 and words in self.log.read_bytes()

    def passed(self, point: CrashPoint) -> bool:
        """Whether it came to the place at which it was armed."""
        return self.said(f"crash point {point} passed".encode())

    @property
    def works(self) -> bool:
        """Whether it is past its start."""
        return self.lives and self.said(_STARTED[self.kind])

    async def until(self, name: str, *, seconds: float) -> bool:
        """Wait until one of its properties is true; False if that takes too long."""
        deadline = time.monotonic() + seconds
        while not getattr(self, name):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True

    async def until_started_after(self, starts: int) -> None:
        """Wait until it was started more often than so many times."""
        while self.starts <= starts:
            await asyncio.sleep(_LOOK_SECONDS)

    async def until_passed(self, point: CrashPoint, *, seconds: float) -> bool:
        """Wait until it came to this place; False if that takes too long after its start, or if it ended otherwise."""
        deadline = time.monotonic() + START_SECONDS
        start, works = self.starts, False
        while not self.passed(point):
            if self.works and not works:
                works, deadline = True, time.monotonic() + seconds
            if time.monotonic() > deadline or self.starts != start:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True

    async def end(self) -> None:
        """Kill it for good, thawed or frozen, and collect it."""
        self.resting = True
        self.signal(signal.SIGKILL)
        if self.process is not None:
            await asyncio.to_thread(self.process.wait)
