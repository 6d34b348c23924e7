"""Nothing waits for ever: not for a connection of the pool, nor for a server that was frozen."""

import asyncio
import time

import pytest

from lqs.storage import database as module
from lqs.storage.database import Database, DatabaseUnavailable
from processes import frozen


async def opened(url: str) -> Database:
    return await Database.open(
        url, application_name="lqs-tests", pool_size=2, statement_timeout_seconds=5, lock_timeout_seconds=5
    )


async def test_whoever_finds_no_connection_free_is_told_after_a_while(database_url, monkeypatch):
    monkeypatch.setattr(module, "_ACQUIRE_SECONDS", 0.2)
    database = await opened(database_url)
    async with database.acquire(), database.transaction():
        for way in (database.acquire, database.transaction):
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                async with way():
                    raise AssertionError
            assert 0.15 < time.monotonic() - began < 5
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await database.close()


async def test_closing_returns_although_somebody_keeps_a_connection(database_url, monkeypatch):
    monkeypatch.setattr(module, "_CLOSE_SECONDS", 0.2)
    database = await opened(database_url)

    async def close_under_somebody() -> None:
        async with database.acquire() as connection:
            await database.close()
            await connection.fetchval("SELECT 1")

    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        await close_under_somebody()
    assert time.monotonic() - began < 4


async def test_closing_returns_although_the_server_is_frozen_in_the_middle_of_a_statement(
    own_server, monkeypatch, eventually
):
    monkeypatch.setattr(module, "_CLOSE_SECONDS", 0.5)
    database = await opened(await own_server.start())

    async def sleep() -> None:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_sleep(60)")

    async def sleeps() -> bool:
        async with database.acquire() as connection:
            return bool(await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))

    sleeping = asyncio.create_task(sleep())
    await eventually(sleeps)
    with frozen(own_server):
        sleeping.cancel()
        began = time.monotonic()
        await database.close()
        assert time.monotonic() - began < 4
        await asyncio.wait([sleeping], timeout=20)
        assert sleeping.done()
