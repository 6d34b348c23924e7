"""Asks an address who is there: does lqs answer, does a worker live, is a key known?"""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from lqs_client import Client, Forbidden, LqsError

_PATIENCE_SECONDS = 2.0


def answers(url: str) -> bool:
    """Whether an API of lqs is alive at this address."""
    return _ask(url, "/health/live").get("status") == "alive"


def serves(url: str, key: str) -> bool:
    """Whether an API of lqs at this address knows the key: then it uses the database in which the key is."""
    try:
        with Client(key, api_url=url, timeout=_PATIENCE_SECONDS, max_retries=0) as client:
            client.keys.list()
    except Forbidden:
        return True
    except LqsError:
        return False
    return True


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
