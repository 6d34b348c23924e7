"""Who calls, and what the key allows. Keys are accepted in the Authorization header only."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from lqs.api.parts import Parts
from lqs.domain.api_key import ApiKey, Scope, parse_key
from lqs.domain.errors import NotAuthenticated, ParameterRefused, RateLimited, ScopeMissing
from lqs.domain.rates import Rate
from lqs.lifecycle.keys import note_use
from lqs.storage import api_keys
from lqs.storage.api_keys import Found
from lqs.storage.database import DatabaseUnavailable
from lqs.wiring import ApiParts

_REMEMBERED_SECONDS = 5
_NOTED_SECONDS = 60
_MOST_REMEMBERED = 10_000
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who was authenticated; budgeted: the key has a daily budget."""

    owner_id: UUID
    key_id: str
    scopes: frozenset[Scope]
    budgeted: bool = False

    def require(self, scope: Scope) -> None:
        """Raise `ScopeMissing` unless the key has this scope."""
        if scope not in self.scopes:
            raise ScopeMissing(scope, sorted(self.scopes))


class KeyCache:
    """Keys as they were found at most 5 s ago: a revoked key may live that long in another process."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, Found | None]] = {}
        self._noted: dict[str, float] = {}
        self._forgotten = 0

    async def find(self, parts: ApiParts, key_id: str) -> Found | None:
        """The stored key with this id, live or not."""
        now = time.monotonic()
        if (remembered := self._found.get(key_id)) and now < remembered[0]:
            return remembered[1]
        forgotten = self._forgotten
        async with parts.database.acquire() as connection:
            found = await api_keys.find(connection, key_id)
        if len(self._found) >= _MOST_REMEMBERED:
            self._found.clear()
        if forgotten == self._forgotten:
            self._found[key_id] = (now + _REMEMBERED_SECONDS, found)
        return found

    async def note_use(self, parts: ApiParts, key_id: str) -> None:
        """Have it written down, at most once a minute, that a key was used. Nothing depends on it succeeding."""
        now = time.monotonic()
        if now - self._noted.get(key_id, -_NOTED_SECONDS) < _NOTED_SECONDS:
            return
        if len(self._noted) >= _MOST_REMEMBERED:
            self._noted.clear()
        self._noted[key_id] = now
        with suppress(DatabaseUnavailable):
            await note_use(parts.database, key_id)

    def forget(self, key_id: str) -> None:
        """Look the key up anew next time, and remember nothing that was asked for before."""
        self._forgotten += 1
        self._found.pop(key_id, None)


def needs(scope: Scope, rate: Rate = Rate.READ) -> Callable[[Request, Parts], Awaitable[Caller]]:
    """A dependency: the caller, if their key is live and has this scope, and their owner may call so often.

    What it leaves of the rate is told with the answer. Raises `ParameterRefused` for a condition in a header of a call
    that changes something.
    """

    async def authenticate(request: Request, parts: Parts) -> Caller:
        key = _presented(request)
        keys: KeyCache = request.app.state.keys
        found = await keys.find(parts, key.key_id)
        if not key.matches(found.secret_sha256 if found else _NOBODY) or found is None:
            raise NotAuthenticated("This API key is unknown. `lqs keys list` shows the keys of an owner.")
        if not found.live:
            raise NotAuthenticated("This API key was revoked or has expired. Create another: `lqs keys create`.")
        caller = Caller(found.owner_id, key.key_id, frozenset(map(Scope, found.scopes)), found.budgeted)
        caller.require(scope)
        _refuse_conditions(request)
        await keys.note_use(parts, key.key_id)
        request.state.counted = allowance = parts.rates.take(caller.owner_id, rate)
        request.state.owner_id = caller.owner_id
        if allowance is not None and not allowance.granted:
            wait = parts.rates.next_in_seconds(caller.owner_id, rate)
            raise RateLimited(rate, allowance.quota, retry_after_seconds=wait)
        return caller

    return authenticate


def _refuse_conditions(request: Request) -> None:
    """What would only be done under a condition must not be done without looking at it."""
    if request.method not in ("GET", "HEAD"):
        for name in ("If-Match", "If-None-Match", "If-Unmodified-Since"):
            if name in request.headers:
                detail = "It is not looked at here. Leave it out; where a call takes if_version, that is its condition."
                raise ParameterRefused(name, detail)


def _presented(request: Request) -> ApiKey:
    header = request.headers.get("authorization", "")
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated("Send an API key in the header `Authorization: Bearer lqs_live_...`.")
    key = parse_key(text.strip())
    if key is None:
        raise NotAuthenticated("This is not a whole API key: its prefix, length or checksum is wrong.")
    return key
