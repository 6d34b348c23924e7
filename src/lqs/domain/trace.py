"""The caller's place in a distributed trace, as W3C Trace Context writes it: https://www.w3.org/TR/trace-context/."""

import re

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<parent_id>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_MOST_CHARACTERS = 200
_NOTHING = re.compile(r"0+")


def traceparent_from(values: list[str]) -> str | None:
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


def trace_id_of(traceparent: str) -> str:
    """The id of the trace: 32 hexadecimal digits."""
    return traceparent.split("-")[1]
