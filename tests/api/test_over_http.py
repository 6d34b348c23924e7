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


async def test_who_goes_away_gives_its_place_back(database: Database, database_url: str, tmp_path: Path) -> None:
    """Twenty wait, which is all an owner may, and go; others of the owner are held again soon."""
    await migrate_all(database)
    [key] = await keys_of_several_owners(database, 1)
    headers = {"Authorization": f"Bearer {key}"}
    with serving_alone(database_url, tmp_path) as (url, _):
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=90) as client:
            address = (await client.post("/problems/generate")).headers["Location"]
            for _ in range(3):
                leaving = [asyncio.ensure_future(client.get(address, headers=LONG)) for _ in range(WAITS)]
                while (await client.get("/limits")).json()["held_answers"]["used"] < WAITS:
                    assert not any(one.done() for one in leaving)
                for one in leaving:
                    one.cancel()
                await asyncio.gather(*leaving, return_exceptions=True)
                async with asyncio.timeout(30):
                    while (await client.get("/limits")).json()["held_answers"]["used"]:
                        pass


POST = "POST /problems/generate HTTP/1.1\r\nHost: lqs\r\n"
HALVES = {
    "half of the headers": POST + "X-Half: ",
    "half of a body": POST + '{key}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"count"',
    "half of a body in chunks": POST + "{key}Content-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n",
    "half of a body by a stranger": POST + "Content-Length: 100\r\n\r\n{{",
}


async def half_sent(url: str, key: str, head: str) -> tuple[bytes, float]:
    """What comes back for half a call, until the server closes the connection, and after how many seconds."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(head.format(key=f"Authorization: Bearer {key}\r\n").encode())
    await writer.drain()
    begun = time.monotonic()
    async with asyncio.timeout(60):
        answer = await reader.read()
    took = time.monotonic() - begun
    writer.transport.abort()
    return answer, took


async def test_two_hundred_half_sent_calls_are_closed_and_meanwhile_others_are_answered(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LQS_HEADER_TIMEOUT_SECONDS", "1")
    monkeypatch.setenv("LQS_BODY_TIMEOUT_SECONDS", "1")
    await migrate_all(database)
    [key] = await keys_of_several_owners(database, 1)
    with serving_alone(database_url, tmp_path) as (url, _):
        halves = [asyncio.ensure_future(half_sent(url, key, head)) for head in HALVES.values() for _ in range(50)]
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
            answered = 0
            while not all(half.done() for half in halves):
                assert (await client.get("/generation-requests")).status_code == 200
                answered += 1
        ends = [half.result() for half in halves]

    assert answered > 10
    slow = [answer for answer, _ in ends if b" 408 " in answer.split(b"\r\n")[0]]
    assert len(slow) >= 100, "both kinds of a body of somebody with a key"
    assert all(b'"code":"body_too_slow"' in answer for answer in slow)


async def test_no_secret_comes_into_a_log(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted everywhere a secret can stand; the service tells all it does, and fails where it can."""
    monkeypatch.setenv("LQS_LOG_LEVEL", "debug")
    await migrate_all(database)
    [key] = await keys_of_several_owners(database, 1)
    planted = "planted-secret-7f3a"
    with serving_alone(database_url, tmp_path) as (url, _):
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
            made = (await client.post("/api-keys", json={"name": "n", "scopes": ["read"]})).json()
            for call in (
                client.post("/problems/generate", json={"metadata": {"password": planted}}),
                client.post("/problems/generate", json={planted: planted}),
                client.post("/problems/generate", content=planted, headers={"Content-Type": "application/json"}),
                client.post("/problems/generate", headers={"Idempotency-Key": planted}),
                client.get("/generation-requests", params={"idempotency_key": planted}),
                client.get(f"/{planted}", headers={"Authorization": f"Bearer {planted}"}),
                client.get("/generation-requests", headers={"Authorization": f"Bearer {key[:-1]}x"}),
                client.get("/generation-requests", headers={"Authorization": f"Bearer {made['secret']}"}),
            ):
                await call
            async with database.acquire() as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lqs api'"
                )
            await client.get("/generation-requests")
    said = (tmp_path / "serve.log").read_text(encoding="utf-8")
    assert "api.started" in said
    secrets = (planted, key.rsplit("_", 1)[1], made["secret"].rsplit("_", 1)[1], urlsplit(database_url).password)
    assert [secret for secret in secrets if secret and secret in said] == []
