"""Every entity type has its table before anything starts: made once, under the lock of the migrations, or refused."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
import pytest

from lqs.generators.catalog import entity_types
from lqs.settings import Settings
from lqs.storage.database import Database
from lqs.storage.migrate import FOLDER, MigrationRefused, read
from lqs.wiring import migrate_all, open_api_parts, open_worker_parts, refuse_unmigrated

PROBLEM = entity_types()["problem"]
PROVERB = replace(PROBLEM, name="proverb", plural="proverbs")
TYPES = {"problem": PROBLEM, "proverb": PROVERB}


async def opened(url: str) -> Database:
    return await Database.open(
        url, application_name="lqs-tests", pool_size=2, statement_timeout_seconds=5, lock_timeout_seconds=5
    )


@pytest.fixture
async def empty_url(postgres_url: str, creating: asyncpg.Connection) -> AsyncIterator[str]:
    name = f"lqs_test_{secrets.token_hex(6)}"
    await creating.execute(f"CREATE DATABASE {name}")
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    await creating.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_of_four_that_migrate_an_empty_database_at_once_one_does_and_all_end_well(empty_url):
    async with AsyncExitStack() as all_of_them:
        databases = [await opened(empty_url) for _ in range(4)]
        for database in databases:
            all_of_them.push_async_callback(database.close)
        applied = await asyncio.gather(*(migrate_all(database, TYPES) for database in databases))
        for database in databases:
            await refuse_unmigrated(database, TYPES)
    names = [migration.name for migration in read(FOLDER)]
    assert sorted(applied) == [[], [], [], names]
    connection = await asyncpg.connect(empty_url)
    partitions = await connection.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'entities'::regclass"
    )
    assert sorted(row[0] for row in partitions) == ["problems", "proverbs"]
    assert await connection.fetchval("SELECT count(*) FROM schema_migrations") == len(names)
    await connection.close()


async def test_of_four_that_add_an_entity_type_at_once_all_end_well(database, database_url):
    databases = [await opened(database_url) for _ in range(4)]
    await asyncio.gather(*(migrate_all(other, TYPES) for other in databases))
    await asyncio.gather(*(other.close() for other in databases))
    await refuse_unmigrated(database, TYPES)


SESSIONS = """
SELECT array_agg(DISTINCT application_name) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.mark.parametrize(("open_parts", "name"), [(open_api_parts, "lqs api"), (open_worker_parts, "lqs worker")])
async def test_nothing_starts_while_the_table_of_an_entity_type_is_missing_nor_stops_who_would_make_it(
    database, database_url, open_parts, name, eventually
):
    settings = Settings(
        database_url=database_url, log_level="error", lock_timeout_seconds=60, statement_timeout_seconds=60
    )
    patient = await database.connect_alone(patient=True)
    async with database.acquire() as watching, patient.transaction():
        await patient.execute("LOCK TABLE schema_migrations")
        starting = asyncio.create_task(open_parts(settings, TYPES).__aenter__())
        await eventually(lambda: watching.fetchval(SESSIONS), equals=[f"{name} (starting)"])
    await patient.close()
    with pytest.raises(MigrationRefused, match=r"lacks the table of proverbs\. Run `lqs migrate` first"):
        await starting
    await migrate_all(database, TYPES)
    async with open_parts(settings, TYPES) as parts, parts.database.acquire() as connection:
        assert await connection.fetchval("SHOW application_name") == name


@pytest.mark.parametrize("plural", ["workers", "slots_ready", "entities"])
async def test_a_plural_that_something_else_is_called_is_refused_with_a_sentence(database, plural):
    types = {"problem": PROBLEM, "worker": replace(PROBLEM, name="worker", plural=plural)}
    with pytest.raises(MigrationRefused, match=f"entity type worker cannot have its table: .* is called {plural}"):
        await migrate_all(database, types)
    with pytest.raises(MigrationRefused, match=f"lacks the table of {plural}"):
        await refuse_unmigrated(database, types)


async def test_two_entity_types_with_one_plural_are_refused(database):
    with pytest.raises(MigrationRefused, match=r"entity type riddle cannot have its table: .* is called problems"):
        await migrate_all(database, {"problem": PROBLEM, "riddle": replace(PROBLEM, name="riddle")})
