"""Rates: buckets that fill up evenly, one for each owner and kind of call."""

import pytest

from lqs.domain.rates import Allowance, Rate, Rates


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(limited: Rates, owner: object, rate: Rate, calls: int = 1) -> Allowance:
    allowance = limited.take(owner, rate, calls)
    assert allowance is not None
    return allowance


@pytest.fixture
def clock() -> Clock:
    return Clock()


def rates(clock: Clock, **quotas: int) -> Rates:
    return Rates({Rate(name): quota for name, quota in quotas.items()}, clock)


def test_a_minutes_calls_may_come_at_once_and_then_one_by_one(clock: Clock) -> None:
    limited = rates(clock, create=6)
    seven = [taken(limited, "a", Rate.CREATE) for _ in range(7)]
    assert [one.granted for one in seven] == [True] * 6 + [False]
    assert [one.remaining for one in seven] == [5, 4, 3, 2, 1, 0, 0]
    assert limited.next_in_seconds("a", Rate.CREATE) == 10
    clock.now += 9.9
    assert not taken(limited, "a", Rate.CREATE).granted
    assert limited.next_in_seconds("a", Rate.CREATE) == 1
    clock.now += 0.2
    assert taken(limited, "a", Rate.CREATE).granted


def test_what_was_refused_costs_nothing(clock: Clock) -> None:
    limited = rates(clock, create=1)
    limited.take("a", Rate.CREATE)
    for _ in range(100):
        limited.take("a", Rate.CREATE)
    clock.now += 60
    assert taken(limited, "a", Rate.CREATE).granted


def test_each_owner_and_each_kind_of_call_has_its_own(clock: Clock) -> None:
    limited = rates(clock, create=1, read=2)
    limited.take("a", Rate.CREATE)
    others = [limited.take("b", Rate.CREATE), limited.take("a", Rate.READ), limited.take("a", Rate.READ)]
    assert all(one and one.granted for one in others)
    assert not taken(limited, "a", Rate.READ).granted


def test_no_quota_is_no_limit(clock: Clock) -> None:
    limited = rates(clock, read=1)
    assert [limited.take("a", Rate.CREATE) for _ in range(100)] == [None] * 100
    assert limited.next_in_seconds("a", Rate.CREATE) == 0


def test_a_look_counts_for_nothing_and_a_call_can_be_given_back(clock: Clock) -> None:
    limited = rates(clock, read=2)
    look = taken(limited, "a", Rate.READ, calls=0)
    assert (look.remaining, look.reset_seconds) == (2, 0)
    limited.take("a", Rate.READ)
    limited.give_back("a", Rate.READ)
    limited.give_back("a", Rate.READ)
    assert taken(limited, "a", Rate.READ, calls=0).remaining == 2


def test_many_owners_take_bounded_memory_and_free_nobody_who_called_lately(clock: Clock) -> None:
    limited = rates(clock, read=1)
    for n in range(20_000):
        limited.take(n, Rate.READ)
    assert not taken(limited, 19_999, Rate.READ).granted
    assert limited.held == 10_000
