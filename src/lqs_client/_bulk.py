"""Bulk operations: the flows, and what `Client.bulk` and `AsyncClient.bulk` are."""

import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from lqs_client._bulk_operation import BulkOperation, BulkPreview, parse_bulk_operation, parse_bulk_preview
from lqs_client._errors import ApiError, ConnectionFailed, LqsError, Timeout
from lqs_client._retry import RetryPolicy, exchange
from lqs_client._waiting import Wait, passing, pause_after
from lqs_client._wire import Exchange, Flow, HttpRequest, Progress, Result, Sleep, body_of

_ADDRESS = "/generation-requests/bulk"
_PAUSE = 1.0
"""Seconds between two looks, unless the API says otherwise."""


@dataclass(frozen=True, slots=True)
class _Wish:
    action: str
    filter: Mapping[str, Any]
    everybody: bool
    options: Mapping[str, Any] | None

    def body(self, *, dry_run: bool) -> dict[str, Any]:
        scope = {"scope": "all"} if self.everybody else {}
        return {"action": self.action, "filter": dict(self.filter), "dry_run": dry_run, **scope, **(self.options or {})}


def _begin(wish: _Wish, idempotency_key: str | None, policy: RetryPolicy) -> Exchange[BulkOperation]:
    key = str(uuid.uuid4()) if idempotency_key is None else idempotency_key
    response = yield from exchange(_post(wish.body(dry_run=False), {"idempotency-key": key}), policy)
    return parse_bulk_operation(body_of(response))


def _preview(wish: _Wish, policy: RetryPolicy) -> Exchange[BulkPreview]:
    response = yield from exchange(_post(wish.body(dry_run=True), {}), policy)
    return parse_bulk_preview(body_of(response))


def _get(bulk_id: str, policy: RetryPolicy) -> Exchange[BulkOperation]:
    response = yield from exchange(HttpRequest("GET", f"{_ADDRESS}/{quote(bulk_id, safe='')}"), policy)
    return parse_bulk_operation(body_of(response))


def wait_for_bulk(bulk_id: str, how: Wait) -> Flow[BulkOperation]:
    """Look until it is done or the time is over. Trouble on the way that may pass does not end the waiting."""
    deadline, failures = how.deadline(), 0
    while True:
        trouble: LqsError | None = None
        try:
            state = yield from _get(bulk_id, RetryPolicy(max_retries=0))
        except (ConnectionFailed, Timeout, ApiError) as error:
            if not passing(error):
                raise
            trouble, failures = error, failures + 1
            pause = pause_after(error, failures, how.policy)
        else:
            failures, pause = 0, (state.poll_after_ms or _PAUSE * 1000) / 1000
            yield Progress(state)
            if state.done:
                return state
        left = deadline - how.clock()
        if left <= 0:
            if trouble is not None:
                raise trouble
            return state
        yield Sleep(min(pause, left))


def _post(body: Mapping[str, Any], headers: Mapping[str, str]) -> HttpRequest:
    content = json.dumps(body, allow_nan=False).encode()
    return HttpRequest("POST", _ADDRESS, {"content-type": "application/json", **headers}, content)


class _Carrier(Protocol):
    def __call__(self, flow: Flow[Result], on_progress: Callable[[Any], object] | None = None) -> Result: ...


class _AsyncCarrier(Protocol):
    def __call__(self, flow: Flow[Result], on_progress: Callable[[Any], object] | None = None) -> Awaitable[Result]: ...


class Bulk:
    """Work on many generation requests at once.

    `action` is cancel, retry or purge. `filter` says which, by any of entity_type, status, end_reason, error_code,
    priority (each of the last four a list of words), requested_after, requested_before, completed_after,
    completed_before (RFC 3339 times), older_than_seconds and metadata (pairs). `options` are what the action takes:
    mode and reason, or slots, max_attempts and timeout_seconds. `everybody` means every owner's; needs the scope admin.
    """

    def __init__(self, carry_out: _Carrier, policy: RetryPolicy) -> None:
        self._carry_out = carry_out
        self._policy = policy

    def begin(
        self,
        action: str,
        filter: Mapping[str, Any],  # noqa: A002  the word of the API
        *,
        everybody: bool = False,
        options: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> BulkOperation:
        """Have it done to all that match now; returns as soon as the API has stored the wish.

        An idempotency key is made for every call and kept over its repetitions. Raises `Invalid`, `Forbidden`.
        """
        return self._carry_out(_begin(_Wish(action, filter, everybody, options), idempotency_key, self._policy))

    def preview(
        self,
        action: str,
        filter: Mapping[str, Any],  # noqa: A002  the word of the API
        *,
        everybody: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> BulkPreview:
        """Ask how many it would be, and for the ids of some; nothing changes."""
        return self._carry_out(_preview(_Wish(action, filter, everybody, options), self._policy))

    def get(self, bulk_id: str) -> BulkOperation:
        """Look at a bulk operation once. Raises `NotFound` if there is none, or none of yours."""
        return self._carry_out(_get(bulk_id, self._policy))

    def wait(
        self,
        bulk_id: str,
        *,
        timeout: float | None = 600.0,
        on_progress: Callable[[BulkOperation], object] | None = None,
    ) -> BulkOperation:
        """Look at a bulk operation until it is done, or for `timeout` seconds; returns its last state either way.

        `on_progress` is called with every state. Raises what looking again cannot mend, and the last trouble if there
        was no answer in time.
        """
        return self._carry_out(wait_for_bulk(bulk_id, Wait(timeout, time.monotonic, self._policy)), on_progress)


class AsyncBulk:
    """Work on many generation requests at once; see `Bulk`, its blocking twin."""

    def __init__(self, carry_out: _AsyncCarrier, policy: RetryPolicy) -> None:
        self._carry_out = carry_out
        self._policy = policy

    async def begin(
        self,
        action: str,
        filter: Mapping[str, Any],  # noqa: A002  the word of the API
        *,
        everybody: bool = False,
        options: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> BulkOperation:
        """Have it done to all that match now; returns as soon as the API has stored the wish.

        An idempotency key is made for every call and kept over its repetitions. Raises `Invalid`, `Forbidden`.
        """
        return await self._carry_out(_begin(_Wish(action, filter, everybody, options), idempotency_key, self._policy))

    async def preview(
        self,
        action: str,
        filter: Mapping[str, Any],  # noqa: A002  the word of the API
        *,
        everybody: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> BulkPreview:
        """Ask how many it would be, and for the ids of some; nothing changes."""
        return await self._carry_out(_preview(_Wish(action, filter, everybody, options), self._policy))

    async def get(self, bulk_id: str) -> BulkOperation:
        """Look at a bulk operation once. Raises `NotFound` if there is none, or none of yours."""
        return await self._carry_out(_get(bulk_id, self._policy))

    async def wait(
        self,
        bulk_id: str,
        *,
        timeout: float | None = 600.0,
        on_progress: Callable[[BulkOperation], object] | None = None,
    ) -> BulkOperation:
        """Look at a bulk operation until it is done, or for `timeout` seconds; returns its last state either way.

        `on_progress` is called with every state and may be a coroutine function. Raises what looking again cannot
        mend, and the last trouble if there was no answer in time.
        """
        flow = wait_for_bulk(bulk_id, Wait(timeout, time.monotonic, self._policy))
        return await self._carry_out(flow, on_progress)
