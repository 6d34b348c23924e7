"""A wire to PostgreSQL that a test may cut at one precise place: between a commit and its answer."""

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
    _swallow_after: str | None = None

    def swallow_the_next_answer_to_a_commit_after(self, statement: str) -> None:
        """The server commits, and the connection ends before its answer is passed on."""
        self._swallow_after = statement

    async def carry(
        self, upstream: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One session, from its first byte to its last."""
        host, port = upstream
        there = asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}") if host.startswith("/") else None
        answers, questions = await (there or asyncio.open_connection(host, port))
        try:
            async with asyncio.TaskGroup() as both:
                back = both.create_task(_pour(answers, writer))
                await self._ask(reader, questions, answers, back)
                back.cancel()
        finally:
            writer.close()
            questions.close()

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        questions: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        back: "asyncio.Task[None]",
    ) -> None:
        names: dict[bytes, str] = {}
        last = ""
        while chunk := await reader.read(65536):
            names |= {key: name.decode() for key, name in _PREPARED.findall(chunk)}
            for key in _BOUND.findall(chunk):
                last = names.get(key, "")
                self.ran[last] += 1
            cut = self._swallow_after is not None and last == self._swallow_after and b"COMMIT" in chunk
            if cut:
                self._swallow_after = None
                back.cancel()
                await asyncio.wait([back])
            questions.write(chunk)
            await questions.drain()
            if cut:
                assert b"COMMIT" in await answers.read(65536)
                self.swallowed += 1
                return


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65536):
        sink.write(chunk)
        await sink.drain()


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Wire]:
    """A wire to the server of `url`; its own URL leads to the same database."""
    parts = urlsplit(url)
    host = unquote(parts.hostname or parse_qs(parts.query)["host"][0])
    wire = Wire()
    carried: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        carried.add(task)
        try:
            await wire.carry((host, parts.port or 5432), reader, writer)
        except* ConnectionError:
            pass

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire.url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}", query="").geturl()
    try:
        yield wire
    finally:
        server.close()
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
