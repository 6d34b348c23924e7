"""A real HTTP server that answers from a script: for faults of the way, which no real API makes on cue."""

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

KEY = "lqs_live_0123456789AB_0123456789abcdef0123456789abcdef3ALllf"


@dataclass(frozen=True)
class Answer:
    """One scripted answer; `body` is JSON unless it is bytes."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The connection is closed without a word, after the call was read."""


@dataclass(frozen=True)
class Call:
    """A call as it came in; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class ScriptedApi:
    """The address, and every call that was made. The last line of the script is repeated for ever.

    Its health is no part of the script.
    """

    def __init__(self, url: str, script: Sequence[Answer | Cut], workers_alive: int) -> None:
        self.url = url
        self._health = Answer(200, {"status": "ready", "workers_alive": workers_alive})
        self.calls: list[Call] = []
        self._script = list(script)
        self._called = threading.Condition()

    def wait_for_calls(self, count: int) -> None:
        """Return once so many calls came in."""
        with self._called:
            assert self._called.wait_for(lambda: len(self.calls) >= count, timeout=30)

    def note(self, call: Call) -> Answer | Cut:
        """Keep a call; returns what to answer."""
        if call.path == "/health/ready":
            return self._health
        with self._called:
            self.calls.append(call)
            self._called.notify_all()
            return self._next_line()

    def _next_line(self) -> Answer | Cut:
        return self._script.pop(0) if len(self._script) > 1 else self._script[0]


@contextmanager
def scripted_api(*script: Answer | Cut, workers_alive: int = 1) -> Iterator[ScriptedApi]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            match api.note(_read_call(self.rfile)):
                case Answer() as answer:
                    self.wfile.write(_written(answer))
                case Cut():
                    pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler, bind_and_activate=True) as server:
        server.daemon_threads = True
        api = ScriptedApi(f"http://127.0.0.1:{server.server_address[1]}", script, workers_alive)
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield api
        finally:
            server.shutdown()
            serving.join()


def _read_call(stream: Any) -> Call:
    method, path, _ = stream.readline().decode().split(" ", 2)
    headers: dict[str, str] = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Call(method, path, headers, stream.read(int(headers.get("content-length", "0"))))


def _written(answer: Answer) -> bytes:
    content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
    lines = [f"HTTP/1.1 {answer.status} Scripted", *(f"{k}: {v}" for k, v in (headers | dict(answer.headers)).items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


def state(status: str = "processing", *, version: int = 1, generated: int = 0, requested: int = 2) -> dict[str, Any]:
    """The body of a generation request, with just what matters to a waiting client."""
    done = status in ("completed", "partial", "failed", "cancelled")
    failed = requested - generated if done else 0
    return {
        "request_id": "0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d",
        "entity_type": "problem",
        "links": {"entities": "/problems?generation_request_id=0199f2c4-7d1e-7c3a-9b5e-0d5f6a7b8c9d"},
        "status": status,
        "done": done,
        "version": version,
        "requested_count": requested,
        "generated_count": generated,
        "failed_count": failed,
        "counts": {"generated": generated, "failed": failed, "pending": requested - generated - failed},
        "entities": [],
        "slots": [],
    } | ({} if done else {"poll_after_ms": 50})
