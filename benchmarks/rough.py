"""What rough callers cost the others: half-sent calls, a body that is far too long, and an end while many wait."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import psutil

from benchmarks.children import child, free_port, until_answering
from benchmarks.ground import Ground, Scale, opened
from benchmarks.http import Caller, callers
from benchmarks.memory import most_memory
from benchmarks.report import Expectation, Figure

_MEGABYTE = 1024 * 1024
_WAITS_AN_OWNER = 20
"""As many answers as one owner may have held."""
_LONGEST_SECONDS = 60
_POST = "POST /problems/generate HTTP/1.1\r\nHost: bench\r\n"
_HALVES = (
    _POST + "X-Half: ",
    _POST + 'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"count"',
    _POST + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
)


@dataclass(frozen=True, slots=True)
class _Serving:
    """One `lqs serve`, with the settings that users get."""

    port: int
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


async def measure(ground: Ground) -> list[Figure]:
    """One API process after the other, each on a fresh database."""
    return [*await _half_sent(ground), *await _too_long(ground), *await _told_to_stop(ground)]


async def _half_sent(ground: Ground) -> list[Figure]:
    scale = ground.scale
    async with _service(ground, 1) as (serving, [caller]), _client(serving, caller) as client:
        await _calls(client, 0.2)
        alone = await _calls(client, scale.alone_seconds)
        halves = asyncio.gather(*(_half(serving.port, _HALVES[n % len(_HALVES)]) for n in range(scale.half_sent)))
        beside = await _calls(client, _LONGEST_SECONDS, until=halves)
        closed = await halves
    what = f"{scale.half_sent} half-sent calls"
    return [
        Figure("rough", f"{what}: the last is closed after", max(closed), "s", expected=Expectation(at_most=15)),
        Figure("rough", "reads of others, 99th percentile, alone", _percentile(alone, 0.99) * 1000, "ms"),
        Figure("rough", f"reads of others, 99th percentile, beside {what}", _percentile(beside, 0.99) * 1000, "ms"),
        Figure(
            "rough",
            "reads of others, 99th percentile, beside against alone",
            _percentile(beside, 0.99) / _percentile(alone, 0.99),
            "x",
            expected=Expectation(at_most=2),
        ),
    ]


async def _too_long(ground: Ground) -> list[Figure]:
    megabytes = ground.scale.body_megabytes
    async with _service(ground, 1) as (serving, [caller]):
        await _send_too_much(serving.port, caller, megabytes)
        before = await asyncio.to_thread(_memory_of_server, serving.port)
        for _ in range(3):
            await _send_too_much(serving.port, caller, megabytes)
        after = await asyncio.to_thread(_memory_of_server, serving.port)
    return [
        Figure(
            "rough",
            f"three bodies of {megabytes} MB, each a 413: more memory",
            after - before,
            "MB",
            expected=Expectation(at_most=5),
        )
    ]


async def _told_to_stop(ground: Ground) -> list[Figure]:
    owners = max(1, ground.scale.held // _WAITS_AN_OWNER)
    async with _service(ground, owners) as (serving, known), AsyncExitStack() as clients:
        waits: list[asyncio.Future[httpx.Response]] = []
        for caller in known:
            client = await clients.enter_async_context(_client(serving, caller))
            address = (await client.post("/problems/generate")).headers["Location"]
            held = {"Prefer": "wait=60"}
            waits += [asyncio.ensure_future(client.get(address, headers=held)) for _ in range(_WAITS_AN_OWNER)]
            while (await client.get("/limits")).json()["held_answers"]["used"] < _WAITS_AN_OWNER:
                pass
        began = time.perf_counter()
        serving.process.terminate()
        answers = await asyncio.gather(*waits)
        await serving.process.wait()
        took = time.perf_counter() - began
    if any(answer.status_code != 200 or answer.json()["done"] for answer in answers):
        raise RuntimeError("somebody who waited was not told how things stand")
    what = f"told to stop while {len(answers)} wait, all of whom are answered"
    return [Figure("rough", f"{what}: gone after", took, "s", expected=Expectation(at_most=5))]


@asynccontextmanager
async def _service(ground: Ground, owners: int) -> AsyncIterator[tuple[_Serving, list[Caller]]]:
    async with ground.database() as url, opened(url) as database:
        known, port = await callers(database, owners), free_port()
        environment = {"LQS_DATABASE_URL": url, "LQS_API_PORT": str(port), "LQS_LOG_LEVEL": "error"}
        environment |= _hasty(ground.scale)
        async with child("lqs.cli", "serve", environment=environment) as process:
            await until_answering(port, process)
            yield _Serving(port, process), known


def _hasty(scale: Scale) -> dict[str, str]:
    """Where nothing is measured, a second must do for what is half sent."""
    if scale.rounds > 1:
        return {}
    return {"LQS_HEADER_TIMEOUT_SECONDS": "1", "LQS_BODY_TIMEOUT_SECONDS": "1"}


def _client(serving: _Serving, caller: Caller) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {caller.key}"}
    return httpx.AsyncClient(base_url=serving.url, headers=headers, timeout=90, trust_env=False)


async def _calls(
    client: httpx.AsyncClient, seconds: float, until: asyncio.Future[list[float]] | None = None
) -> list[float]:
    """How long each of many reads took, one after the other for so long, or until this is done."""
    took: list[float] = []
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends and not (until is not None and until.done()):
        began = time.perf_counter()
        (await client.get("/generation-requests")).raise_for_status()
        took.append(time.perf_counter() - began)
    return took


async def _half(port: int, sent: str) -> float:
    """Send half a call; how many seconds later the server has closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    try:
        writer.write(sent.encode())
        await writer.drain()
        async with asyncio.timeout(_LONGEST_SECONDS):
            await reader.read()
        return time.perf_counter() - began
    finally:
        writer.transport.abort()


async def _send_too_much(port: int, caller: Caller, megabytes: int) -> None:
    """Send a body until the server has answered. Raises `RuntimeError` if that is no 413."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = f"Authorization: Bearer {caller.key}\r\nContent-Type: application/json\r\n"
    writer.write(f"{_POST}{key}Content-Length: {megabytes * _MEGABYTE}\r\n\r\n".encode())
    piece = b"x" * _MEGABYTE

    async def send() -> None:
        for _ in range(megabytes):
            writer.write(piece)
            await writer.drain()

    sending = asyncio.ensure_future(send())
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.transport.abort()
    if head.split()[1] != "413":
        raise RuntimeError(f"a body of {megabytes} MB was answered with {json.dumps(head)}")


def _memory_of_server(port: int) -> float:
    """The highest resident set of the process that listens, in MB."""
    listening = {
        c.pid
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port and c.pid
    }
    return max(map(most_memory, listening))


def _percentile(took: list[float], share: float) -> float:
    return sorted(took)[int(share * len(took))]
