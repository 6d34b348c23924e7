"""Brings a database to the tables this code expects: numbered files, each applied once, in order, under a lock."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg

from lqs.storage.database import Connection, Database

FOLDER = Path(__file__).parent / "migrations"

_FILE_NAME = re.compile(r"(?P<version>\d{4})_[a-z0-9_]+\.sql")
_LOCK = 0x6C71735F6D6967
"""The advisory lock of this database under which migrations run; any fixed number of our own."""
_LOOK_SECONDS = 0.25
_PASSING = frozenset({"08", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE that another try may not meet: connection, conflict, resources, locks, operator, system."""


class MigrationRefused(Exception):
    """The database was left as it is; the message says why, and what to do next."""


class MigrationImpossible(MigrationRefused):
    """The same again would be refused again: this code and the database do not go together."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file; `name` is the file name without its ending, `sha256` is hexadecimal."""

    version: int
    name: str
    sql: str
    sha256: str


class Applied(NamedTuple):
    """What a database says of one migration that it has."""

    version: int
    name: str
    sha256: str


def read(folder: Path = FOLDER) -> list[Migration]:
    """All migrations in order. Raises `MigrationRefused` for a wrong file name, a gap, or a number given twice."""
    migrations = []
    for file in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(file.name)
        if match is None:
            raise MigrationImpossible(f"{file.name} is no name for a migration: rename it to one like 0001_tables.sql.")
        sql = file.read_text(encoding="utf-8")
        digest = hashlib.sha256(sql.encode()).hexdigest()
        migrations.append(Migration(int(match["version"]), file.stem, sql, digest))
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            fault = "is given twice" if migration.version == expected - 1 else f"comes where {expected:04} is due"
            raise MigrationImpossible(
                f"The number of migration {migration.name} {fault}: number the files 0001, 0002, ... without gaps."
            )
    return migrations


async def migrate(
    database: Database,
    folder: Path = FOLDER,
    *,
    finish: Callable[[Connection], Awaitable[None]] | None = None,
    never_beside: Sequence[str] = (),
    patience_seconds: float = 10,
) -> list[str]:
    """Apply what is missing and return the names applied; of several processes at once, one works and the others wait.

    Each migration commits together with its row in `schema_migrations`; `finish` is then called under the same lock.
    Raises `MigrationRefused`, also when something is missing while processes are connected that call themselves one of
    `never_beside`: they were written for the tables as they are, and their locks and those of a migration block each
    other. They get `patience_seconds` to go away: the session of a killed process outlives it for a while.
    """
    migrations = read(folder)
    async with alone(database) as connection:
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            " version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        missing = await _missing(connection, migrations)
        if missing:
            await _refuse_beside(connection, never_beside, time.monotonic() + patience_seconds)
        for migration in missing:
            await _apply(connection, migration)
        if finish is not None:
            await finish(connection)
        return [migration.name for migration in missing]


@asynccontextmanager
async def alone(database: Database) -> AsyncIterator[Connection]:
    """A connection without time limits, while nobody else migrates this database or restores a backup into it."""
    connection = await database.connect_alone(patient=True)
    try:
        # Closing the session gives the lock back, however this ends.
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        yield connection
    finally:
        await connection.close()


async def pending(database: Database, folder: Path = FOLDER) -> list[str]:
    """The names of the migrations this database still lacks. Raises `MigrationRefused` like `migrate`."""
    migrations = read(folder)
    async with database.acquire() as connection:
        if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
            return [migration.name for migration in migrations]
        return [migration.name for migration in await _missing(connection, migrations)]


async def first_applied_at(database: Database) -> datetime:
    """When the database got its first migration: what it holds is no older."""
    async with database.acquire() as connection:
        found: datetime = await connection.fetchval("SELECT min(applied_at) FROM schema_migrations")
        return found


async def _refuse_beside(connection: Connection, names: Sequence[str], deadline: float) -> None:
    while found := await _connected(connection, names):
        if time.monotonic() >= deadline:
            raise MigrationRefused(
                f"The service runs on this database ({', '.join(found)}), and cannot while its tables change: end all "
                "its processes, then migrate, then start them again. Nothing was changed."
            )
        await asyncio.sleep(_LOOK_SECONDS)


async def _connected(connection: Connection, names: Sequence[str]) -> list[str]:
    rows = await connection.fetch(
        "SELECT DISTINCT application_name || coalesce(' on ' || host(client_addr), '') AS name FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = ANY ($1) ORDER BY 1",
        list(names),
    )
    return [row["name"] for row in rows]


async def _missing(connection: Connection, migrations: list[Migration]) -> list[Migration]:
    rows = await connection.fetch("SELECT version, name, sha256 FROM schema_migrations ORDER BY version")
    return missing_after([Applied(row["version"], row["name"], row["sha256"]) for row in rows], migrations)


def missing_after(applied: Sequence[Applied], migrations: list[Migration]) -> list[Migration]:
    """What a database still lacks that has these. Raises `MigrationRefused` when they are not the beginning of ours."""
    if len(applied) > len(migrations):
        raise MigrationImpossible(
            f"The database is newer than this lqs: it has migration {applied[-1].name}, which is unknown here. "
            "Install the version of lqs that migrated it, or a newer one."
        )
    for one, migration in zip(applied, migrations, strict=False):
        if one != (migration.version, migration.name, migration.sha256):
            raise MigrationImpossible(
                f"Migration {migration.name} is not the one this database has ({one.name}): it was edited after it "
                "was applied. Restore the file, and put the change into a new migration."
            )
    return migrations[len(applied) :]


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            if not connection.is_in_transaction():
                raise MigrationImpossible(
                    f"Migration {migration.name} ends its own transaction and may be half applied: take COMMIT and "
                    "ROLLBACK out of it, and look at the database before you migrate again."
                )
            await connection.execute(
                "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.sha256,
            )
    except asyncpg.PostgresError as error:
        refusal = MigrationRefused if (error.sqlstate or "")[:2] in _PASSING else MigrationImpossible
        raise refusal(
            f"Migration {migration.name} failed and was undone: {error}. Correct what it complains about, then migrate "
            "again; earlier migrations stay applied."
        ) from error
