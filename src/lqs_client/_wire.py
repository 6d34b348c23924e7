"""The HTTP contract without input or output: calls are built here, answers are read here, nobody is called here.

A conversation with the API is a generator (a `Flow`): it yields steps, is sent what came of them, and returns the
result. `Client` and `AsyncClient` only carry the steps out, so both behave the same and tests need no network.
"""

import json
import platform
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from lqs_client._bulk_operation import BulkOperation
from lqs_client._errors import ApiError, LqsError, UnexpectedAnswer, api_error
from lqs_client._generation import GenerationRequest
from lqs_client._version import __version__

Result = TypeVar("Result")

_UNKNOWN_THERE = frozenset({404, 405, 501})
"""Statuses that need no gateway before the API to explain them: those have others for what they refuse."""

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A step: make this call. Answered with an `HttpResponse`, or `ConnectionFailed` or `Timeout` is thrown in.

    `repeatable` is false when a second call would do the thing twice. `timeout` bounds each wait for the network, in
    seconds; None is the client's own. `hold` is for how many seconds the API was asked to hold its answer: they come on
    top of the client's own.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    repeatable: bool = True
    timeout: float | None = None
    hold: int = 0


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back; the names of `headers` are in lower case, `place` is the address that answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How to generate, beside what; None leaves it to the service.

    `priority` is low, normal or high, which needs a key with the scope priority. `timeout_seconds` is for the whole
    run, `start_within_seconds` for the wait until its first attempt, `slot_timeout_seconds` for one attempt,
    `max_attempts` for each entity, `retention_seconds` for the record after its end. `max_cost_microusd` is what all
    model calls together may cost, in millionths of a US dollar; what it does not suffice for ends `budget_exhausted`.
    """

    priority: str | None = None
    timeout_seconds: int | None = None
    start_within_seconds: int | None = None
    slot_timeout_seconds: int | None = None
    max_attempts: int | None = None
    max_cost_microusd: int | None = None
    retention_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What to generate: `plural` is the noun of the entity type's paths."""

    plural: str
    count: int
    constraints: Mapping[str, Any] | None
    metadata: Mapping[str, str] | None
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class KeyWish:
    """An API key to be made."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    daily_budget_microusd: int | None


@dataclass(frozen=True, slots=True)
class Sleep:
    """A step: let this many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A step: tell the caller the new state of what is waited for."""

    state: GenerationRequest | BulkOperation


@dataclass(frozen=True, slots=True)
class Trouble:
    """A step: tell the caller that a look failed and will be repeated in `pause` seconds."""

    error: LqsError
    pause: float


Exchange: TypeAlias = Generator[HttpRequest | Sleep, HttpResponse | None, Result]
Flow: TypeAlias = Generator[HttpRequest | Sleep | Progress | Trouble, HttpResponse | None, Result]


def common_headers(api_key: str) -> dict[str, str]:
    """What every call carries."""
    return {
        "authorization": f"Bearer {api_key}",
        "accept": "application/json",
        "user-agent": f"lqs-client/{__version__} python/{platform.python_version()}",
    }


def submit(order: Order, key: str) -> HttpRequest:
    """Ask for entities; `key` makes a repetition of this call harmless.

    Raises `ValueError` for a noun that is known to be none, for a key that no header can carry and for values that are
    not JSON.
    """
    body: dict[str, Any] = {"count": order.count}
    if order.constraints:
        body["constraints"] = order.constraints
    if order.metadata:
        body["metadata"] = order.metadata
    body |= {name: value for name, value in asdict(order.terms).items() if value is not None}
    return keyed_post(f"/{_noun(order.plural)}/generate", body, key)


def keyed_post(path: str, body: Mapping[str, Any], key: str) -> HttpRequest:
    """Ask for work whose `key` makes a repetition harmless. Raises `ValueError` for a key that no header can carry."""
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise ValueError("an idempotency key is 1 to 255 visible ASCII characters")
    return _post(path, body, {"idempotency-key": key})


def generation_request(
    request_id: str, *, etag: str | None = None, timeout: float | None = None, hold: int = 0
) -> HttpRequest:
    """Look at a generation request; with the `etag` of the last look the answer is 304 while nothing changed.

    The API may `hold` the answer for so many seconds: until there is news or, without an `etag`, until it is done.
    """
    headers = {} if etag is None else {"if-none-match": etag}
    headers |= {"prefer": f"wait={hold}"} if hold else {}
    path = f"/generation-requests/{quote(request_id, safe='')}"
    return HttpRequest("GET", path, headers, timeout=timeout, hold=hold)


def cancel(request_id: str, *, mode: str, reason: str | None, if_version: int | None) -> HttpRequest:
    """Cancel a generation request. Twice is the same as once, unless it has to have a certain version."""
    body = {"mode": mode, "reason": reason, "if_version": if_version}
    said = {name: value for name, value in body.items() if value is not None}
    call = _post(f"/generation-requests/{quote(request_id, safe='')}/cancel", said, {})
    return replace(call, repeatable=if_version is None)


def entity(plural: str, entity_id: str) -> HttpRequest:
    """Look at one entity. Raises `ValueError` for a noun that is known to be none."""
    return HttpRequest("GET", f"/{_noun(plural)}/{quote(entity_id, safe='')}")


def entities(plural: str, filters: Mapping[str, Any], *, limit: int, cursor: str | None) -> HttpRequest:
    """Look at a page of entities."""
    paging = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
    return HttpRequest("GET", f"/{_noun(plural)}?{_query({**filters, **paging})}")


def draw(plural: str, filters: Mapping[str, Any]) -> HttpRequest:
    """Take the entity whose turn it is. A repetition takes the next one: the first only misses a turn."""
    return _post(f"/{_noun(plural)}/draw", filters, {})


def pool_statistics(plural: str, filters: Mapping[str, Any], group_by: Sequence[str]) -> HttpRequest:
    """Look at the pool in numbers."""
    grouping = {"group_by": group_by} if group_by else {}
    return HttpRequest("GET", f"/{_noun(plural)}/stats?{_query({**filters, **grouping})}")


def create_api_key(wish: KeyWish) -> HttpRequest:
    """Make an API key. Not repeatable: a second call makes a second key."""
    body: dict[str, Any] = {"name": wish.name, "scopes": wish.scopes}
    if wish.expires_at is not None:
        body["expires_at"] = wish.expires_at.isoformat()
    if wish.daily_budget_microusd is not None:
        body["daily_budget_microusd"] = wish.daily_budget_microusd
    return replace(_post("/api-keys", body, {}), repeatable=False)


def list_api_keys() -> HttpRequest:
    """Look at all API keys of the owner."""
    return HttpRequest("GET", "/api-keys")


def revoke_api_key(key_id: str) -> HttpRequest:
    """Revoke an API key; revoking it twice is the same as once."""
    return HttpRequest("DELETE", f"/api-keys/{quote(key_id, safe='')}")


def _noun(plural: str) -> str:
    """The noun of an entity type as a part of a path."""
    if plural == "problem":
        raise ValueError("an entity type is named by its plural here: 'problems' instead of 'problem'")
    return quote(plural, safe="")


def _query(parameters: Mapping[str, Any]) -> str:
    """Parameters as a query; several values of one are joined by commas."""
    listed = {name: value if isinstance(value, list | tuple) else [value] for name, value in parameters.items()}
    return urlencode({name: ",".join(map(_word, values)) for name, values in listed.items()})


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _post(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> HttpRequest:
    content = json.dumps(body, allow_nan=False).encode()
    return HttpRequest("POST", path, {"content-type": "application/json", **headers}, content)


def body_of(response: HttpResponse) -> Mapping[str, Any]:
    """The JSON object of a good answer. Raises `UnexpectedAnswer` for anything else."""
    if 300 <= response.status < 400:
        target = response.headers.get("location", "elsewhere")
        raise UnexpectedAnswer(f"the address redirects to {target}; give that one as the address of the API")
    body = _json_object(response.body)
    if body is None:
        raise _foreign(response)
    return body


def error_of(response: HttpResponse) -> ApiError:
    """The error in an answer of 400 or above, also when something before the API wrote it.

    Raises `UnexpectedAnswer` for what only a server says that is not the API: it does not know this path or method.
    """
    body = _json_object(response.body) or {}
    if response.status in _UNKNOWN_THERE and "code" not in body:
        raise _foreign(response)
    return api_error(
        response.status,
        body,
        trace_id=response.headers.get("x-trace-id"),
        retry_after=retry_after(response),
    )


def _foreign(response: HttpResponse) -> UnexpectedAnswer:
    place = f"at {response.place} " if response.place else ""
    kind = response.headers.get("content-type", "no content type")
    return UnexpectedAnswer(f"what answers {place}is not the API of lqs (status {response.status}, {kind})")


def retry_after(response: HttpResponse) -> float | None:
    """The pause the API asks for, in seconds; None if it asks for none, or not in seconds."""
    try:
        seconds = float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _json_object(content: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
