"""A database that the first release left behind, work in its middle included, is upgraded and goes on."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from tests.cli.calling import Caller

from conftest import opened
from house import breaches
from lqs.storage.migrate import FOLDER, MigrationRefused, migrate, read
from lqs.wiring import migrate_all
from running import running_service

WRITTEN = (Path(__file__).parent / "first_release.sql").read_text(encoding="utf-8")
KEY = "lqs_live_jUrauGGp5WW3_tv6uXc0wmTtIHglrx9nzQ88sKK2rRZdH2ZH45S"
"""Of the owner in that file, made for it."""
OWNER = UUID("01a20739-e52d-7c8c-aaa9-f761d997d3d3")
WISHES: dict[str, dict[str, Any]] = {
    "completed": {"count": 2, "constraints": {"tenses": ["present"]}, "metadata": {"lesson": "A1-7"}},
    "failed": {"count": 2},
    "partial": {"count": 6},
    "retrying": {"count": 1},
    "processing": {"count": 2},
    "pending": {"count": 1},
}
"""What was asked for, with keys that are named after what became of it."""
SHIFTED = """
SELECT format('UPDATE %I SET %s', table_name, string_agg(format(
    '%1$I = %1$I + (now() - timestamptz ''2026-11-23 07:06:54+00'')', column_name), ', ')) AS statement
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE table_schema = 'public' AND data_type = 'timestamp with time zone' AND table_type = 'BASE TABLE'
GROUP BY table_name
"""
"""Moves every time as if the release had written it until a moment ago."""
BRISK = {"LQS_LEASE_SECONDS": "4", "LQS_HOUSEKEEPING_SECONDS": "0.5", "LQS_RETRY_BASE_SECONDS": "0.1"}


async def left_behind(url: str, folder: Path) -> None:
    """The database as the first release left it."""
    folder.mkdir()
    shutil.copy(FOLDER / "0001_core.sql", folder)
    database = await opened(url)
    await migrate(database, folder)
    async with database.transaction() as connection:
        await connection.execute("SELECT ensure_entity_table('problem', 'problems')")
        await connection.execute(WRITTEN)
        for row in await connection.fetch(SHIFTED):
            await connection.execute(row["statement"])
    await database.close()


@pytest.mark.timeout(400)
async def test_what_the_first_release_left_behind_is_upgraded_read_repeated_retried_and_finished(
    empty_url: str, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    await left_behind(empty_url, tmp_path / "migrations")
    lqs = Caller(tmp_path)
    lqs.environment["LQS_DATABASE_URL"] = empty_url
    assert lqs.piped("migrate", "--json").last_object == {"applied": [one.name for one in read()[1:]]}
    assert await breaches(empty_url) == []

    with running_service(empty_url, KEY, OWNER, tmp_path, BRISK) as service:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as client:
            await it_goes_on(client, eventually)
        async with not_as_new(empty_url):
            database = await opened(empty_url)
            with pytest.raises(MigrationRefused, match=r"runs on this database \(lqs api.*, lqs worker.*\)"):
                await migrate_all(database, patience_seconds=0)
            await database.close()
    async with newer(empty_url):
        refused = lqs.piped("serve", LQS_API_PORT="0")
        assert refused.code == 2  # so that systemd does not try again and again
        assert "The database is newer than this lqs: it has migration 9999_later" in refused.err
    assert await breaches(empty_url) == []


@asynccontextmanager
async def not_as_new(url: str) -> AsyncIterator[None]:
    """For a while the database seems to lack the newest migration."""
    connection = await asyncpg.connect(url)
    last = "SELECT max(version) FROM schema_migrations"
    [row] = await connection.fetch(f"DELETE FROM schema_migrations WHERE version = ({last}) RETURNING *")
    yield
    await connection.execute("INSERT INTO schema_migrations VALUES ($1, $2, $3, $4)", *row)
    await connection.close()


@asynccontextmanager
async def newer(url: str) -> AsyncIterator[None]:
    """For a while the database has a migration that nobody here knows."""
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO schema_migrations VALUES (9999, '9999_later', 'unknown')")
    yield
    await connection.execute("DELETE FROM schema_migrations WHERE version = 9999")
    await connection.close()


async def it_goes_on(client: httpx.AsyncClient, eventually: Callable[..., Any]) -> None:
    ids = {name: await repeated(client, name) for name in WISHES}

    async def read_again(name: str) -> Any:
        return (await client.get(f"/generation-requests/{ids[name]}")).json()

    completed, partial, failed = [await read_again(name) for name in ("completed", "partial", "failed")]
    assert (completed["status"], len(completed["entities"])) == ("completed", 2)
    assert completed["constraints"]["tenses"] == ["present"]
    assert completed["metadata"] == {"lesson": "A1-7"}
    assert (partial["status"], len(partial["entities"]), partial["failed_count"]) == ("partial", 3, 3)
    assert failed["error_summary"][0] == {"code": "provider_auth", "count": 2, "sample_index": 0}
    assert len((await client.get("/dead-letters")).json()["results"]) == 5

    for name in ("failed", "partial"):
        assert (await client.post(f"/generation-requests/{ids[name]}/retry", json={})).status_code == 202

    async def statuses() -> set[str]:
        return {(await read_again(name))["status"] for name in WISHES}

    await eventually(statuses, equals={"completed"}, seconds=120)
    assert len((await read_again("partial"))["entities"]) == 6
    in_the_pool = (await client.get("/problems?limit=100")).json()["results"]
    assert len(in_the_pool) == sum(one["count"] for one in WISHES.values())


async def repeated(client: httpx.AsyncClient, name: str) -> str:
    """The id that a POST with the key of that time is answered with."""
    answer = await client.post("/problems/generate", json=WISHES[name], headers={"Idempotency-Key": f"key-{name}"})
    assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (202, "true"), answer.text
    return str(answer.json()["request_id"])
