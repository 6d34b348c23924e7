"""What an announcement is on the wire: the name of one slot, and the caller's place in a distributed trace."""

import json
from collections.abc import Mapping
from uuid import UUID

from lqs.storage.announcements import Announcement
from lqs.storage.slots import SlotName

FORMAT = 1
"""Raised when an older reader would misunderstand a message; what is merely added needs no new number."""
MOST_BYTES = 16 * 1024
"""A message of ours has less than a hundredth of this."""
_MOST_INDEX = 32_767


class Unreadable(Exception):
    """A message that is no announcement of ours; the words say why."""


def key(announcement: Announcement) -> bytes:
    """The generation request: its slots go to one worker, which then takes its lock once and not ten times."""
    return announcement.request_id.bytes


def encode(announcement: Announcement) -> bytes:
    """The value of a message."""
    named = {"v": FORMAT, "generation_request_id": str(announcement.request_id), "slot_index": announcement.index}
    return json.dumps(named, separators=(",", ":")).encode()


def headers(announcement: Announcement) -> list[tuple[str, bytes | None]]:
    """What travels beside the value."""
    told: list[tuple[str, bytes | None]] = [("content-type", b"application/json")]
    if announcement.traceparent:
        told.append(("traceparent", announcement.traceparent.encode()))
    return told


def decode(value: bytes | None) -> SlotName:
    """The slot that a message names. Raises `Unreadable`."""
    if value is None:
        raise Unreadable("it is empty")
    if len(value) > MOST_BYTES:
        raise Unreadable(f"it has {len(value)} bytes, and no announcement has more than {MOST_BYTES}")
    try:
        named = json.loads(value)
    except ValueError:  # bytes that are no text raise one of these, too
        raise Unreadable("it is not JSON") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    if not isinstance(named, Mapping) or not isinstance(named.get("v"), int):
        raise Unreadable("it does not say which format it has")
    if named["v"] != FORMAT:
        raise Unreadable(f"it has format {named['v']}, and this version of lqs knows format {FORMAT}")
    try:
        request_id, index = UUID(named["generation_request_id"]), named["slot_index"]
    except (KeyError, ValueError, AttributeError, TypeError):
        raise Unreadable("it names no generation request") from None
    if type(index) is not int or not 0 <= index <= _MOST_INDEX:
        raise Unreadable("it names no slot")
    return request_id, index
