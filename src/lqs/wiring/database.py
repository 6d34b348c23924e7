"""Opens the database, brings it to what this version expects, and refuses one that is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from lqs.generators.catalog import entity_types
from lqs.settings import Settings
from lqs.storage import entities, pool
from lqs.storage.database import Connection, Database
from lqs.storage.embedded import EmbeddedPostgres
from lqs.storage.migrate import MigrationRefused, migrate, pending
from lqs.wiring.parts import EntityTypes

API_SESSIONS = "lqs api"
WORKER_SESSIONS = "lqs worker"
"""How the server's own views name the connections of the two processes that serve."""


class MigrationNeeded(MigrationRefused):
    """The database lacks what this version needs, and `lqs migrate` makes it."""


@asynccontextmanager
async def open_database(settings: Settings, process: str) -> AsyncIterator[Database]:
    """A pool to the configured server, or to the embedded one, which is started if it does not run yet.

    `process` is how the server's own views name the connections.
    """
    async with _server(settings) as url, _pool(settings, url, process) as database:
        yield database


@asynccontextmanager
async def open_migrated(settings: Settings, process: str, types: EntityTypes | None = None) -> AsyncIterator[Database]:
    """The database of a process that serves, under that name only if it is what the process expects.

    Who is refused, and started again and again until somebody migrates, would otherwise keep the migration from
    running. Raises like `refuse_unmigrated`.
    """
    async with _server(settings) as url:
        async with _pool(settings, url, f"{process} (starting)") as database:
            await refuse_unmigrated(database, types)
        async with _pool(settings, url, process) as database:
            # A migration may have begun before it could see that we serve.
            await refuse_unmigrated(database, types)
            yield database


@asynccontextmanager
async def _pool(settings: Settings, url: str, process: str) -> AsyncIterator[Database]:
    database = await Database.open(
        url,
        application_name=process,
        pool_size=settings.database_pool_size,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        lock_timeout_seconds=settings.lock_timeout_seconds,
    )
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _server(settings: Settings) -> AsyncIterator[str]:
    if settings.database_url is not None:
        yield settings.database_url
        return
    embedded = EmbeddedPostgres(settings.data_dir)
    try:
        yield await embedded.start()
    finally:
        await embedded.stop()


async def migrate_all(
    database: Database, types: EntityTypes | None = None, *, patience_seconds: float = 10
) -> list[str]:
    """Bring the database to what this code and its entity types expect; returns the migrations it applied.

    Raises `MigrationRefused`, also while API or workers are connected after `patience_seconds`.
    """
    return await migrate(
        database,
        finish=partial(_ensure, types=types or entity_types()),
        never_beside=(API_SESSIONS, WORKER_SESSIONS),
        patience_seconds=patience_seconds,
    )


async def _ensure(connection: Connection, types: EntityTypes) -> None:
    await entities.ensure_tables(connection, [(kind.name, kind.plural) for kind in types.values()])
    for kind in types.values():
        await pool.fill(connection, kind)


async def refuse_unmigrated(database: Database, types: EntityTypes | None = None) -> None:
    """Raise `MigrationNeeded` when the database is not what this code and these entity types expect."""
    missing = await pending(database)
    if not missing:
        async with database.acquire() as connection:
            there = await entities.tables(connection)
        missing = [
            f"the table of {kind.plural}" for name, kind in (types or entity_types()).items() if name not in there
        ]
    if missing:
        raise MigrationNeeded(f"The database lacks {', '.join(missing)}. Run `lqs migrate` first.")
