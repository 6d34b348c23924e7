"""A light HTTP client of its own process: many keep-alive connections, each with one call under way."""

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import cast

import uvloop

_PATIENCE_SECONDS = 60
PLACEHOLDER = b"@@@@@@@@@@@@"
"""Stands in a request for a number that is new in every call."""


class Connection(asyncio.Protocol):
    """Sends a request, waits for the whole answer, sends the next."""

    def __init__(self, request: bytes, numbers: Iterator[int]) -> None:
        self._before, self._placeholder, self._after = request.partition(PLACEHOLDER)
        self._numbers = numbers
        self._received = b""
        self.answers = 0
        self.failed: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its type
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count a whole answer and go on; anything but success ends the connection."""
        received = self._received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = received[:end].lower()
        if not head.startswith((b"http/1.1 2", b"http/1.1 304")):
            self.failed = received[:500].decode(errors="replace")
            self._transport.abort()
            return
        place = head.find(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
        if len(received) < end + 4 + length:
            return
        self._received = b""
        self.answers += 1
        self._send()

    def _send(self) -> None:
        number = b"%012d" % next(self._numbers) if self._placeholder else b""
        self._transport.write(self._before + number + self._after)

    def close(self) -> None:
        """Stop at once."""
        self._transport.abort()


async def load(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> float:
    """Calls per second while all connections are busy for `seconds`, once each has had its first answer."""
    loop = asyncio.get_running_loop()
    numbers = itertools.count(time.time_ns() % 10**11)
    opened: list[Connection] = []
    for n in range(connections):
        connect = partial(Connection, requests[n % len(requests)], numbers)
        opened.append((await loop.create_connection(connect, "127.0.0.1", port))[1])
    await _until(opened, lambda: all(connection.answers for connection in opened))
    before = sum(connection.answers for connection in opened)
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    await _until(opened, lambda: sum(connection.answers for connection in opened) > before)
    took = time.perf_counter() - started
    answered = sum(connection.answers for connection in opened) - before
    for connection in opened:
        connection.close()
    return answered / took


async def _until(opened: Sequence[Connection], reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not reached():
            for connection in opened:
                if connection.failed:
                    raise SystemExit(f"a call failed: {connection.failed}")
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--seconds", type=float)
    asked = parser.parse_args()
    requests = [text.encode() for text in json.load(sys.stdin)]
    print(uvloop.run(load(asked.port, requests, asked.connections, asked.seconds)))
