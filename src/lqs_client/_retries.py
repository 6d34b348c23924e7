"""Calls that try again, and what one looks at before, as flows."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from lqs_client._fields import boolean, objects, text, whole
from lqs_client._generation import GenerationRequest
from lqs_client._history import (
    DeadLetter,
    DeadLetterPage,
    FoundRequests,
    Requeued,
    RunList,
    SlotHistory,
    parse_attempt,
    parse_dead_letter,
    parse_run,
)
from lqs_client._parsing import parse_generation_request, parse_slot
from lqs_client._retry import RetryPolicy, exchange
from lqs_client._wire import Exchange, HttpRequest, body_of, keyed_post


@dataclass(frozen=True, slots=True)
class Again:
    """A wish for a further run: `slots` is "failed", "failed_and_cancelled", or indexes; None leaves it to the API."""

    slots: str | Sequence[int]
    max_attempts: int | None
    timeout_seconds: int | None
    max_cost_microusd: int | None
    if_version: int | None


def retry(
    request_id: str, again: Again, idempotency_key: str | None, policy: RetryPolicy
) -> Exchange[GenerationRequest]:
    """Begin a further run."""
    body: dict[str, Any] = {"slots": again.slots if isinstance(again.slots, str) else list(again.slots)}
    terms = {
        "max_attempts": again.max_attempts,
        "timeout_seconds": again.timeout_seconds,
        "max_cost_microusd": again.max_cost_microusd,
        "if_version": again.if_version,
    }
    body |= {name: value for name, value in terms.items() if value is not None}
    call = keyed_post(f"/generation-requests/{quote(request_id, safe='')}/retry", body, _key(idempotency_key))
    return parse_generation_request(body_of((yield from exchange(call, policy))))


def runs(request_id: str, policy: RetryPolicy) -> Exchange[RunList]:
    """Look at all runs."""
    body = body_of((yield from exchange(_get("generation-requests", request_id, "runs"), policy)))
    return RunList(results=tuple(parse_run(one) for one in objects(body, "results")), raw=body)


def slot(request_id: str, index: int, policy: RetryPolicy) -> Exchange[SlotHistory]:
    """Look at a slot and every attempt at it."""
    body = body_of((yield from exchange(_get("generation-requests", request_id, "slots", str(index)), policy)))
    attempts = tuple(parse_attempt(one) for one in objects(body, "attempt_history"))
    return SlotHistory(slot=parse_slot(body), attempts=attempts, raw=body)


def find(idempotency_key: str, policy: RetryPolicy) -> Exchange[FoundRequests]:
    """Look for what a key made."""
    call = HttpRequest("GET", "/generation-requests?" + urlencode({"idempotency_key": idempotency_key, "view": "full"}))
    body = body_of((yield from exchange(call, policy)))
    return FoundRequests(results=tuple(parse_generation_request(one) for one in objects(body, "results")), raw=body)


def list_dead_letters(filters: Mapping[str, object], policy: RetryPolicy) -> Exchange[DeadLetterPage]:
    """Look at one page of dead letters."""
    asked = urlencode(_told(filters))
    body = body_of((yield from exchange(HttpRequest("GET", f"/dead-letters?{asked}".rstrip("?")), policy)))
    results = tuple(parse_dead_letter(one) for one in objects(body, "results"))
    return DeadLetterPage(results=results, next_cursor=text(body, "next_cursor"), raw=body)


def dead_letter(dead_letter_id: str, policy: RetryPolicy) -> Exchange[DeadLetter]:
    """Look into one dead letter."""
    return parse_dead_letter(body_of((yield from exchange(_get("dead-letters", dead_letter_id), policy))))


def requeue(dead_letter_id: str, idempotency_key: str | None, policy: RetryPolicy) -> Exchange[GenerationRequest]:
    """Try the slot of a dead letter again."""
    path = f"/dead-letters/{quote(dead_letter_id, safe='')}/requeue"
    response = yield from exchange(keyed_post(path, {}, _key(idempotency_key)), policy)
    return parse_generation_request(body_of(response))


def requeue_matching(
    filters: Mapping[str, object], idempotency_key: str | None, policy: RetryPolicy, *, dry_run: bool
) -> Exchange[Requeued]:
    """Try again what matches."""
    wish = {"filter": _told(filters), "dry_run": dry_run}
    call = keyed_post("/dead-letters/requeue", wish, _key(idempotency_key))
    body = body_of((yield from exchange(call, policy)))
    return Requeued(
        matched=whole(body, "matched") or 0,
        requeued=whole(body, "requeued") or 0,
        skipped=whole(body, "skipped") or 0,
        remaining=whole(body, "remaining") or 0,
        dry_run=boolean(body, "dry_run") or False,
        raw=body,
    )


def discard(dead_letter_id: str, policy: RetryPolicy) -> Exchange[None]:
    """Put a dead letter away."""
    yield from exchange(HttpRequest("DELETE", f"/dead-letters/{quote(dead_letter_id, safe='')}"), policy)


def _key(given: str | None) -> str:
    return str(uuid.uuid4()) if given is None else given


def _get(*parts: str) -> HttpRequest:
    return HttpRequest("GET", "/" + "/".join(quote(part, safe="") for part in parts))


def _told(filters: Mapping[str, object]) -> dict[str, Any]:
    given = {name: value for name, value in filters.items() if value is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()}
