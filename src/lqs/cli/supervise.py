"""Keeps processes running: each in a session of its own, started again when it ends, and ended together.

Plain asyncio. A child holds the reading end of a pipe as its standard input; when this process is gone, even by
SIGKILL, the pipe closes and the child ends itself (`lqs.lifeline`).
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from lqs.cli.exit_codes import ExitCode

QUICK_SECONDS = 15.0
"""A process that ends sooner after its start has died quickly."""
MOST_QUICK_DEATHS = 4
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Part:
    """A command of `lqs` to keep running; `name` is what people call it."""

    name: str
    words: Sequence[str]


class KeepsEnding(Exception):
    """A process does not stay; the message says which, and how it ended. `exit_code` is its last."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Supervisor:
    """Runs each part as a child. `output` takes what the children say; None: where this process says it.

    `tell` hears one sentence for people each time that a child ended by itself. A child that is asked to end has
    `stop_seconds` before it is killed.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        environment: Mapping[str, str],
        *,
        output: int | None,
        tell: Callable[[str], None],
        stop_seconds: float,
    ) -> None:
        self._parts = parts
        self._environment = environment
        self._output = output
        self._tell = tell
        self._stop_seconds = stop_seconds
        self._children: dict[str, asyncio.subprocess.Process] = {}

    async def run(self) -> None:
        """Keep all parts running until cancelled, and end them then. Raises `KeepsEnding`."""
        try:
            async with asyncio.TaskGroup() as group:
                for part in self._parts:
                    group.create_task(self._keep(part), name=part.name)
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    def kill(self) -> None:
        """End every child at once; `run` goes on from there."""
        for child in self._children.values():
            _kill_session(child)

    async def _keep(self, part: Part) -> None:
        quick_deaths = 0
        while True:
            begun = time.monotonic()
            code = await self._run_once(part)
            quick_deaths = quick_deaths + 1 if time.monotonic() - begun < QUICK_SECONDS else 1
            if code == ExitCode.USAGE:
                raise KeepsEnding(f"{part.name} cannot run like this", code)
            if quick_deaths >= MOST_QUICK_DEATHS:
                raise KeepsEnding(
                    f"{part.name} ended {quick_deaths} times soon after its start, last {_how(code)}", code
                )
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (quick_deaths - 1), LONGEST_PAUSE_SECONDS)
            self._tell(f"{part.name} ended {_how(code)}; it is started again.")
            await asyncio.sleep(pause)

    async def _run_once(self, part: Part) -> int:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lqs.cli", *part.words),
            stdin=asyncio.subprocess.PIPE,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
            env=self._environment,
        )
        self._children[part.name] = child
        try:
            return await child.wait()
        finally:
            await self._end(child)
            del self._children[part.name]

    async def _end(self, child: asyncio.subprocess.Process) -> None:
        if child.returncode is None:
            child.terminate()
            try:
                async with asyncio.timeout(self._stop_seconds):
                    await child.wait()
            except TimeoutError:
                _kill_session(child)
                await child.wait()
        _kill_session(child)  # what it started and left behind


class StopSignals:
    """Turns the first SIGINT, SIGTERM or SIGHUP into the cancellation of this task, and calls `at_once` for further."""

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self.at_once: Callable[[], None] = lambda: None
        self.hurried = False
        self._numbers = [
            number
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            if signal.getsignal(number) is not signal.SIG_IGN  # such as SIGHUP under nohup
        ]

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        for number in self._numbers:
            asyncio.get_running_loop().add_signal_handler(number, self._receive, number, task)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in self._numbers:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _receive(self, number: signal.Signals, task: "asyncio.Task[object]") -> None:
        if self.received is None:
            self.received = number
            task.cancel()
        else:
            self.hurried = True
            self.at_once()


def _kill_session(child: asyncio.subprocess.Process) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
