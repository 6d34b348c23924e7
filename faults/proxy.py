"""A TCP proxy that can cut, reset, slow down and swallow what passes through it."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET

Side = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CHUNK_BYTES = 65536


@dataclass(eq=False)
class _Link:
    """One connection that is passed on. `muted`: its next answer is swallowed, and ends it; `heard`: so many of the
    questions after which that is to happen were asked.
    """

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    muted: bool = False
    heard: int = 0

    def end(self, *, reset: bool) -> None:
        for writer in (self.near, self.far):
            if reset:
                # Without time to linger, closing sends a reset instead of a farewell.
                if (socket := writer.get_extra_info("socket")) is not None:
                    socket.setsockopt(SOL_SOCKET, SO_LINGER, _RESET_ON_CLOSE)
                writer.transport.abort()
            else:
                writer.close()


@dataclass
class Proxy:
    """Passes on what comes to its port, as long as nobody interferes."""

    connect: Callable[[], Awaitable[Side]]
    port: int = 0
    delay_seconds: float = 0.0
    refusing: bool = False
    lost_answers: int = 0
    torn_answers: int = 0
    _links: set[_Link] = field(default_factory=set)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _mute_after: tuple[bytes, ...] = ()
    _tear_after: int | None = None

    @property
    def connections(self) -> int:
        """How many connections pass through it now."""
        return len(self._links)

    def cut(self, *, reset: bool) -> int:
        """End every connection; returns how many there were."""
        links = tuple(self._links)
        for link in links:
            link.end(reset=reset)
        return len(links)

    def swallow(self) -> None:
        """From now on nothing passes, in either direction, and nobody is told."""
        self._flowing.clear()

    def lose_the_answer_after(self, *questions: bytes) -> None:
        """Once one connection asked all of these in this order, the last one passes, and it ends before the answer."""
        self._mute_after = questions
        for link in self._links:
            link.heard = 0

    def tear_the_answer_after(self, length: int) -> None:
        """The next answer ends after so many bytes, in the middle, and its connection with it."""
        self._tear_after = length

    def heal(self) -> None:
        """Interfere no more; what was swallowed arrives late."""
        self.delay_seconds, self.refusing = 0.0, False
        self._mute_after, self._tear_after = (), None
        self._flowing.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        if self.refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await self.connect()
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, far_writer)
        self._links.add(link)
        ways = {
            asyncio.ensure_future(self._questions(reader, link)),
            asyncio.ensure_future(self._answers(far_reader, link)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            link.end(reset=False)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _questions(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            wanted = self._mute_after
            while link.heard < len(wanted) and wanted[link.heard] in chunk:
                link.heard += 1
            if wanted and link.heard == len(wanted):
                self._mute_after, link.muted = (), True
            await self._pass(link.far, chunk)

    async def _answers(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            if link.muted:
                self.lost_answers += 1
                link.end(reset=True)
                return
            if self._tear_after is not None and len(chunk) > self._tear_after:
                link.near.write(chunk[: self._tear_after])
                await link.near.drain()
                self._tear_after = None
                self.torn_answers += 1
                return
            await self._pass(link.near, chunk)

    async def _pass(self, writer: asyncio.StreamWriter, chunk: bytes) -> None:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        await self._flowing.wait()
        writer.write(chunk)
        await writer.drain()


@asynccontextmanager
async def proxy(connect: Callable[[], Awaitable[Side]]) -> AsyncIterator[Proxy]:
    """A proxy on a free port of the loopback to wherever `connect` leads."""
    opened = Proxy(connect)
    opened.heal()
    carried: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_quietly(opened, reader, writer))
        carried.add(task)
        task.add_done_callback(carried.discard)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    opened.port = listening.sockets[0].getsockname()[1]
    try:
        yield opened
    finally:
        listening.close()
        for task in tuple(carried):
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)


async def _quietly(opened: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await opened.carry(reader, writer)
    except OSError:
        writer.transport.abort()
