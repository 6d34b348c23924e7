"""PostgreSQL's own `pg_dump`, `pg_restore` and `psql`, which come with lqs: run, and their complaints told."""

import asyncio
import os
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from lqs.storage.embedded import binaries

Stream = TypeVar("Stream", asyncio.StreamReader, asyncio.StreamWriter)

_NEWER = b"SET transaction_timeout = 0;\n"
"""What pg_restore writes among its first lines, and servers older than 17 do not know."""
_EITHER = b"SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout';\n"
_PIECE_BYTES = 1 << 16


class ProgramFailed(Exception):
    """A program ended in failure; the message has its own complaint."""


async def output_of(program: str, *arguments: str, url: str | None = None) -> str:
    """What a program, connected to `url`, wrote to its standard output. Raises `ProgramFailed`."""
    async with _started(program, *arguments, url=url) as process:
        out, complaint = await process.communicate()
    _refuse_failure(program, process, complaint)
    return out.decode(errors="replace")


async def restore_at_once(file: Path, url: str) -> None:
    """Put all that a dump holds into the database at `url`, or nothing. Raises `ProgramFailed`.

    Not by `pg_restore --dbname --single-transaction`, which fails on every server older than 17.
    """
    async with (
        _started("pg_restore", "--no-owner", "--no-privileges", "--file=-", str(file)) as reading,
        _started(
            "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url=url, takes=PIPE, gives=DEVNULL
        ) as filling,
        asyncio.TaskGroup() as listening,
    ):
        complaints = [listening.create_task(_told_by(process)) for process in (reading, filling)]
        try:
            await _hand_over(reading, filling)
        except ConnectionError:  # psql has ended, and tells why itself
            if reading.returncode is None:
                reading.kill()
        await filling.wait()
        await reading.wait()
    # The text that a failing pg_restore breaks off is no fault of psql, whatever that says of it.
    if (reading.returncode or 0) > 0:
        _refuse_failure("pg_restore", reading, complaints[0].result())
    _refuse_failure("psql", filling, complaints[1].result())
    # Killed from outside it has said nothing, and psql has ended well, with nothing made.
    _refuse_failure("pg_restore", reading, complaints[0].result())


async def _hand_over(reading: Process, filling: Process) -> None:
    source, target = _given(reading.stdout), _given(filling.stdin)
    try:
        # The transaction is ended by a statement and not by psql, which would commit a text that breaks off, too.
        target.write(b"BEGIN;\n")
        try:
            target.write((await source.readuntil(_NEWER)).replace(_NEWER, _EITHER))
        except asyncio.IncompleteReadError as error:
            target.write(error.partial)
        while piece := await source.read(_PIECE_BYTES):
            target.write(piece)
            await target.drain()
        if await reading.wait() == 0:
            target.write(b"COMMIT;\n")
        await target.drain()
    finally:
        target.close()


async def _told_by(process: Process) -> bytes:
    return await _given(process.stderr).read()


def _given(stream: Stream | None) -> Stream:
    if stream is None:
        raise ValueError("the process was started without this pipe")
    return stream


@asynccontextmanager
async def _started(
    program: str, *arguments: str, url: str | None = None, takes: int = DEVNULL, gives: int = PIPE
) -> AsyncIterator[Process]:
    """The program at work, killed should it still be at the end."""
    address, password = ("", {}) if url is None else _address(url)
    process = await asyncio.create_subprocess_exec(
        str(binaries() / program),
        *([f"--dbname={address}", "--no-password"] if address else []),
        *arguments,
        env={**os.environ, **password, "LC_ALL": "C"},
        stdin=takes,
        stdout=gives,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _refuse_failure(program: str, process: Process, complaint: bytes) -> None:
    if process.returncode:
        raise ProgramFailed(f"{_last_words(complaint)} (so says {program}).")


def _last_words(complaint: bytes) -> str:
    lines = [
        re.split(r"error: +", line, flags=re.IGNORECASE)[-1]
        for line in complaint.decode(errors="replace").splitlines()
        if line.strip()
    ]
    return " / ".join(lines[:3]) or "it ended without a word"


def _address(url: str) -> tuple[str, Mapping[str, str]]:
    """The URL without its password, which everybody could read in the list of processes, and the password."""
    parts = urlsplit(url)
    account, at, place = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    query = dict(parse_qsl(parts.query))
    password = query.pop("password", "") or unquote(password)
    # libpq reads a plus as a plus, and not as a blank.
    address = parts._replace(netloc=f"{user}{at}{place}", query=urlencode(query, quote_via=quote)).geturl()
    return address, {"PGPASSWORD": password} if password else {}
