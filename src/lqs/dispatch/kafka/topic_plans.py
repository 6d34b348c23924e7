"""What the topics are called, and what they should be like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_DAY_MS = 86_400_000
DEAD_LETTER_BYTES = 10 * 1024 * 1024
"""The dead-letter topic takes more than brokers take by default: what came in, and why it was refused."""


class TopicName(StrEnum):
    """The part of a topic's name behind the prefix."""

    WORK = "work"
    EVENTS = "events"
    DEAD_LETTERS = "dlq"


def topic(prefix: str, name: TopicName) -> str:
    """The whole name."""
    return f"{prefix}.{name}"


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """What a topic should be like. Partitions can be added later; see how-to/run-on-kafka.md for what that does.

    `largest_bytes`: the largest message it takes; None for what brokers take by default.
    """

    name: TopicName
    partitions: int
    retention_ms: int
    largest_bytes: int | None = None


DEFAULTS: Mapping[TopicName, TopicPlan] = MappingProxyType(
    {
        TopicName.WORK: TopicPlan(TopicName.WORK, partitions=24, retention_ms=3 * _DAY_MS),
        TopicName.EVENTS: TopicPlan(TopicName.EVENTS, partitions=12, retention_ms=14 * _DAY_MS),
        TopicName.DEAD_LETTERS: TopicPlan(
            TopicName.DEAD_LETTERS, partitions=3, retention_ms=30 * _DAY_MS, largest_bytes=DEAD_LETTER_BYTES
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing about a topic that is not as planned."""

    property: str
    planned: str
    found: str


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is; `partitions` is None when it is missing. `done` tells what `ensure` did to it."""

    topic: str
    partitions: int | None
    replicas: int | None
    drift: Sequence[Drift] = ()
    done: Sequence[str] = ()
