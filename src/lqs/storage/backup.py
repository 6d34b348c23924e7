"""The whole database in one file, and back: by PostgreSQL's own `pg_dump` and `pg_restore`, which come with lqs."""

import asyncio
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from lqs.storage.database import Connection, Database
from lqs.storage.embedded import binaries
from lqs.storage.migrate import Applied, alone, missing_after, read
from lqs.storage.queries import queries

_SQL = queries("backup")

_WHAT_IS_LEFT_OUT = (
    # Who owns what, and what belongs to the server, is not the same on another one.
    "--no-owner",
    "--no-privileges",
    "--no-publications",
    "--no-subscriptions",
    "--exclude-extension=*",
    # Unlogged rows are hints, which a crash of the server would lose as well.
    "--no-unlogged-table-data",
)


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
    """Write all that the database holds at one moment, while it is used, and read the file again to its end.

    A file gets its name only when it is whole, and none is replaced. Raises `BackupRefused`, `MigrationRefused`.
    """
    file = file.absolute()
    if file.exists():
        raise BackupRefused(f"{file} is there already, and no backup is written over: choose another name.")
    async with database.acquire() as connection:
        if not await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
            raise BackupRefused("The database holds nothing of lqs: there is nothing to back up.")
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        await _run("pg_dump", database.url, "--format=custom", f"--file={unfinished}", *_WHAT_IS_LEFT_OUT)
        applied = await _look_into(unfinished)
        await _run("pg_restore", None, f"--file={os.devnull}", str(unfinished))
        unfinished.rename(file)
        _keep_the_name(file.parent)
    except OSError as error:
        raise BackupRefused(f"{file} cannot be written: {error.strerror or error}. Choose another place.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Backup(file, file.stat().st_size, applied[-1].name)


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
            await _run("pg_restore", database.url, "--single-transaction", "--no-owner", "--no-privileges", str(file))
        except BackupRefused as error:
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
        rows = await _run("pg_restore", None, "--data-only", "--table=schema_migrations", "--file=-", str(file))
    except BackupRefused as error:
        raise BackupRefused(f"{file} is no whole backup: {error}") from error
    lines = rows.partition("COPY ")[2].partition("\\.\n")[0].splitlines()[1:]
    applied = [
        Applied(int(version), name, digest) for version, name, digest, *_ in (line.split("\t") for line in lines)
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


async def _run(program: str, url: str | None, *arguments: str) -> str:
    """What a program of PostgreSQL wrote to its standard output. Raises `BackupRefused` with its own complaint."""
    address, password = ("", {}) if url is None else _address(url)
    command = [str(binaries() / program), *([f"--dbname={address}", "--no-password"] if address else []), *arguments]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **password, "LC_ALL": "C"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise BackupRefused(f"{_last_words(complaint)} (so says {program}).")
    return out.decode(errors="replace")


def _last_words(complaint: bytes) -> str:
    lines = [line.split("error: ")[-1] for line in complaint.decode(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[:3]) or "it ended without a word"


def _address(url: str) -> tuple[str, Mapping[str, str]]:
    """The URL without its password, which everybody could read in the list of processes, and the password."""
    parts = urlsplit(url)
    account, at, place = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    query = dict(parse_qsl(parts.query))
    password = query.pop("password", "") or unquote(password)
    address = parts._replace(netloc=f"{user}{at}{place}", query=urlencode(query)).geturl()
    return address, {"PGPASSWORD": password} if password else {}
