"""Everything of lqs in one file, and back: by PostgreSQL's own programs, which come with lqs."""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from lqs.storage.database import Connection, Database
from lqs.storage.migrate import Applied, alone, missing_after, read
from lqs.storage.postgres_programs import ProgramFailed, output_of, restore_at_once
from lqs.storage.queries import queries

_SQL = queries("backup")

_WHAT_IS_LEFT_OUT = (
    # Who owns what, and what belongs to the server, is not the same on another one.
    "--no-owner",
    "--no-privileges",
    "--no-publications",
    "--no-subscriptions",
    "--exclude-extension=*",
    "--no-large-objects",
    # Unlogged rows are hints, which a crash of the server would lose as well.
    "--no-unlogged-table-data",
)
_MIGRATIONS = re.compile(
    r"^COPY .*schema_migrations \(version, name, sha256, applied_at\) FROM stdin;\n(.*?)^\\\.$",
    re.MULTILINE | re.DOTALL,
)
_MIGRATION = re.compile(r"^(\d+)\t([^\t\n]*)\t([^\t\n]*)\t", re.MULTILINE)


class BackupRefused(Exception):
    """There is no backup, or none was restored; the message says why, and what to do next."""


class DatabaseNotEmpty(BackupRefused):
    """A backup is never restored over what is there already."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A file that holds a database; `migration` is the newest one that the database had."""

    file: Path
    size_bytes: int
    migration: str


async def back_up(database: Database, file: Path) -> Backup:
    """Write all that lqs holds at one moment, while it is used, and read the file again to its end.

    A file gets its name only when it is whole, and none is replaced. Raises `BackupRefused`.
    """
    file = file.absolute()
    if os.path.lexists(file):
        raise _taken(file)
    async with database.acquire() as connection:
        [found] = await _SQL["schemas"].fetch(connection)
    if not found["has_migrations"]:
        raise BackupRefused("The database holds nothing of lqs: there is nothing to back up.")
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            applied = await _dump(database, found["others"], unfinished)
            made = Backup(file, unfinished.stat().st_size, applied[-1].name)
            # Unlike a rename, a link never replaces what somebody else has put there meanwhile.
            os.link(unfinished, file)
        finally:
            unfinished.unlink(missing_ok=True)
        _keep_the_name(file.parent)
    except FileExistsError as error:
        raise _taken(file) from error
    except OSError as error:
        raise BackupRefused(f"{file} cannot be written: {error.strerror or error}. Choose another place.") from error
    except ProgramFailed as error:
        raise BackupRefused(str(error)) from error
    return made


def _taken(file: Path) -> BackupRefused:
    return BackupRefused(f"{file} is there already, and no backup is written over: choose another name.")


async def _dump(database: Database, other_schemas: list[str], file: Path) -> list[Applied]:
    # Were the one schema named instead, the dump would create it, and not go into a database whose `public` exists.
    others = [f"--exclude-schema={schema}" for schema in other_schemas]
    await output_of("pg_dump", "--format=custom", f"--file={file}", *_WHAT_IS_LEFT_OUT, *others, url=database.url)
    applied = await _look_into(file)
    await output_of("pg_restore", f"--file={os.devnull}", str(file))
    return applied


async def restore(database: Database, file: Path) -> Backup:
    """Fill an empty database with what the file holds: all of it, or nothing.

    Raises `BackupRefused`, `DatabaseNotEmpty`, `MigrationRefused` when the file comes from a newer lqs.
    """
    file = file.absolute()
    if not os.access(file, os.R_OK):
        raise BackupRefused(f"{file} cannot be read: check its name, and whose it is.")
    applied = await _look_into(file)
    missing_after(applied, read())
    async with alone(database) as connection:
        await _refuse_what_is_there(connection)
        try:
            await restore_at_once(file, database.url)
        except ProgramFailed as error:
            raise BackupRefused(f"{file} was not restored, and the database is as empty as before: {error}") from error
        # Without what ANALYZE counts the first statements would be planned as if the tables were empty.
        await connection.execute("ANALYZE")
    return Backup(file, file.stat().st_size, applied[-1].name)


async def _refuse_what_is_there(connection: Connection) -> None:
    found = [row["name"] for row in await _SQL["strangers"].fetch(connection)]
    if found:
        few = ", ".join(found[:3]) + (" and others" if found[3:] else "")
        raise DatabaseNotEmpty(
            f"The database is not empty: it has {few}. Restore into a new one: name a folder that "
            "does not exist yet with LQS_DATA_DIR, or an empty database with LQS_DATABASE_URL."
        )


async def _look_into(file: Path) -> list[Applied]:
    """The migrations of the database that the file holds."""
    try:
        rows = await output_of("pg_restore", "--data-only", "--table=schema_migrations", "--file=-", str(file))
    except ProgramFailed as error:
        raise BackupRefused(f"{file} is no whole backup: {error}") from error
    applied = [
        Applied(int(version), name, digest)
        for table in _MIGRATIONS.findall(rows)
        for version, name, digest in _MIGRATION.findall(table)
    ]
    if not applied:
        raise BackupRefused(f"{file} is a dump of PostgreSQL, but not of a database of lqs: choose another file.")
    return sorted(applied)


def _keep_the_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
