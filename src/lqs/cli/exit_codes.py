"""The exit codes: one table, used by every command, printed by `lqs help exit-codes`."""

from collections.abc import Iterable
from enum import IntEnum
from types import MappingProxyType


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    FAILED = 5
    PARTIAL = 6
    CANCELLED = 7
    STILL_RUNNING = 8
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141


MEANINGS = MappingProxyType(
    {
        ExitCode.DONE: "done; when waiting: every entity was generated",
        ExitCode.ERROR: "anything else: no connection, an error of the server, a fault in this program",
        ExitCode.USAGE: "the command, a value in it or a setting is wrong, here or in the API's eyes (400, 422); "
        "or this lqs and the database do not go together: another try cannot mend it",
        ExitCode.NOT_FOUND: "no such thing, or no longer, or it belongs to somebody else",
        ExitCode.NOT_ALLOWED: "not authenticated, or the key lacks a scope",
        ExitCode.FAILED: "waiting: the generation request failed",
        ExitCode.PARTIAL: "waiting: only some entities were generated (0 with --partial-ok)",
        ExitCode.CANCELLED: "waiting: the generation request was cancelled",
        ExitCode.STILL_RUNNING: "waiting: still running when --timeout ended; the work goes on",
        ExitCode.INTERRUPTED: "interrupted with Ctrl-C; what was submitted goes on",
        ExitCode.OUTPUT_CLOSED: "whoever read the output left before its end, such as head; nothing more was looked at",
    }
)

_GRAVEST_FIRST = (
    ExitCode.ERROR,
    ExitCode.USAGE,
    ExitCode.NOT_ALLOWED,
    ExitCode.NOT_FOUND,
    ExitCode.FAILED,
    ExitCode.CANCELLED,
    ExitCode.PARTIAL,
    ExitCode.STILL_RUNNING,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """The one code for several generation requests: errors before outcomes, bad outcomes before unknown ones."""
    met = frozenset(codes)
    return next((code for code in _GRAVEST_FIRST if code in met), ExitCode.DONE)


def table() -> str:
    """The table as text, one code a line."""
    return "\n".join(f"{code.value:>5}  {meaning}" for code, meaning in MEANINGS.items())
