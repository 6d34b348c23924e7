"""What an announcement is on the wire: one slot by its name, and its turn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lqs.observability.trace_context import TraceContext, trace_context_from
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
    named = {
        "v": FORMAT,
        "generation_request_id": str(announcement.request_id),
        "slot_index": announcement.index,
        "turn": announcement.turn,
    }
    return json.dumps(named, separators=(",", ":")).encode()


HEADERS: Sequence[tuple[str, bytes | None]] = (("content-type", b"application/json"),)
"""What travels beside the value, but for its place in a trace."""


@dataclass(frozen=True, slots=True)
class Named:
    """The slot that a message names, and its turn in the fair order."""

    slot: SlotName
    turn: int


def decode(value: bytes | None) -> Named:
    """What a message says; one of an older version has the first turn of all. Raises `Unreadable`."""
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
    turn = named.get("turn", 0)
    if type(turn) is not int:
        raise Unreadable("its turn is no whole number")
    return Named((request_id, index), turn)


def trace_in(headers: Sequence[tuple[str, str | bytes | None]]) -> TraceContext | None:
    """The place in a trace that the headers of a message name, if they do."""

    def named(wanted: str) -> list[str]:
        return [value.decode("latin-1") for name, value in headers if name == wanted and isinstance(value, bytes)]

    return trace_context_from(named("traceparent"), named("tracestate"))
