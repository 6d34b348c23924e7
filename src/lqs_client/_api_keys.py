"""API keys: what the API tells of them, and the look of one."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lqs_client._errors import UnexpectedAnswer
from lqs_client._fields import moment, objects, text, texts, whole

_SHAPE = re.compile(r"(lqs_live_[0-9A-Za-z]+_[0-9A-Za-z]{24,})([0-9A-Za-z]{6})")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key without its secret, which nobody can read again. Money is in millionths of a US dollar.

    `daily_budget_microusd` is None without one; `spent_today_microusd` counts calls in flight at their price.
    """

    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    daily_budget_microusd: int | None
    spent_today_microusd: int
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey(ApiKey):
    """An API key that was just made, with the one sight of its `secret` there will ever be."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyList:
    """All API keys of the owner, as the API orders them."""

    results: tuple[ApiKey, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


def parse_api_key_list(body: Mapping[str, Any]) -> ApiKeyList:
    """Read a list of keys. Raises `UnexpectedAnswer` if one is none."""
    return ApiKeyList(results=tuple(parse_api_key(one) for one in objects(body, "results")), raw=body)


def parse_api_key(body: Mapping[str, Any]) -> ApiKey:
    """Read a key. Raises `UnexpectedAnswer` if the body is none."""
    return ApiKey(**_members(body), raw=body)


def parse_new_api_key(body: Mapping[str, Any]) -> NewApiKey:
    """Read a key that was just made. Raises `UnexpectedAnswer` if the body is none."""
    secret = text(body, "secret")
    if secret is None:
        raise UnexpectedAnswer("the answer holds no secret of a new API key")
    return NewApiKey(**_members(body), secret=secret, raw=body)


def _members(body: Mapping[str, Any]) -> dict[str, Any]:
    key_id = text(body, "key_id")
    if key_id is None:
        raise UnexpectedAnswer("the answer is no API key: key_id is missing")
    return {
        "key_id": key_id,
        "name": text(body, "name") or "",
        "scopes": texts(body, "scopes"),
        "created_at": moment(body, "created_at"),
        "last_used_at": moment(body, "last_used_at"),
        "expires_at": moment(body, "expires_at"),
        "revoked_at": moment(body, "revoked_at"),
        "daily_budget_microusd": whole(body, "daily_budget_microusd"),
        "spent_today_microusd": whole(body, "spent_today_microusd") or 0,
    }


def looks_like_key(key: str) -> bool:
    """Whether a text has the shape and the checksum of an API key; tells typos without asking the API.

    `lqs_live_<key id>_<secret>` is followed by its CRC-32 as six digits of base 62 (0-9, A-Z, a-z).
    """
    match = _SHAPE.fullmatch(key)
    return match is not None and _checksum(match[1]) == match[2]


def _checksum(body: str) -> str:
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = _BASE62[digit] + digits
    return digits
