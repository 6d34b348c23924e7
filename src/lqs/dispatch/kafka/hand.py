"""What a reader has taken from the topic and could not pass on yet."""

import heapq
from collections.abc import Collection
from dataclasses import dataclass, field

from confluent_kafka import Message

from lqs.dispatch.kafka.messages import Unreadable, decode
from lqs.storage.slots import SlotName

Offsets = dict[int, int]
"""The next offset to be read, by partition."""

_AT_ONCE = -1
"""The turn of what cannot be read: nothing is to be gained by keeping it."""


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """A message in hand, in the order in which they leave it. It names a slot, or `unreadable` says why it does not."""

    turn: int
    arrival: int
    partition: int = field(compare=False)
    offset: int = field(compare=False)
    message: Message = field(compare=False)
    name: SlotName | None = field(compare=False)
    unreadable: str = field(compare=False, default="")


class Hand:
    """The slot whose turn is first in the fair order leaves it first, whenever it came: nobody stands behind those who
    were announced before and wait for a place.
    """

    def __init__(self) -> None:
        self._held: list[Held] = []
        self._arrivals = 0
        self._waiting: dict[int, set[int]] = {}
        self._read_to: Offsets = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def first(self) -> Held:
        """Whose turn it is. Raises `IndexError` when nothing is in hand."""
        return self._held[0]

    def put(self, message: Message) -> None:
        """Take a message of which each partition brings its own in their order."""
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        self._arrivals += 1
        try:
            named = decode(message.value())
        except Unreadable as reason:
            held = Held(_AT_ONCE, self._arrivals, partition, offset, message, None, str(reason))
        else:
            held = Held(named.turn, self._arrivals, partition, offset, message, named.slot)
        heapq.heappush(self._held, held)
        self._waiting.setdefault(partition, set()).add(offset)
        self._read_to[partition] = offset + 1

    def remove_first(self) -> int:
        """Let go of it; returns its partition. Raises `IndexError` when nothing is in hand."""
        held = heapq.heappop(self._held)
        self._waiting[held.partition].discard(held.offset)
        return held.partition

    def offsets(self, partitions: Collection[int]) -> Offsets:
        """Where to read on if what has left is done with: of each of these, at the earliest that is still in hand."""
        return {
            partition: min(self._waiting[partition], default=self._read_to[partition]) for partition in set(partitions)
        }

    def drop(self, partitions: Collection[int]) -> None:
        """Forget what came from these: whoever reads them next gets it."""
        self._held = [held for held in self._held if held.partition not in partitions]
        heapq.heapify(self._held)
        for partition in partitions:
            self._waiting.pop(partition, None)
            self._read_to.pop(partition, None)

    def clear(self) -> None:
        """Forget everything."""
        self.drop(tuple(self._waiting))
