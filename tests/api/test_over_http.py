"""What only a real server process over a real socket can show."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from lqs.domain.api_key import Scope
from lqs.domain.ids import new_id
from lqs.lifecycle.keys import create_key
from lqs.storage import api_keys
from lqs.storage.database import Database
from lqs.wiring import migrate_all
from running import Service, serving_alone

MEGABYTE = 1024 * 1024
BODY_BYTES = 200 * MEGABYTE
LONG = {"Prefer": "wait=60"}


def server_memory(service: Service) -> int:
    """Resident bytes of the process that listens."""
    port = urlsplit(service.url).port
    listening = {
        c.pid for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.laddr.port == port
    }
    return max(psutil.Process(pid).memory_info().rss for pid in listening if pid is not None)


async def lengthy(declared: bool) -> AsyncIterator[bytes]:
    """The body, in pieces: of a declared length, or in chunks of an undeclared one."""
    piece = b"x" * MEGABYTE
    for _ in range(BODY_BYTES // MEGABYTE):
        yield piece if declared else b"%x\r\n%b\r\n" % (len(piece), piece)


async def post_lengthy(service: Service, *, declared: bool) -> tuple[int, dict[str, object]]:
    """Send 200 MB until it is done or the server has had enough; its status and its error."""
    place = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    length = f"Content-Length: {BODY_BYTES}" if declared else "Transfer-Encoding: chunked"
    writer.write(
        f"POST /problems/generate HTTP/1.1\r\nHost: lqs\r\nAuthorization: Bearer {service.key}\r\n"
        f"Content-Type: application/json\r\n{length}\r\n\r\n".encode()
    )

    async def send() -> None:
        try:
            async for piece in lengthy(declared):
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            return

    sending = asyncio.create_task(send())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
    body = json.loads(await reader.readexactly(int(headers["content-length"])))
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    writer.transport.abort()
    return int(head.split()[1]), body


@pytest.mark.parametrize("declared", [True, False], ids=["with its length", "in chunks"])
async def test_a_body_of_200_mb_is_a_413_and_costs_no_memory(service: Service, declared: bool) -> None:
    await post_lengthy(service, declared=declared)
    before = await asyncio.to_thread(server_memory, service)

    answers = [await post_lengthy(service, declared=declared) for _ in range(3)]

    assert {(status, body["code"]) for status, body in answers} == {(413, "body_too_large")}
    assert await asyncio.to_thread(server_memory, service) - before < 5 * MEGABYTE


OWNERS, WAITS = 5, 20


def connections_to(url: str) -> int:
    """How many the server has accepted."""
    port = urlsplit(url).port
    return sum(c.status == psutil.CONN_ESTABLISHED and c.laddr.port == port for c in psutil.net_connections("tcp"))


async def keys_of_several_owners(database: Database, count: int) -> list[str]:
    keys = []
    for n in range(count):
        owner_id = new_id()
        async with database.transaction() as connection:
            await api_keys.insert_owner(connection, owner_id, name=f"owner {n}")
        key, _ = await create_key(database, owner_id=owner_id, name="waits", scopes=list(Scope))
        keys.append(key.text)
    return keys


async def test_a_process_that_is_told_to_stop_answers_a_hundred_who_wait_and_is_gone(
    database: Database, database_url: str, tmp_path: Path, eventually: Any
) -> None:
    await migrate_all(database)
    keys = await keys_of_several_owners(database, OWNERS)
    with serving_alone(database_url, tmp_path) as (url, process):
        async with AsyncExitStack() as clients:
            waits: list[asyncio.Future[httpx.Response]] = []
            for key in keys:
                headers = {"Authorization": f"Bearer {key}"}
                client = await clients.enter_async_context(httpx.AsyncClient(base_url=url, headers=headers, timeout=90))
                address = (await client.post("/problems/generate")).headers["Location"]
                waits += [asyncio.ensure_future(client.get(address, headers=LONG)) for _ in range(WAITS)]

            async def all_connected() -> bool:
                return await asyncio.to_thread(connections_to, url) >= len(waits)

            await eventually(all_connected)
            assert (await client.get(address)).status_code == 200, "others are answered meanwhile"
            assert not any(wait.done() for wait in waits)
            told = time.monotonic()
            process.terminate()
            answers = await asyncio.gather(*waits)
            code = await asyncio.to_thread(process.wait, 30)
            took = time.monotonic() - told

    assert [(answer.status_code, answer.json()["done"]) for answer in answers] == [(200, False)] * OWNERS * WAITS
    assert (code, took < 5) == (0, True), f"gone after {took:.1f} s"
