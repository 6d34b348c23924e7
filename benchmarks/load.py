"""A light HTTP client of its own process: many keep-alive connections, each with one call under way."""

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import uvloop

PLACEHOLDER = b"@@@@@@@@@@@@"
"""Stands in a request for a number that is new in every call."""


class Connection(asyncio.Protocol):
    """Sends a request, waits for the whole answer, sends the next."""

    def __init__(self, request: bytes, numbers: Iterator[int], answers: list[float]) -> None:
        self._before, self._placeholder, self._after = request.partition(PLACEHOLDER)
        self._numbers = numbers
        self._answers = answers
        self._received = b""
        self._sent_at = 0.0
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
        self._answers.append(time.perf_counter() - self._sent_at)
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        number = b"%012d" % next(self._numbers) if self._placeholder else b""
        self._transport.write(self._before + number + self._after)

    def close(self) -> None:
        """Stop at once."""
        self._transport.abort()


async def load(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> dict[str, float]:
    """Keep all connections busy for `seconds` after a short warm-up; returns calls per second and latency in ms."""
    loop = asyncio.get_running_loop()
    numbers = itertools.count(time.time_ns() % 10**11)
    answers: list[float] = []
    opened = []
    for n in range(connections):
        connect = partial(Connection, requests[n % len(requests)], numbers, answers)
        opened.append((await loop.create_connection(connect, "127.0.0.1", port))[1])
    await asyncio.sleep(seconds / 5)
    answers.clear()
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - started
    measured = sorted(answers)
    for connection in opened:
        connection.close()
    for connection in opened:
        if connection.failed:
            raise SystemExit(f"a call failed: {connection.failed}")
    return {"per_second": len(measured) / took, "median_ms": measured[len(measured) // 2] * 1000}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--seconds", type=float)
    asked = parser.parse_args()
    requests = [text.encode() for text in json.load(sys.stdin)]
    print(json.dumps(uvloop.run(load(asked.port, requests, asked.connections, asked.seconds))))
