"""What is sent, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of records that were sent together.

    `unsent` has the places, among them, of those that may not have arrived; `reason` tells of one of them. Of records
    with one key, those that arrived come before those that did not.
    """

    unsent: frozenset[int] = frozenset()
    reason: str | None = None
