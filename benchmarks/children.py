"""Processes of the service for measuring from outside: started, awaited, and ended by their own id."""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

import uvloop

from benchmarks.ground import settings_for
from benchmarks.kinds import PREBUILT, kinds
from lqs.cycle_collector import calm_collector
from lqs.wiring import open_worker_parts
from lqs.worker.worker import Worker

_STOP_SECONDS = 20


@asynccontextmanager
async def child(*words: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m <words>` in a session of its own; ended with SIGTERM, and if that does not help, killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, env={**os.environ, **(environment or {})}, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


@asynccontextmanager
async def worker(
    url: str,
    *,
    capacity: int,
    sleep_seconds: float = 0,
    sigma: float = 0,
    settings: Mapping[str, object] = MappingProxyType({}),
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker process whose generations take `sleep_seconds`, spread by `sigma`; with these further settings."""
    words = ("benchmarks.children", f"--capacity={capacity}", f"--sleep={sleep_seconds}", f"--sigma={sigma}")
    environment = {"LQS_BENCH_URL": url, "LQS_BENCH_SETTINGS": json.dumps(dict(settings))}
    async with child(*words, environment=environment) as process:
        yield process


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


async def until_answering(port: int, process: asyncio.subprocess.Process) -> None:
    """Wait until somebody listens on the port. Raises `RuntimeError` when the process ends first."""
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise RuntimeError(f"process {process.pid} ended with {process.returncode}")


async def _work(url: str, capacity: int, sleep_seconds: float, sigma: float) -> None:
    further = json.loads(os.environ.pop("LQS_BENCH_SETTINGS"))
    settings = settings_for(url, worker_capacity=capacity, generator=PREBUILT, **further)
    async with open_worker_parts(settings, kinds(sleep_seconds, sigma)) as parts:
        serving = Worker(parts)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.stop)
        await serving.run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--capacity", type=int)
    parser.add_argument("--sleep", type=float)
    parser.add_argument("--sigma", type=float)
    asked = parser.parse_args()
    calm_collector()
    uvloop.run(_work(os.environ.pop("LQS_BENCH_URL"), asked.capacity, asked.sleep, asked.sigma))
