"""Around every answer: a trace id, safe headers, and one shape for whatever went wrong inside."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lqs.api.error_responses import STATUS, error_response
from lqs.api.methods import METHODS
from lqs.domain.errors import (
    BodyRefused,
    BodyTooLarge,
    Finding,
    InternalError,
    LqsError,
    MethodNotAllowed,
    NotFound,
    ParameterRefused,
    ServiceUnavailable,
)
from lqs.domain.rates import WINDOW_SECONDS, Allowance
from lqs.observability.span_names import UNTRACED_PATHS
from lqs.observability.telemetry import Step
from lqs.observability.trace_context import TraceContext, trace_context_from
from lqs.storage.database import DatabaseUnavailable

_BODY_TOO_LARGE = STATUS[BodyTooLarge]
_LINGER_SECONDS = 10
_OTHER = "_OTHER"
"""A method that nobody knows, in the words of OpenTelemetry."""


class Envelope:
    """Gives every answer its trace id, tells of it, and turns what nobody caught into a 500 that tells nothing private.

    What is done meanwhile finds in the state `trace`, where in a trace it is, and `trace_id`.
    """

    def __init__(self, app: ASGIApp, api: FastAPI) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # No parts, no service: it is opened before anything is called.
        step = self._api.state.parts.telemetry.step(
            "api.answered",
            under=_trace_context(scope),
            method=scope["method"] if scope["method"] in METHODS else _OTHER,
            traced=not scope["path"].startswith(UNTRACED_PATHS),
            scheme=scope["scheme"],
        )
        with step:
            step.trace_id = step.trace_id or secrets.token_hex(16)
            scope.setdefault("state", {}).update(trace=step.trace, trace_id=step.trace_id)
            await self._serve(scope, receive, send, step)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, step: Step) -> None:
        trace_id = scope["state"]["trace_id"]
        started = refused_length = False
        begun = time.monotonic()

        async def send_marked(message: Message) -> None:
            nonlocal started, refused_length
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Trace-Id"] = trace_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
                refused_length = message["status"] == _BODY_TOO_LARGE
                self._tell_rate(scope["state"], headers, status=message["status"])
                step.came(
                    route=_route(scope),
                    status=message["status"],
                    seconds=time.monotonic() - begun,
                    held="Preference-Applied" in headers,
                )
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
            if refused_length:
                await _take_in_the_rest(receive)
        except ClientDisconnect:
            return
        except Exception as error:
            self._api.state.parts.telemetry.fault("api.broke", error, route=_route(scope), trace_id=trace_id)
            if started:
                raise
            answer = InternalError("It was logged under this trace id; tell it to whoever runs this service.")
            await error_response(answer, path=scope["path"], trace_id=trace_id)(scope, receive, send_marked)

    def _tell_rate(self, state: Mapping[str, Any], headers: MutableHeaders, *, status: int) -> None:
        """What is left of the caller's rate; an unchanged answer counts for nothing."""
        counted: Allowance | None = state.get("counted")
        if counted is None:
            return
        remaining, owner_id = counted.remaining, state["owner_id"]
        if status == HTTPStatus.NOT_MODIFIED:
            self._api.state.parts.rates.give_back(owner_id, counted.rate)
            remaining = min(counted.quota, remaining + 1)
        headers["RateLimit-Policy"] = f'"{counted.rate}";q={counted.quota};w={WINDOW_SECONDS}'
        headers["RateLimit"] = f'"{counted.rate}";r={remaining};t={counted.reset_seconds}'


async def _take_in_the_rest(receive: Receive) -> None:
    """Read and forget what a caller is still sending, for a while.

    Closing on somebody who sends would reset the connection, and they would never read why.
    """
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        return


def install(api: FastAPI) -> None:
    """Answer every error of this application in the one shape."""
    api.add_exception_handler(LqsError, _ours)
    api.add_exception_handler(DatabaseUnavailable, _database_unavailable)
    api.add_exception_handler(HTTPException, _framework)
    api.add_exception_handler(RequestValidationError, _validation)
    api.add_middleware(Envelope, api=api)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, LqsError)
    return error_response(error, path=request.scope["path"], trace_id=request.state.trace_id)


async def _database_unavailable(request: Request, error: Exception) -> Response:
    request.app.state.parts.telemetry.emit("api.database_unavailable", reason=str(error))
    answer = ServiceUnavailable("The database does not answer; try again in a moment.")
    return error_response(answer, path=request.scope["path"], trace_id=request.state.trace_id)


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.scope["path"]
    answer: LqsError
    match error.status_code:
        case 404:
            answer = NotFound(f"There is nothing at {path}; /openapi.json lists what there is.")
        case 405:
            answer = MethodNotAllowed(f"{path} does not take {request.method}; see the Allow header.")
        case _:
            raise error
    response = error_response(answer, path=path, trace_id=request.state.trace_id)
    response.headers.update(error.headers or {})
    return response


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    path, trace_id = request.scope["path"], request.state.trace_id
    for detail in error.errors():
        if detail["loc"][0] == "query":
            refused = ParameterRefused(str(detail["loc"][-1]), f"{detail['msg']}.")
            return error_response(refused, path=path, trace_id=trace_id)
    findings = [
        Finding("/" + "/".join(map(str, detail["loc"][1:])), detail["type"], detail["msg"]) for detail in error.errors()
    ]
    return error_response(BodyRefused(findings), path=path, trace_id=trace_id)


def _trace_context(scope: Scope) -> TraceContext | None:
    def named(wanted: bytes) -> list[str]:
        return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]

    return trace_context_from(named(b"traceparent"), named(b"tracestate"))


def _route(scope: Scope) -> str | None:
    """The pattern of the address, never the address itself: a caller may have put a secret there."""
    return getattr(scope.get("route"), "path", None)
