"""What only a real server process over a real socket can show."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import psutil
import pytest

from running import Service

MEGABYTE = 1024 * 1024
BODY_BYTES = 200 * MEGABYTE


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
