"""Real worker processes that tests may stop, freeze and kill."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lqs.storage.embedded import EmbeddedPostgres

QUICK = {
    "LQS_GENERATOR": "simulated",
    "LQS_SIMULATED_LATENCY_SECONDS": "0.3",
    "LQS_HEARTBEAT_SECONDS": "0.3",
    "LQS_LEASE_SECONDS": "4",
    "LQS_HOUSEKEEPING_SECONDS": "0.3",
    "LQS_POLL_SECONDS": "0.2",
    "LQS_SLOT_TIMEOUT_SECONDS": "3",
    "LQS_RETRY_BASE_SECONDS": "0.1",
    "LQS_GRACEFUL_STOP_SECONDS": "10",
    "LQS_LOG_LEVEL": "debug",
    "LQS_LOG_FORMAT": "json",
}
"""Short latencies and leases, so that faults play out in seconds."""


WORKER = (sys.executable, "-m", "lqs.cli", "worker")


@dataclass
class Processes:
    """`lqs worker` processes; all of them are gone when the test is over."""

    database_url: str
    folder: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def worker(self, command: Sequence[str] = WORKER, /, **settings: str) -> subprocess.Popen[bytes]:
        """Start a worker; settings by their names without prefix, such as `simulated_latency_seconds`."""
        own = {f"LQS_{name.upper()}": value for name, value in settings.items()}
        with (self.folder / f"worker-{len(self.started)}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env={**os.environ, **QUICK, "LQS_DATABASE_URL": self.database_url, **own},
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        self.started.append(process)
        return process

    def said(self, process: subprocess.Popen[bytes]) -> str:
        """What a worker has logged."""
        return (self.folder / f"worker-{self.started.index(process)}.log").read_text(encoding="utf-8")

    async def end(self, process: subprocess.Popen[bytes], *, seconds: float = 20) -> int:
        """Ask a worker to stop, and wait; returns its exit code."""
        process.send_signal(signal.SIGTERM)
        return await self.ended(process, seconds=seconds)

    async def ended(self, process: subprocess.Popen[bytes], *, seconds: float = 20) -> int:
        """Wait until a worker has ended; returns its exit code."""
        deadline = time.monotonic() + seconds
        while (code := process.poll()) is None:
            assert time.monotonic() < deadline, self.said(process)[-4000:]
            await asyncio.sleep(0.02)
        return code

    def clear(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextmanager
def frozen(server: EmbeddedPostgres) -> Iterator[None]:
    """The server and every session of it stand still; told by their ids."""
    pid = server.pid()
    assert pid is not None
    postmaster = psutil.Process(pid)
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in family:
            os.kill(process.pid, signal.SIGCONT)
