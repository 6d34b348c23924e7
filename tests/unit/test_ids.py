"""Ids: version 7, in the order of their creation to the millisecond."""

import time
from uuid import RFC_4122

from lqs.domain.ids import new_id


def test_an_id_has_the_version_and_variant_of_its_kind():
    for _ in range(1000):
        made = new_id()
        assert (made.version, made.variant) == (7, RFC_4122)


def test_an_id_begins_with_the_time_it_was_made():
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_ids_of_later_milliseconds_sort_later_in_every_form():
    made = []
    for _ in range(20):
        made.append(new_id())
        start = time.time_ns() // 1_000_000
        while time.time_ns() // 1_000_000 == start:
            pass
    assert made == sorted(made)
    assert [str(id_) for id_ in made] == sorted(str(id_) for id_ in made)
    assert [id_.bytes for id_ in made] == sorted(id_.bytes for id_ in made)


def test_ids_of_one_millisecond_differ():
    assert len({new_id() for _ in range(20_000)}) == 20_000


def test_every_bit_that_may_vary_does():
    ones = zeros = 0
    for _ in range(300):
        value = new_id().int
        ones |= value
        zeros |= ~value
    random_bits = ((1 << 76) - 1) & ~(0x3 << 62)
    assert ones & zeros & random_bits == random_bits
