"""A place in a distributed trace, as W3C Trace Context writes it: https://www.w3.org/TR/trace-context/."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<parent_id>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_MOST_CHARACTERS = 200
_NOTHING = re.compile(r"0+")
_SAMPLED = 1

_MEMBER = re.compile(
    r"(?P<key>[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_MOST_MEMBERS = 32
_MOST_STATE_CHARACTERS = 512
_LONG_MEMBER = 128
_MOST_READ = 8192


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Where in a trace something was asked for: `traceparent`, and what tracing systems keep beside it."""

    traceparent: str
    tracestate: str | None = None

    @property
    def trace_id(self) -> str:
        """The id of the trace: 32 hexadecimal digits."""
        return self.traceparent.split("-")[1]

    @property
    def sampled(self) -> bool:
        """Whether the caller records its trace."""
        return bool(int(self.traceparent.split("-")[3], 16) & _SAMPLED)


def trace_context_from(traceparents: Sequence[str], tracestates: Sequence[str] = ()) -> TraceContext | None:
    """The place that these headers name; None without a good `traceparent`, which alone makes a `tracestate` count."""
    traceparent = traceparent_from(traceparents)
    return TraceContext(traceparent, tracestate_from(tracestates)) if traceparent else None


def stored_trace_context(traceparent: str | None, tracestate: str | None) -> TraceContext | None:
    """The place that was kept in these columns."""
    return TraceContext(traceparent, tracestate) if traceparent else None


def traceparent_from(values: Sequence[str]) -> str | None:
    """The header as it is passed on; None if it is absent, given twice, or malformed, which is as good as absent.

    A later version may have more behind what is known; it is passed on as far as it is known, as version 00.
    """
    if len(values) != 1 or len(values[0]) > _MOST_CHARACTERS:
        return None
    found = _TRACEPARENT.fullmatch(values[0].strip())
    if found is None or found["version"] == "ff" or (found["version"] == "00" and found["more"]):
        return None
    if _NOTHING.fullmatch(found["trace_id"]) or _NOTHING.fullmatch(found["parent_id"]):
        return None
    return f"00-{found['trace_id']}-{found['parent_id']}-{found['flags']}"


def tracestate_from(values: Sequence[str]) -> str | None:
    """The header, which may come in several pieces, as it is passed on; None if it is absent or malformed.

    At most 512 characters are: of a longer one, members of more than 128 characters go first, then the last ones.
    """
    whole = ",".join(values)
    if len(whole) > _MOST_READ:
        return None
    members = [member for piece in whole.split(",") if (member := piece.strip(" \t"))]
    keys = {found["key"] for member in members if (found := _MEMBER.fullmatch(member))}
    if not members or len(keys) != len(members) or len(members) > _MOST_MEMBERS:
        return None
    if _length(members) > _MOST_STATE_CHARACTERS:
        members = [member for member in members if len(member) <= _LONG_MEMBER]
    while _length(members) > _MOST_STATE_CHARACTERS:
        members.pop()
    return ",".join(members) or None


def _length(members: Sequence[str]) -> int:
    return sum(map(len, members)) + max(0, len(members) - 1)
