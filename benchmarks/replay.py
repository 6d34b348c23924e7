"""Records what the service says to PostgreSQL, and lets `pgbench` say the same again.

The recording holds every statement of every transaction with its arguments, as the service sent them. The replay is
one pgbench process per session: it prepares each statement under the same text, then executes it with the arguments
as literals, between the same BEGIN and COMMIT, one round trip each. Units of different sessions that need each other
wait by advisory locks. So the replay does in the server what the service does in the server, and nothing else: no
Python, no arguments to compute, no rows to understand. What it pays and the service does not: arguments as text
instead of binary, and one lock round trip per unit.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.connection import LoggedQuery

from lqs.storage.database import Connection, Database
from lqs.storage.embedded import binaries

_GATE = 1
_CLASS = 7711
"""First half of the keys of our advisory locks."""


class RecordingDatabase(Database):
    """Connections that note every statement they send, BEGIN and COMMIT included."""

    def record_into(self, recorded: list[tuple[str, tuple[Any, ...]]] | None) -> None:
        """From now on append (text, arguments) to this list; None: do not record."""
        self._recorded = recorded

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """As in `Database`."""
        async with super().acquire() as connection:
            with connection.query_logger(self._note):
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """As in `Database`."""
        async with self.acquire() as connection, connection.transaction(isolation="read_committed"):
            yield connection

    def _note(self, query: LoggedQuery) -> None:
        if (recorded := getattr(self, "_recorded", None)) is not None and not query.query.startswith("NOTIFY"):
            recorded.append((query.query, tuple(query.args)))


@dataclass(frozen=True, slots=True)
class Unit:
    """One recorded transaction. It starts once the units with the numbers in `after` are committed."""

    number: int
    session: str
    statements: Sequence[tuple[str, tuple[Any, ...]]]
    after: Sequence[int] = field(default=())


class Recorder:
    """Collects the units that a recording database goes through."""

    def __init__(self) -> None:
        self.units: list[Unit] = []

    @contextmanager
    def unit(self, database: RecordingDatabase, session: str, after: Unit | None = None) -> Iterator[Unit]:
        """What the database does inside is one unit of this session, which waits for `after`."""
        statements: list[tuple[str, tuple[Any, ...]]] = []
        unit = Unit(len(self.units), session, statements, (after.number,) if after else ())
        self.units.append(unit)
        database.record_into(statements)
        try:
            yield unit
        finally:
            database.record_into(None)


@asynccontextmanager
async def recording(url: str) -> AsyncIterator[RecordingDatabase]:
    """A pool that records."""
    database = await RecordingDatabase.open(
        url, application_name="lqs bench", pool_size=8, statement_timeout_seconds=30, lock_timeout_seconds=5
    )
    try:
        yield database
    finally:
        await database.close()


async def replay(url: str, units: Sequence[Unit], folder: Path) -> float:
    """Run the units with pgbench, each session's in order, all sessions at once; returns seconds from gate to end."""
    sessions = list(dict.fromkeys(unit.session for unit in units))
    gate = await asyncpg.connect(url)
    await gate.execute(f"SELECT pg_advisory_lock({_CLASS}, {_GATE})")
    processes = []
    try:
        for session in sessions:
            script = folder / f"{session}.sql"
            script.write_text(_script([unit for unit in units if unit.session == session]), encoding="utf-8")
            processes.append(await _start(url, script))
        waiting = f"SELECT count(*) FROM pg_locks WHERE classid = {_CLASS} AND objid = {_GATE} AND NOT granted"
        while await gate.fetchval(waiting) < len(sessions):
            if any(process.returncode is not None for process in processes):
                break
            await asyncio.sleep(0.01)
        started = time.perf_counter()
        await gate.execute(f"SELECT pg_advisory_unlock({_CLASS}, {_GATE})")
        outputs = await asyncio.gather(*(process.communicate() for process in processes))
        seconds = time.perf_counter() - started
        for process, (_, errors) in zip(processes, outputs, strict=True):
            if process.returncode:
                raise RuntimeError(f"pgbench failed: {errors.decode()[-2000:]}")
        return seconds
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
        await gate.close()


async def _start(url: str, script: Path) -> asyncio.subprocess.Process:
    command = [str(binaries() / "pgbench"), "--no-vacuum", "--client=1", "--transactions=1", f"--file={script}"]
    return await asyncio.create_subprocess_exec(
        *command, url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


def _script(units: Sequence[Unit]) -> str:
    names: dict[str, str] = {}
    for unit in units:
        for text, arguments in unit.statements:
            if arguments and text not in names:
                names[text] = f"s{len(names)}"
    lines = [f"PREPARE {name} AS {_without_comments(text)};" for text, name in names.items()]
    lines += [f"SELECT pg_advisory_lock({_CLASS}, {_key(unit.number)});" for unit in units]
    lines.append(f"SELECT pg_advisory_lock_shared({_CLASS}, {_GATE});")
    for unit in units:
        lines += [f"SELECT pg_advisory_lock_shared({_CLASS}, {_key(number)});" for number in unit.after]
        for text, arguments in unit.statements:
            if arguments:
                lines.append(f"EXECUTE {names[text]} ({', '.join(map(literal, arguments))});")
            else:
                lines.append(f"{text.rstrip(';')};")
        lines.append(f"SELECT pg_advisory_unlock({_CLASS}, {_key(unit.number)});")
    return "\n".join(lines)


def _key(number: int) -> int:
    return _GATE + 1 + number


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))


def literal(value: object) -> str:
    """A value as SQL, of the type its place asks for."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | tuple():
            return _quoted("{" + ",".join(map(_element, value)) + "}")
        case bytes():
            return _quoted("\\x" + value.hex())
        case str() | UUID():
            return _quoted(str(value))
    raise TypeError(f"no literal for {type(value).__name__}")


def _element(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "t" if value else "f"
        case int() | float() | UUID():
            return str(value)
        case bytes():
            return '"\\\\x' + value.hex() + '"'
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
