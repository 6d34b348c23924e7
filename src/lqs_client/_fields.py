"""Reads members of a body without trusting it: a wrong type is as good as absence, an unknown member is no harm."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def text(body: Mapping[str, Any], name: str) -> str | None:
    """The member if it is a string."""
    value = body.get(name)
    return value if isinstance(value, str) else None


def whole(body: Mapping[str, Any], name: str) -> int | None:
    """The member if it is a whole number."""
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def decimal(body: Mapping[str, Any], name: str) -> float | None:
    """The member if it is a number."""
    value = body.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def boolean(body: Mapping[str, Any], name: str) -> bool | None:
    """The member if it is true or false."""
    value = body.get(name)
    return value if isinstance(value, bool) else None


def moment(body: Mapping[str, Any], name: str) -> datetime | None:
    """The member if it is an RFC 3339 time."""
    try:
        return datetime.fromisoformat(text(body, name) or "")
    except ValueError:
        return None


def object_at(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The member if it is an object, else an empty one."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def objects(body: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """The objects in the member, if it is an array."""
    value = body.get(name)
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The strings in the member, if it is an array."""
    value = body.get(name)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
