"""The real service as processes of its own, for tests that want all of it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import httpx

from lqs.lifecycle.keys import bootstrap
from lqs.storage import api_keys
from lqs.storage.database import Database

READY_SECONDS = 90
STOP_SECONDS = 40
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Service:
    """A running API with a worker, and everything to speak to it."""

    url: str
    key: str
    database_url: str
    owner_id: UUID
    environment: Mapping[str, str]
    """For subprocesses: the settings of the service, and address and key for its clients."""


@contextmanager
def running_service(
    database_url: str, key: str, owner_id: UUID, folder: Path, settings: Mapping[str, str] = NO_SETTINGS
) -> Iterator[Service]:
    """`lqs serve` and `lqs worker` on this database with these settings, ready; `folder` takes what they say.

    At the end both get SIGTERM and must exit with 0.
    """
    port = free_port()
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(folder),
        "LQS_DATABASE_URL": database_url,
        "LQS_API_PORT": str(port),
        "LQS_API_URL": f"http://127.0.0.1:{port}",
        "LQS_API_KEY": key,
        **settings,
    }
    with ExitStack() as processes:
        for command in ("serve", "worker"):
            processes.enter_context(_running(command, environment, folder / f"{command}.log"))
        wait_until_ready(environment["LQS_API_URL"], folder)
        yield Service(environment["LQS_API_URL"], key, database_url, owner_id, environment)


@contextmanager
def serving_alone(database_url: str, folder: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """`lqs serve` on this database without any worker: its address and the process, which the caller may end."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ, "XDG_CONFIG_HOME": str(folder), "LQS_DATABASE_URL": database_url, "LQS_API_PORT": str(port)
    }  # fmt: skip
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lqs.cli", "serve"], env=environment, stdin=subprocess.DEVNULL, stderr=output
        )
    try:
        wait_until(lambda: _answers(url), folder)
        yield url, process
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


async def first_key(database: Database) -> tuple[str, UUID]:
    """The key of the first owner, and that owner, made on a database without any."""
    key = await bootstrap(database, owner_name="tests")
    assert key is not None
    async with database.acquire() as connection:
        found = await api_keys.find(connection, key.key_id)
    assert found is not None
    return key.text, found.owner_id


def wait_until_ready(url: str, logs: Path) -> None:
    """Wait until the API answers and a worker lives."""
    wait_until(lambda: _ready(url), logs)


def wait_until(holds: Callable[[], bool], logs: Path) -> None:
    """Wait until it holds; what the processes said is told if it does not."""
    deadline = time.monotonic() + READY_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            said = "\n".join(log.read_text(encoding="utf-8") for log in sorted(logs.glob("*.log")))
            raise AssertionError(f"the service was not ready within {READY_SECONDS} s:\n{said}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _ready(url: str) -> bool:
    try:
        answer = httpx.get(f"{url}/health/ready", timeout=5)
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and answer.json()["workers_alive"] >= 1


@contextmanager
def _running(command: str, environment: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lqs.cli", command], env=environment, stdin=subprocess.DEVNULL, stderr=output
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            code = process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert code == 0, f"lqs {command} ended with {code}:\n{log.read_text(encoding='utf-8')}"
