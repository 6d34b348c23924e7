"""Asks an address for its health, which needs no key: does lqs answer there, and does a worker live?"""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 2.0


def answers(url: str) -> bool:
    """Whether an API of lqs is alive at this address."""
    return _ask(url, "/health/live").get("status") == "alive"


def workers_alive(url: str) -> int | None:
    """How many workers live, in the words of the API at this address; None if it does not say."""
    count = _ask(url, "/health/ready").get("workers_alive")
    return count if isinstance(count, int) else None


def _ask(url: str, path: str) -> dict[str, Any]:
    """The JSON object of a good answer; empty for anything else."""
    try:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("GET", parts.path.rstrip("/") + path)
            answer = connection.getresponse()
            body = json.load(answer) if answer.status == 200 else None
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    return body if isinstance(body, dict) else {}
