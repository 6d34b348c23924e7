"""Flows about the record of a generation request: changing it, keeping it, erasing it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from lqs_client._generation import GenerationRequest
from lqs_client._parsing import parse_generation_request
from lqs_client._retry import RetryPolicy, exchange
from lqs_client._wire import Exchange, HttpRequest, body_of


def change(request_id: str, changes: Mapping[str, Any], policy: RetryPolicy) -> Exchange[GenerationRequest]:
    """Change what is not None among `changes`. Doing it twice is the same as once, unless a version is named."""
    body = {name: value for name, value in changes.items() if value is not None}
    call = HttpRequest(
        "PATCH",
        _address(request_id),
        {"content-type": "application/json"},
        json.dumps(body, allow_nan=False).encode(),
        repeatable="if_version" not in body,
    )
    response = yield from exchange(call, policy)
    return parse_generation_request(body_of(response))


def purge(request_id: str, policy: RetryPolicy) -> Exchange[None]:
    """Erase a record."""
    yield from exchange(HttpRequest("DELETE", f"{_address(request_id)}?purge=true"), policy)


def _address(request_id: str) -> str:
    return f"/generation-requests/{quote(request_id, safe='')}"
