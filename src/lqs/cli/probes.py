"""Single looks at the way to an API: its name, its certificate, its answer, its clock."""

import email.utils
import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Way:
    """An address taken apart; `prefix` is the path before those of the API."""

    host: str
    port: int
    secure: bool
    prefix: str

    @classmethod
    def to(cls, url: str) -> Self | None:
        """The way to this address; None if it is none."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        secure = parts.scheme == "https"
        return cls(parts.hostname, port or (443 if secure else 80), secure, parts.path.rstrip("/"))

    @property
    def is_number(self) -> bool:
        """Whether the host is no name, but an address of its own."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def is_loopback(self) -> bool:
        """Whether it leads to this machine."""
        return self.host == "localhost" or (self.is_number and ipaddress.ip_address(self.host).is_loopback)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `ahead_seconds` is how far the clock there is before ours, None if it was not told."""

    status: int
    body: Mapping[str, Any]
    ahead_seconds: float | None


def look_up(way: Way) -> Sequence[str]:
    """The addresses of the host. Raises `OSError`."""
    found = socket.getaddrinfo(way.host, way.port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


def shake_hands(way: Way) -> str:
    """Until when the certificate of the host holds. Raises `OSError` when it does not, or nothing answers."""
    with (
        socket.create_connection((way.host, way.port), _PATIENCE_SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=way.host) as secured,
    ):
        certificate = secured.getpeercert() or {}
        return str(certificate.get("notAfter", "an unknown day"))


def ask(way: Way, path: str) -> Answer:
    """Ask without a key. Raises `OSError`; an answer that is no JSON object has an empty body."""
    kind = http.client.HTTPSConnection if way.secure else http.client.HTTPConnection
    connection = kind(way.host, way.port, timeout=_PATIENCE_SECONDS)
    try:
        before = time.time()
        connection.request("GET", way.prefix + path)
        answer = connection.getresponse()
        content = answer.read()
        halfway = (before + time.time()) / 2
    except http.client.HTTPException as error:
        raise OSError(f"it does not speak HTTP ({type(error).__name__})") from error
    finally:
        connection.close()
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    told = _moment(answer.headers.get("Date"))
    return Answer(answer.status, body if isinstance(body, dict) else {}, None if told is None else told - halfway)


def _moment(date: str | None) -> float | None:
    """Seconds since 1970; the header has whole seconds, so the middle of its second."""
    try:
        return email.utils.parsedate_to_datetime(date or "").timestamp() + 0.5
    except ValueError:
        return None
