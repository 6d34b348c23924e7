"""The proxy of the fault harness does to a connection what it says, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from faults.proxy import Proxy, Side, proxy


@pytest.fixture
async def way() -> AsyncIterator[Proxy]:
    """A proxy to somebody who answers every line with itself."""

    answering: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        try:
            while line := await reader.readline():
                writer.write(line)
        except ConnectionError:
            return
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]

    async def connect() -> Side:
        return await asyncio.open_connection("127.0.0.1", port)

    async with proxy(connect) as opened:
        yield opened
    listening.close()
    await asyncio.gather(*(task for task in answering if task), return_exceptions=True)


class Line:
    """A connection through the proxy."""

    def __init__(self, side: Side) -> None:
        self.reader, self.writer = side

    async def say(self, words: str) -> str:
        self.writer.write(f"{words}\n".encode())
        async with asyncio.timeout(5):
            return (await self.reader.readline()).decode().strip()


@pytest.fixture
async def dial(way: Proxy) -> AsyncIterator[Callable[[], Awaitable[Line]]]:
    """Opens connections through the proxy; they are closed after the test."""
    lines: list[Line] = []

    async def open_one() -> Line:
        lines.append(Line(await asyncio.open_connection("127.0.0.1", way.port)))
        return lines[-1]

    yield open_one
    for line in lines:
        line.writer.close()
    await asyncio.gather(*(line.writer.wait_closed() for line in lines), return_exceptions=True)


async def test_it_passes_everything_on(way, dial):
    line = await dial()
    assert await line.say("hello") == "hello"
    assert way.connections == 1


async def test_a_cut_ends_the_connections_with_a_farewell(way, dial):
    line = await dial()
    await line.say("hello")
    assert way.cut(reset=False) == 1
    assert await line.reader.read() == b""


async def test_a_reset_ends_them_without_one(way, dial):
    line = await dial()
    await line.say("hello")
    assert way.cut(reset=True) == 1
    with pytest.raises(ConnectionResetError):
        await line.reader.read()


async def test_what_it_swallowed_arrives_late(way, dial):
    line = await dial()
    await line.say("hello")
    way.swallow()
    asking = asyncio.ensure_future(line.say("anybody?"))
    done, _ = await asyncio.wait({asking}, timeout=0.2)
    assert not done
    way.heal()
    assert await asking == "anybody?"


async def test_a_slow_one_takes_longer(way, dial):
    line = await dial()
    way.delay_seconds = 0.1
    began = asyncio.get_running_loop().time()
    await line.say("hello")
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_one_that_refuses_lets_nobody_in(way, dial):
    way.refusing = True
    line = await dial()
    with suppress(ConnectionResetError):
        assert await line.reader.read() == b""
    way.heal()
    assert await (await dial()).say("hello") == "hello"


async def test_an_answer_is_lost_after_the_questions_it_was_told_of_in_their_order(way, dial):
    other, line = await dial(), await dial()
    way.lose_the_answer_after(b"begin", b"commit")
    assert await other.say("commit") == "commit"
    assert await line.say("begin") == "begin"
    assert await other.say("commit") == "commit"
    with pytest.raises(ConnectionResetError):
        await line.say("commit")
    assert way.lost_answers == 1
    assert await (await dial()).say("commit") == "commit"


async def test_an_answer_is_torn_in_its_middle(way, dial):
    line = await dial()
    way.tear_the_answer_after(3)
    assert await line.say("hello") == "hel"
    assert way.torn_answers == 1
