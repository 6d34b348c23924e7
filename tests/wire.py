"""A wire to PostgreSQL that a test may cut, or stop, at one precise place: between a commit and its answer, or before
a certain statement.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

_PREPARED = re.compile(rb"P....(__asyncpg_\w+)\x00-- ([\w.]+)[\n(]", re.DOTALL)
_BOUND = re.compile(rb"B....\x00(__asyncpg_\w+)\x00", re.DOTALL)
"""The driver's Parse and Bind messages; every statement of the house begins with its own name in a comment.

Message formats: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""


@dataclass
class Wire:
    """Passes everything on, counts which statements ran, and swallows the answers it was asked to."""

    url: str = ""
    ran: Counter[str] = field(default_factory=Counter)
    swallowed: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _swallow_after: set[str] | None = None
    _stop_before: str | None = None
    _go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def swallow_the_next_answer_to_a_commit_after(self, *statements: str) -> None:
        """The server commits a transaction in which all of these ran, and the connection ends without its answer."""
        self._swallow_after = set(statements)

    def stop_before_the_next(self, statement: str) -> None:
        """This statement does not reach the server before `go_on`; `stopped` is set when it is on its way."""
        self._stop_before = statement

    def go_on(self) -> None:
        """Let the stopped statement pass."""
        self._go_on.set()

    async def carry(
        self, upstream: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One session, until either side ends it."""
        host, port = upstream
        answers, questions = await (
            asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
            if host.startswith("/")
            else asyncio.open_connection(host, port)
        )
        cut = asyncio.Event()
        ways = {
            asyncio.ensure_future(self._ask(reader, questions, cut)),
            asyncio.ensure_future(self._answer(answers, writer, cut)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            questions.close()

    async def _ask(self, reader: asyncio.StreamReader, questions: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        names: dict[bytes, str] = {}
        transaction: set[str] = set()
        while chunk := await reader.read(65536):
            names |= {key: name.decode() for key, name in _PREPARED.findall(chunk)}
            if b"BEGIN" in chunk:
                transaction = set()
            bound = [names.get(key, "") for key in _BOUND.findall(chunk)]
            self.ran.update(bound)
            transaction |= set(bound)
            if self._stop_before in bound:
                self._stop_before = None
                self.stopped.set()
                await self._go_on.wait()
            if self._swallow_after is not None and self._swallow_after <= transaction and b"COMMIT" in chunk:
                self._swallow_after = None
                cut.set()
            questions.write(chunk)
            await questions.drain()

    async def _answer(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while chunk := await answers.read(65536):
            if cut.is_set():
                assert b"COMMIT" in chunk
                self.swallowed += 1
                return
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Wire]:
    """A wire to the server of `url`; its own URL leads to the same database."""
    parts = urlsplit(url)
    host = unquote(parts.hostname or parse_qs(parts.query)["host"][0])
    wire = Wire()
    carried: set[asyncio.Future[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried.add(asyncio.ensure_future(wire.carry((host, parts.port or 5432), reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire.url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}", query="").geturl()
    try:
        yield wire
    finally:
        server.close()
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
