"""What a reader has in hand: it leaves in the fair order, and nothing counts as read before it has left."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from lqs.dispatch.kafka.hand import Hand
from lqs.dispatch.kafka.messages import encode
from lqs.storage.announcements import Announcement

ID = UUID("01a2066b-8be9-7169-bff9-3937cb3a19ad")


@dataclass(frozen=True)
class Read:
    """What a consumer gives for one record of a topic."""

    at: tuple[int, int]
    said: bytes

    def partition(self) -> int:
        return self.at[0]

    def offset(self) -> int:
        return self.at[1]

    def value(self) -> bytes:
        return self.said


def read(partition, offset, turn):
    return Read((partition, offset), encode(Announcement(ID, offset, 0, 1, None, turn)))


@pytest.fixture
def hand():
    return Hand()


def leaves(hand):
    """Where what leaves first was read."""
    left = hand.first
    hand.remove_first()
    return left.partition, left.offset


def test_the_slot_whose_turn_is_first_leaves_first(hand):
    for partition, offset, turn in ((0, 0, 50), (1, 7, 60), (0, 1, 40), (1, 8, 50)):
        hand.put(read(partition, offset, turn))
    assert [leaves(hand) for _ in range(4)] == [(0, 1), (0, 0), (1, 8), (1, 7)]
    assert len(hand) == 0


def test_what_cannot_be_read_leaves_at_once(hand):
    hand.put(read(0, 0, 0))
    hand.put(Read((0, 1), b"rubbish"))
    assert hand.first.name is None
    assert hand.first.unreadable == "it is not JSON"
    assert leaves(hand) == (0, 1)


def test_nothing_counts_as_read_while_something_before_it_is_in_hand(hand):
    for offset, turn in enumerate((30, 10, 20)):
        hand.put(read(0, offset, turn))
    hand.put(read(1, 5, 5))
    told = []
    for _ in range(4):
        partition, _ = leaves(hand)
        told.append(hand.offsets([partition]))
    assert told == [{1: 6}, {0: 0}, {0: 0}, {0: 3}]


def test_what_somebody_else_reads_now_is_forgotten(hand):
    for partition, offset, turn in ((0, 3, 1), (1, 3, 2), (0, 4, 3)):
        hand.put(read(partition, offset, turn))
    hand.drop({0, 2})
    assert leaves(hand) == (1, 3)
    assert len(hand) == 0
    hand.put(read(0, 3, 1))
    hand.remove_first()
    assert hand.offsets([0]) == {0: 4}, "not what was read of it before"
    hand.put(read(0, 4, 1))
    hand.clear()
    assert len(hand) == 0
