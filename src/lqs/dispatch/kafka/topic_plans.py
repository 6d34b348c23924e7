"""What the topics are called, and what they should be like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_DAY_MS = 86_400_000


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
    """What a topic should be like. Only `partitions` is a matter of size; growing it later is safe for all three."""

    name: TopicName
    partitions: int
    retention_ms: int


DEFAULTS: Mapping[TopicName, TopicPlan] = MappingProxyType(
    {
        TopicName.WORK: TopicPlan(TopicName.WORK, partitions=24, retention_ms=3 * _DAY_MS),
        TopicName.EVENTS: TopicPlan(TopicName.EVENTS, partitions=12, retention_ms=14 * _DAY_MS),
        TopicName.DEAD_LETTERS: TopicPlan(TopicName.DEAD_LETTERS, partitions=3, retention_ms=30 * _DAY_MS),
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
