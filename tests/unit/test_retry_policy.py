"""The retry policy's bounds, for every code, attempt and seed."""

import random

from hypothesis import given
from hypothesis import strategies as st

from lqs.domain.retry_policy import RetryPolicy
from lqs.domain.slot_errors import KINDS, SlotErrorCode

seconds = st.floats(min_value=0.001, max_value=3600, allow_nan=False)
policies = st.builds(RetryPolicy, base_seconds=seconds, cap_seconds=seconds)
most = st.integers(1, 20)
codes = st.sampled_from(SlotErrorCode)
retryable = st.sampled_from([code for code, kind in KINDS.items() if kind.retryable])


@given(policies, codes, st.integers(1, 25), most, st.none() | seconds, st.integers())
def test_a_delay_lies_within_its_bounds(policy, code, attempt, max_attempts, retry_after, seed):
    delay = policy.delay_seconds(
        code, attempt, max_attempts=max_attempts, retry_after_seconds=retry_after, rng=random.Random(seed)
    )
    if attempt >= max_attempts or not KINDS[code].retryable:
        assert delay is None
    else:
        floor = retry_after or 0
        ceiling = min(policy.cap_seconds, policy.base_seconds * 2 ** (attempt - 1))
        assert floor <= delay <= max(floor, ceiling)


@given(policies, retryable, most, st.integers(0, 2**32))
def test_every_attempt_but_the_last_is_followed_by_another(policy, code, max_attempts, seed):
    rng = random.Random(seed)
    delays = [
        policy.delay_seconds(code, attempt, max_attempts=max_attempts, rng=rng)
        for attempt in range(1, max_attempts + 1)
    ]
    assert None not in delays[:-1]
    assert delays[-1] is None


@given(st.integers(1, 10), seconds)
def test_the_ceiling_doubles_until_the_cap(attempt, base):
    class Highest(random.Random):
        def uniform(self, _low: float, high: float) -> float:
            return high

    policy = RetryPolicy(base_seconds=base, cap_seconds=60)
    delay = policy.delay_seconds(SlotErrorCode.PROVIDER_TIMEOUT, attempt, max_attempts=20, rng=Highest())
    assert delay == min(60, base * 2 ** (attempt - 1))


def test_the_jitter_is_full():
    """Delays fill the whole range from nothing to the ceiling, so that callers do not come back together."""
    rng = random.Random(1)
    delays = [RetryPolicy().delay_seconds(SlotErrorCode.INTERNAL, 2, max_attempts=3, rng=rng) for _ in range(2000)]
    tenths = {int(delay / 0.2) for delay in delays}
    assert tenths == set(range(10))


def test_a_provider_that_asks_for_ages_is_heard_for_an_hour():
    delay = RetryPolicy().delay_seconds(
        SlotErrorCode.PROVIDER_RATE_LIMITED, 1, max_attempts=3, retry_after_seconds=1e13, rng=random.Random(1)
    )
    assert delay == 3600
