"""The fake service: its HTTP server, its script, and the operations that it knows."""

import json
import re
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from lqs_client._async_client import AsyncClient
from lqs_client._client import Client
from lqs_client.testing._kinds import ERRORS, SLOT_KINDS
from lqs_client.testing._work import Slot, Work, sample_problem

KEY = "lqs_live_0123456789AB_0123456789abcdef0123456789abcdef3ALllf"
_PLURALS = {"problems": "problem"}
_MOST_ENTITIES = 10
_LONGEST_HOLD = 60
_HOLD = re.compile(r"wait=(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came in; names of headers are in lower case, `body` is None unless it was JSON."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Mapping[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict)


class _Cut:
    """No answer at all."""


class FakeService:
    """The service while it is entered: `url` and `api_key` are what a client needs, `calls` what came in."""

    api_key = KEY

    def __init__(self, *, make: Callable[[], dict[str, Any]] = sample_problem) -> None:
        self.calls: list[Call] = []
        self._make = make
        self._works: dict[str, Work] = {}
        self._keys: dict[str, tuple[str, Any, str]] = {}
        self._failures: deque[str] = deque()
        self._script: deque[_Answer | _Cut] = deque()
        self._limit: int | None = None
        self._changed = threading.Condition()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Its address, once entered."""
        if self._server is None:
            raise RuntimeError("the fake service has an address only inside `with`")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def client(self, **options: Any) -> Client:
        """A client of it; options are those of `Client`."""
        return Client(self.api_key, api_url=self.url, **options)

    def async_client(self, **options: Any) -> AsyncClient:
        """The same for asyncio."""
        return AsyncClient(self.api_key, api_url=self.url, **options)

    def fail(self, code: str, *, slots: int = 1) -> None:
        """Let the next slots that are worked on fail for good. Raises `ValueError` for a code there is not."""
        if code not in SLOT_KINDS:
            raise ValueError(f"{code!r} is no reason of a slot; there are {', '.join(SLOT_KINDS)}")
        with self._changed:
            self._failures.extend([code] * slots)

    def hold(self, *, after: int = 0) -> None:
        """Keep every generation request under way, once so many of its entities are there, until `release`."""
        with self._changed:
            self._limit = after

    def release(self) -> None:
        """Let all that is held go on."""
        with self._changed:
            self._limit = None
            self._changed.notify_all()

    def refuse(self, code: str, *, times: int = 1, retry_after: float | None = None) -> None:
        """Answer the next calls with this error. Raises `ValueError` for a code that the fake service does not know."""
        if code not in ERRORS:
            raise ValueError(f"{code!r} is no error that is known here; there are {', '.join(ERRORS)}")
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        with self._changed:
            self._script.extend([_error(code, "It was told to answer so.", headers=headers)] * times)

    def cut(self, *, times: int = 1) -> None:
        """Close the connection of the next calls without an answer; nothing is done."""
        with self._changed:
            self._script.extend([_Cut()] * times)

    def __enter__(self) -> Self:
        service: FakeService = self

        class Handler(_Handler):
            fake = service

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None

    def _answer(self, call: Call) -> _Answer | _Cut:
        with self._changed:
            self.calls.append(call)
            if self._script:
                return self._script.popleft()
            if call.headers.get("authorization") != f"Bearer {self.api_key}":
                return _error("not_authenticated", "This API key is unknown.")
            return self._carry_out(call)

    def _carry_out(self, call: Call) -> _Answer:
        match call.method, call.path.partition("?")[0].strip("/").split("/"):
            case "POST", [plural, "generate"] if plural in _PLURALS:
                return self._generate(call, _PLURALS[plural])
            case "GET", ["generation-requests", request_id] if request_id in self._works:
                return self._get(call, self._works[request_id])
            case "POST", ["generation-requests", request_id, "cancel"] if request_id in self._works:
                return self._cancel(call, self._works[request_id])
            case "POST", ["generation-requests", request_id, "retry"] if request_id in self._works:
                return self._retry(call, self._works[request_id])
            case "GET", [plural, entity_id] if plural in _PLURALS:
                return self._entity(entity_id)
            case _:
                return _error("not_found", f"There is nothing at {call.path}.")

    def _generate(self, call: Call, entity_type: str) -> _Answer:
        wish = call.body
        if not isinstance(wish, dict):
            return _error("body_malformed", "The body is not a JSON object.")
        count = wish.get("count", 1)
        if type(count) is not int or not 1 <= count <= _MOST_ENTITIES:
            limits = {"min": 1, "max": _MOST_ENTITIES}
            finding = {"pointer": "/count", "code": "out_of_range", "detail": "It is from 1 to 10.", **limits}
            return _error("body_refused", "/count: It is from 1 to 10.", errors=[finding])
        key, known = self._known(call)
        if isinstance(known, _Answer):
            return known
        work = known or Work(entity_type, [Slot(index) for index in range(count)], wish)
        self._remember(call, key, work)
        accepted = {
            "message": "Generation request was accepted before" if known else "Generation request accepted",
            "request_id": work.request_id,
            "count": count,
            "status": work.status,
            "done": work.done,
            "deadline_at": work.deadline_at.isoformat(),
            "idempotency": _idempotency(key, replayed=known is not None),
            "links": work.links(),
        } | ({} if work.done else {"poll_after_ms": 1000})
        return _Answer(202, accepted, _keyed(key, work, replayed=known is not None))

    def _get(self, call: Call, work: Work) -> _Answer:
        hold = _HOLD.search(call.headers.get("prefer", ""))
        self._go_on(work)
        headers = {"Cache-Control": "private, no-cache"}
        if hold and not work.done and call.headers.get("if-none-match") in (None, work.etag):
            self._changed.wait_for(lambda: self._limit is None, timeout=min(int(hold[1]), _LONGEST_HOLD))
            self._go_on(work)
        headers |= {"ETag": work.etag} | ({"Preference-Applied": f"wait={hold[1]}"} if hold else {})
        if call.headers.get("if-none-match") == work.etag:
            return _Answer(304, None, headers)
        return _Answer(200, work.body(), headers)

    def _go_on(self, work: Work) -> None:
        work.go_on(self._limit, lambda: self._failures.popleft() if self._failures else None, self._make)

    def _cancel(self, call: Call, work: Work) -> _Answer:
        wish = call.body if isinstance(call.body, dict) else {}
        if self._limit is not None:
            self._go_on(work)
        said = work.stop(wish.get("mode", "graceful"), wish.get("reason"))
        self._changed.notify_all()
        return _Answer(200, _told_by_a_post(work) | {"cancel": said}, {"ETag": work.etag})

    def _retry(self, call: Call, work: Work) -> _Answer:
        wish = call.body if isinstance(call.body, dict) else {}
        key, known = self._known(call)
        if isinstance(known, _Answer):
            return known
        if known is None:
            if not work.done:
                return _error("generation_request_not_done", "Its run has not ended.")
            chosen = work.choose(wish.get("slots", "failed"))
            if not chosen:
                return _error("nothing_to_retry", "Nothing of what was chosen failed.")
            work.begin_again(chosen, wish)
        self._remember(call, key, work)
        body = _told_by_a_post(work) | {"idempotency": _idempotency(key, replayed=known is not None)}
        return _Answer(202, body, _keyed(key, work, replayed=known is not None))

    def _entity(self, entity_id: str) -> _Answer:
        slots = (slot.entity for work in self._works.values() for slot in work.slots)
        found = next((entity for entity in slots if entity and entity["id"] == entity_id), None)
        return _Answer(200, found) if found else _error("not_found", "No entity of yours has this id.")

    def _known(self, call: Call) -> tuple[str | None, Work | _Answer | None]:
        key = call.headers.get("idempotency-key")
        if key is None or key not in self._keys:
            return key, None
        path, body, request_id = self._keys[key]
        if (path, body) == (call.path, call.body):
            return key, self._works[request_id]
        members: dict[str, Any] = {"existing_request_id": request_id, "differing_fields": []}
        return key, _error("idempotency_key_reuse", f"This key stands for {request_id}.", **members)

    def _remember(self, call: Call, key: str | None, work: Work) -> None:
        self._works[work.request_id] = work
        if key is not None:
            self._keys[key] = (call.path, call.body, work.request_id)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeService

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is that of the base
        """Say nothing."""

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length", "0")))
        try:
            body = json.loads(content) if content else None
        except ValueError:
            body = None
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.fake._answer(Call(self.command, self.path, headers, body))
        self.close_connection = isinstance(answer, _Cut)
        if isinstance(answer, _Answer):
            self._write(answer)

    def _write(self, answer: _Answer) -> None:
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        kind = "application/problem+json" if answer.status >= 400 else "application/json"
        self.send_response(answer.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _error(code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> _Answer:
    status, retryable, title = ERRORS[code]
    body = {
        "type": f"/errors/{code.replace('_', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "/",
        "code": code,
        "retryable": retryable,
        "trace_id": uuid.uuid4().hex,
    }
    return _Answer(status, body | members, headers or {})


def _told_by_a_post(work: Work) -> dict[str, Any]:
    return {name: value for name, value in work.body().items() if name not in ("progress", "health")}


def _idempotency(key: str | None, *, replayed: bool) -> dict[str, Any] | None:
    return None if key is None else {"key": key, "replayed": replayed, "key_expires_at": None}


def _keyed(key: str | None, work: Work, *, replayed: bool) -> dict[str, str]:
    headers = {"Location": f"/generation-requests/{work.request_id}", "ETag": work.etag}
    return headers | ({"Idempotent-Replayed": "true" if replayed else "false"} if key else {})
